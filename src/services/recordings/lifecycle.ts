import type { Exam, Participant, Prisma, Recording, RecordingStage, RecordingStatus } from '../../generated/prisma/client.ts';
import type { Draft, DraftTransaction } from '../event-log/event-log.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { removeLater } from '../obsolete-files.ts';

/**
 * The states of a recording: what they may become, and the only functions that change them, each with its event.
 * docs/architecture.md draws the same moves; a test compares the two.
 *
 * `status` is part of the documented API, `stage` says how far a recording is within it, and `playback` whether the files for
 * a browser have been made. A live recording is UPLOADED, its stage `receiving` and then `joining`.
 */

/** The possible next statuses of each status. `null` stands for a recording that does not exist yet. */
export const RECORDING_MOVES = {
  null: ['UPLOADED'],
  UPLOADED: ['PROCESSING', 'FAILED'],
  // Back to UPLOADED if chunks of a live recording came late.
  PROCESSING: ['PROCESSED', 'FAILED', 'UPLOADED'],
  PROCESSED: ['UPLOADED'],
  FAILED: ['UPLOADED'],
} as const satisfies Record<RecordingStatus | 'null', readonly RecordingStatus[]>;

/** The stages in which a recording of each status may be. */
export const STAGES = {
  UPLOADED: ['receiving', 'joining', 'queued', 'off'],
  PROCESSING: ['reading', 'watching', 'listening'],
  PROCESSED: ['done'],
  FAILED: ['failed'],
} as const satisfies Record<RecordingStatus, readonly RecordingStage[]>;

/** Whether its analysis has ended, well or not. */
export const isFinished = ({ status }: Pick<Recording, 'status'>) => status === 'PROCESSED' || status === 'FAILED';

const mayBecome = (from: RecordingStatus, to: RecordingStatus) => (RECORDING_MOVES[from] as readonly RecordingStatus[]).includes(to);

/** The stage of a file that is whole and has not been analysed. */
export const waitingStage = (exam: Pick<Exam, 'settings'>): RecordingStage => (settingsOf(exam).aiDetection.enabled ? 'queued' : 'off');

type NewRecording = Pick<Recording, 'id' | 'type' | 'stage' | 'size' | 'format' | 'sha256' | 'storageKey' | 'createdAt'> &
  Partial<Recording>;

/** Adds a recording of that participant. */
export function addRecording(state: ExamState, { id: participantId, userId }: Participant, data: NewRecording): Recording {
  const recording = state.handedIn.addRecording({
    submissionId: null,
    status: 'UPLOADED',
    duration: null,
    uploadId: null,
    error: null,
    note: null,
    progress: 0,
    playback: 'waiting',
    attempts: 0,
    playbackTries: 0,
    playbackDueAt: null,
    startedAt: null,
    spans: null,
    clockSkewMs: 0,
    live: false,
    closed: true,
    nextChunk: 0,
    chunkCount: 0,
    expectedChunks: null,
    lateBytes: 0,
    joins: 0,
    sittingEndedAt: null,
    lastChunkAt: null,
    finishDueAt: null,
    finishClaimedUntil: null,
    ...data,
    examId: state.exam.id,
    participantId,
    userId,
  });
  state.emit('RECORDING_CHANGED', recording.id, { userId, data: { to: 'UPLOADED', ...(data.live && { live: true }) } });
  return recording;
}

export type Move = Prisma.RecordingUpdateInput & { status: RecordingStatus; stage: RecordingStage };

/**
 * Moves a recording.
 * @param storageKey its file as the caller knows it: a result about a file that was replaced meanwhile counts for nothing
 * @param also written in the same transaction, its events first: a client that sees PROCESSED has seen the warnings
 * @returns the row; null if it is gone or its present status does not allow the move
 */
export async function moveRecording(
  { tx, emit }: Draft,
  { id, storageKey }: Pick<Recording, 'id' | 'storageKey'>,
  data: Move,
  also: () => Promise<void> = async () => {},
): Promise<Recording | null> {
  const current = await tx.recording.findUnique({ where: { id }, select: { status: true, storageKey: true } });
  if (!current || current.storageKey !== storageKey || !mayBecome(current.status, data.status)) return null;
  const recording = await tx.recording.update({ where: { id }, data });
  await also();
  emit('RECORDING_CHANGED', id, { userId: recording.userId, data: { from: current.status, to: data.status } });
  return recording;
}

/** What replaces what was known of a file, whose analysis and files for viewing begin again. */
const ANEW = { progress: 0, attempts: 0, error: null, playback: 'waiting', playbackTries: 0, playbackDueAt: null } as const;

/** How long a file that was replaced can still be read by those who read it. */
const REPLACED_MS = 600_000;

/** Reads a recording and locks its row, so that no chunk is stored until the transaction ends. Null if it is gone. */
export async function lockRecording(tx: DraftTransaction, id: string): Promise<Recording | null> {
  await tx.$queryRaw`SELECT id FROM "Recording" WHERE id = ${id} FOR UPDATE`;
  return tx.recording.findUnique({ where: { id } });
}

/**
 * Notes that the chunks of a live recording were joined: for the first time, or again because some of them came late.
 * @param current locked
 * @param data of its new file; or with the status FAILED, if nothing could be made of the chunks
 */
export async function noteJoined(
  { tx, exam, now, emit }: Draft,
  current: Recording,
  data: Prisma.RecordingUpdateInput & { status?: 'FAILED' },
): Promise<Recording> {
  const { id, live, status: from, userId, storageKey } = current;
  const stage = data.status === 'FAILED' ? 'failed' : waitingStage(exam);
  if (!live) {
    await tx.analysis.deleteMany({ where: { recordingId: id } });
    await tx.recordingFile.deleteMany({ where: { recordingId: id } });
    const since = new Date(now.getTime() + REPLACED_MS);
    if (current.sha256 !== '' && data.storageKey !== storageKey) await removeLater(tx, storageKey, since);
  }
  const recording = await tx.recording.update({
    where: { id },
    data: { status: 'UPLOADED', stage, ...ANEW, ...data, live: false, joins: { increment: 1 } },
  });
  const about = live ? { live: false } : { late: true };
  emit('RECORDING_CHANGED', id, { userId, data: { from, to: recording.status, ...about } });
  return recording;
}

/** Whether it accepts chunks, as far as its row tells: to answer before one is read. */
export const isReceiving = ({ closed }: Pick<Recording, 'closed'>) => !closed;

/** SQL assignments after which no chunk is accepted, and any worker may join those that came. */
export const SHUT = `closed = true, stage = CASE WHEN live THEN 'joining' ELSE stage END, "finishDueAt" = now()`;

/** Whether all chunks came that there are: true for a recording that was uploaded as one file. */
export const isComplete = ({
  closed,
  chunkCount,
  expectedChunks,
  nextChunk,
}: Pick<Recording, 'closed' | 'chunkCount' | 'expectedChunks' | 'nextChunk'>): boolean =>
  chunkCount === (expectedChunks ?? nextChunk) && (closed || expectedChunks !== null);

/** Notes the progress of the analysis. Not an event: `recordingProgress` reads the row. */
export const noteProgress = (
  tx: Pick<DraftTransaction, 'recording'>,
  id: string,
  stage: (typeof STAGES)['PROCESSING'][number],
  progress: number,
) => tx.recording.updateMany({ where: { id, status: 'PROCESSING' }, data: { stage, progress } });

/** Notes whether all files for playback are there; `failed` if one of them cannot be made. */
export const notePlayback = (
  tx: Pick<DraftTransaction, 'recording'>,
  { id, storageKey }: Pick<Recording, 'id' | 'storageKey'>,
  playback: 'ready' | 'failed',
) => tx.recording.updateMany({ where: { id, storageKey }, data: { playback, playbackDueAt: null } });

/** Whether its files for playback are to be made now. */
export const isToBeShown = ({ playback, playbackDueAt, sha256 }: Pick<Recording, 'playback' | 'playbackDueAt' | 'sha256'>) =>
  playback === 'waiting' && sha256 !== '' && (playbackDueAt === null || playbackDueAt <= new Date());

/** The same as a condition on rows. */
export const toBeShown = (): Prisma.RecordingWhereInput => ({
  playback: 'waiting',
  OR: [{ playbackDueAt: null }, { playbackDueAt: { lte: new Date() } }],
});

/** Adds sentences to what proctors should know of a recording; those that are there already are not repeated. */
export async function addNotes(tx: Pick<DraftTransaction, '$executeRaw'>, id: string, notes: readonly string[]): Promise<void> {
  for (const text of notes) {
    await tx.$executeRaw`UPDATE "Recording" SET note = concat_ws(' ', note, ${text}::text)
      WHERE id = ${id} AND position(${text}::text IN coalesce(note, '')) = 0`;
  }
}
