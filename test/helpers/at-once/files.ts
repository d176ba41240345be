import { createHash, randomBytes } from 'node:crypto';
import { makeMedia, VP8 } from '../media.ts';
import { CHUNK, SNAPSHOT, SUBMIT, UPLOAD } from './documents.ts';
import { bearersOf, isStaff, type School, type SchoolExam, type Seat, seesExam, type Viewer } from './school.ts';
import type { Ask } from './storm.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const sha256 = (bytes: Bytes) => createHash('sha256').update(bytes).digest('hex');
const video = Uint8Array.from(await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=5:duration=1', ...VP8, '-f', 'webm', 'pipe:1'));
const VOID = [0xec, 0x88];

/** A video with unique last bytes, which players skip. */
const ownVideo = (): Bytes => Uint8Array.from([...video, ...VOID, ...randomBytes(8)]);
/** Nobody decodes it, because the exams have no analysis. */
const ownPicture = (): Bytes => Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, ...randomBytes(60)]);
/** The first chunk of a recording is refused if it does not begin as a video. */
const ownChunk = ownVideo;

interface Sent {
  name: string;
  query: string;
  variables: Record<string, unknown>;
  path: string;
  bytes: Bytes;
}

const snapshot = (examId: string, userId: string | null): Sent => ({
  name: 'snapshot',
  query: SNAPSHOT,
  variables: { examId, userId, image: null },
  path: 'image',
  bytes: ownPicture(),
});
const chunk = (recordingId: string): Sent => ({
  name: 'chunk',
  query: CHUNK,
  variables: { recordingId, chunk: null },
  path: 'chunk',
  bytes: ownChunk(),
});
const recording = (examId: string, userId: string): Sent => ({
  name: 'recording',
  query: UPLOAD,
  variables: { examId, userId, file: null },
  path: 'file',
  bytes: ownVideo(),
});

const ask = (viewer: Viewer, { name, query, variables, path, bytes }: Sent, kind: Ask['kind'], expected: Ask['expected']): Ask => ({
  kind,
  name,
  viewer,
  query,
  variables,
  files: { [path]: bytes },
  expected,
});

/** Each answer contains the hash of what arrived: it must be the sender's own file, for the sender's own exam and user. */
function sentBy(viewer: Viewer, { id: examId }: SchoolExam, { userId, recordingId }: Seat): Ask[] {
  const [chunkSent, file] = [chunk(recordingId), recording(examId, userId)];
  const { length: size } = chunkSent.bytes;
  return [
    ask(viewer, snapshot(examId, null), 'write', { data: { submitSnapshot: { examId, userId } } }),
    ask(viewer, chunkSent, 'write', { data: { appendRecordingChunk: { recordingId, size, sha256: sha256(chunkSent.bytes) } } }),
    ask(viewer, file, 'write', { data: { uploadRecording: { examId, userId, sha256: sha256(file.bytes) } } }),
  ];
}

/** Requests of viewers without the right: other candidates, proctors, other exams, other tenants, and anonymous ones. */
function refusedOf(viewer: Viewer, exam: SchoolExam, { userId, recordingId }: Seat): Ask[] {
  const { role } = viewer;
  const refuse = (codes: { snapshot: string; chunk: string; recording?: string }) => [
    ask(viewer, snapshot(exam.id, userId), 'refusal', { code: codes.snapshot }),
    ask(viewer, chunk(recordingId), 'refusal', { code: codes.chunk }),
    ...(codes.recording ? [ask(viewer, recording(exam.id, userId), 'refusal', { code: codes.recording })] : []),
  ];
  if (role === 'nobody') return refuse({ snapshot: 'UNAUTHORIZED', chunk: 'UNAUTHORIZED', recording: 'UNAUTHORIZED' });
  if (role === 'proctor') return refuse({ snapshot: 'FORBIDDEN', chunk: 'FORBIDDEN', recording: 'FORBIDDEN' });
  if (isStaff(viewer) && seesExam(viewer, exam)) return [];
  const other = seesExam(viewer, exam) ? 'FORBIDDEN' : 'NOT_FOUND';
  const isLink = role === 'participant' && viewer.userId === null;
  return refuse({ snapshot: other, chunk: isLink ? 'FORBIDDEN' : 'NOT_FOUND', recording: other });
}

/** Files that candidates of these exams send at the same time, and those that others try to send for them. */
export function uploadsTo(exams: readonly SchoolExam[], { viewers }: School): Ask[] {
  return exams.flatMap((exam) => {
    const bearers = bearersOf(exam);
    return exam.seats.flatMap((seat, at) => {
      const own = bearers.filter(({ userId }) => userId === seat.userId);
      const others = [...bearers, ...viewers].filter((viewer, n) => !own.includes(viewer) && n % exam.seats.length === at);
      return [...own.flatMap((viewer) => sentBy(viewer, exam, seat)), ...others.flatMap((viewer) => refusedOf(viewer, exam, seat))];
    });
  });
}

/** A candidate's submission, with their own video if the door accepts files. */
export function submissionOf(viewer: Viewer, examId: string, { withFile }: { withFile: boolean }): Ask {
  const { userId } = viewer;
  const stats = { of: userId, answers: randomBytes(4).toString('hex') };
  const bytes = withFile ? ownVideo() : null;
  const submitExam = { examId, userId, stats, recordings: bytes ? [{ sha256: sha256(bytes) }] : [] };
  return {
    kind: 'write',
    name: 'submission',
    viewer,
    query: SUBMIT,
    variables: { examId, userId: null, stats, webcam: null },
    ...(bytes && { files: { webcam: bytes } }),
    expected: { data: { submitExam } },
  };
}
