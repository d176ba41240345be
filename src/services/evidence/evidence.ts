import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import type { Exam, Participant, Recording, RecordingType } from '../../generated/prisma/client.ts';
import { groupBy } from '../../group-by.ts';
import { settingsOf } from '../exam-settings.ts';
import { type EvidenceTrack, type LedgerRecording, type Stopped, trackOf } from './ledger.ts';
import { type ChunkRun, openSpans, RUNS } from './open-spans.ts';
import { type PresenceEvent, type Sitting, sittingOf } from './sitting.ts';
import { allSpans, type Span } from './spans.ts';
import type { Stretch } from './stretches.ts';

type Asked = Pick<Participant, 'id' | 'examId' | 'status' | 'startedAt' | 'joinedAt'>;

/** Participants whose ledgers share the statements. */
const MOST_AT_ONCE = 200;
/** Per participant, for a hostile one. */
const MOST_STOPS = 200;

const EXAMS = `SELECT id, settings, "endedAt", clock_timestamp() AS now FROM "Exam" WHERE id = ANY($1)`;
const RECORDINGS = `SELECT "participantId", type, status, "createdAt", "startedAt", spans, duration, closed, "expectedChunks", "lastChunkAt",
    CASE WHEN live OR "lateBytes" > 0 THEN coalesce(${RUNS}, '[]') END AS runs
  FROM "Recording" WHERE "participantId" = ANY($1)`;
const EVENTS = `SELECT "subjectId" AS "participantId", at, data->>'what' AS what, data->>'from' AS "from", data->>'to' AS "to",
    (data->>'since')::timestamptz AS since FROM "Event"
  WHERE kind = 'PARTICIPANT_CHANGED' AND "subjectId" = ANY($1) AND data ? 'to' ORDER BY "subjectId", seq`;
const STOPS = `SELECT p.id AS "participantId", w.type, w.timestamp AS at FROM unnest($1::text[]) AS p(id),
  LATERAL (SELECT type, timestamp FROM "Warning" WHERE "participantId" = p.id AND source = 'CLIENT'
    AND type IN ('camera_stopped', 'screen_share_stopped') LIMIT ${MOST_STOPS}) w`;

type RecordingRow = { participantId: string } & Pick<
  Recording,
  'type' | 'status' | 'createdAt' | 'startedAt' | 'spans' | 'duration' | 'closed' | 'expectedChunks' | 'lastChunkAt'
> & {
    /** Of what is not in its file yet; null if all of it is. */
    runs: ChunkRun[] | null;
  };
type ExamRow = Pick<Exam, 'id' | 'settings' | 'endedAt'> & { now: Date };
type Of<T> = T & { participantId: string };

const stretchOf = ({ at, seconds }: Span): Stretch => ({ from: at, to: at + seconds * 1_000 });

const byParticipant = <T extends { participantId: string }>(rows: readonly T[]): Map<string, T[]> =>
  groupBy(rows, ({ participantId }) => participantId);

/** The ledger of evidence: what was recorded of each participant, what is missing, and why. A page of participants takes four statements. */
export function createEvidence({ pool }: { pool: Pool }) {
  async function read(asked: readonly Asked[]): Promise<EvidenceTrack[][]> {
    const ids = [...new Set(asked.map(({ id }) => id))];
    const query = async <Row extends object>(name: string, text: string, values: readonly string[]): Promise<Row[]> =>
      (await pool.query<Row>({ name: `evidence-${name}`, text, values: [values] })).rows;
    const [exams, recordings, events, stops] = await Promise.all([
      query<ExamRow>('exams', EXAMS, [...new Set(asked.map(({ examId }) => examId))]),
      query<RecordingRow>('recordings', RECORDINGS, ids),
      query<Of<PresenceEvent>>('events', EVENTS, ids),
      query<Of<{ type: string; at: Date }>>('stops', STOPS, ids),
    ]);
    const exam = new Map(exams.map((one) => [one.id, one]));
    const [recordingsOf, eventsOf, stopsOf] = [byParticipant(recordings), byParticipant(events), byParticipant(stops)];
    return asked.map((participant) => {
      const known = exam.get(participant.examId);
      if (!known) return [];
      const { id } = participant;
      const sitting = sittingOf(participant, known.endedAt, eventsOf.get(id) ?? [], known.now);
      const own = (recordingsOf.get(id) ?? []).map((row) => inLedger(row, sitting));
      const stopped = (stopsOf.get(id) ?? []).map(({ type, at }): Stopped => ({
        type: type === 'camera_stopped' ? 'WEBCAM' : 'SCREEN',
        at,
      }));
      return typesOf(known, own).map((type) => trackOf(type, sitting, { recordings: own, stops: stopped }));
    });
  }

  return { of: batched<Asked, EvidenceTrack[]>(read, MOST_AT_ONCE) };
}

export type Evidence = ReturnType<typeof createEvidence>;

/** Those that the exam asks for, and any that exist. */
function typesOf(exam: Pick<Exam, 'settings'>, recordings: readonly LedgerRecording[]): RecordingType[] {
  const { webcam, screenRecording } = settingsOf(exam);
  const isAsked = { WEBCAM: webcam, SCREEN: screenRecording };
  return (['WEBCAM', 'SCREEN'] as const).filter((type) => isAsked[type] || recordings.some((one) => one.type === type));
}

function inLedger(row: RecordingRow, sitting: Sitting): LedgerRecording {
  const { type, status, createdAt, lastChunkAt, closed, expectedChunks, duration, runs } = row;
  const spans = allSpans(row);
  // A file that was sent as a whole, and not looked at yet: as if it ended when it was sent, or with the sitting.
  const isWhole = lastChunkAt === null && duration !== null;
  const whole: Span[] = isWhole
    ? [{ at: Math.min(createdAt.getTime(), sitting.whole?.to ?? Infinity) - duration * 1_000, offset: 0, seconds: duration }]
    : [];
  const known = spans ?? whole;
  const first = known[0];
  return {
    type,
    status,
    begunAt: new Date(Math.min(createdAt.getTime(), first?.at ?? Infinity)),
    lastChunkAt,
    closed,
    isAnnounced: expectedChunks !== null,
    received: runs ? openSpans(runs, createdAt) : known.filter(({ offset }) => offset !== null).map(stretchOf),
    unreadable: known.filter(({ offset }) => offset === null).map(stretchOf),
  };
}
