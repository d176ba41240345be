import type { Pool } from '../../adapters/database/database-transaction.ts';

export interface ParticipantPulse {
  userId: string;
  lastSeenAt: Date | null;
  snapshotAt: Date | null;
  webcamChunkAt: Date | null;
  screenChunkAt: Date | null;
  /** Seconds of outages that nobody has credited, the present one with them. */
  outageSeconds: number;
  /** Where it is at check-in; null elsewhere, or if its page does not say. */
  step: string | null;
}

/** What is true of an exam now. */
export interface PulseRead {
  at: Date;
  lastSeq: number;
  /** Participants in the exam who are heard, and who are not. */
  online: number;
  missing: number;
  /** Those who are in the exam, by `userId`. */
  participants: ParticipantPulse[];
}

interface Row extends Omit<ParticipantPulse, 'userId'> {
  at: Date;
  lastSeq: string;
  /** Null if nobody is in the exam. */
  userId: string | null;
  isMissing: boolean;
}

const READ = `
SELECT clock_timestamp() AS at, e."lastSeq", p."userId", p."lastSeenAt", s."takenAt" AS "snapshotAt",
       r.webcam AS "webcamChunkAt", r.screen AS "screenChunkAt",
       (p.status = 'DISCONNECTED' OR p."offlineSince" IS NOT NULL) AS "isMissing",
       greatest(0, p."outageMs" - p."outageCreditMs" + coalesce(extract(epoch FROM now() - p."offlineSince") * 1000, 0))::float8 / 1000 AS "outageSeconds",
       CASE WHEN p.status = 'CHECKING_IN' THEN p."checkInStep" END AS step
  FROM "Exam" e
  LEFT JOIN "Participant" p ON p."examId" = e.id AND p.status IN ('CHECKING_IN', 'WAITING', 'ACTIVE', 'PAUSED', 'DISCONNECTED')
  LEFT JOIN "LatestSnapshot" s ON s."participantId" = p.id AND s."storedAt" > now() - interval '1 hour'
  LEFT JOIN (
    SELECT "participantId", max("lastChunkAt") FILTER (WHERE type = 'WEBCAM') AS webcam, max("lastChunkAt") FILTER (WHERE type = 'SCREEN') AS screen
      FROM "Recording" WHERE "examId" = $1 AND "lastChunkAt" IS NOT NULL GROUP BY 1
  ) r ON r."participantId" = p.id
 WHERE e.id = $1
 ORDER BY p."userId"`;

/** One statement. Null if the exam is gone. */
export async function readPulse(pool: Pool, examId: string): Promise<PulseRead | null> {
  const { rows } = await pool.query<Row>({ name: 'exam-pulse', text: READ, values: [examId] });
  const [first] = rows;
  if (!first) return null;
  const present = rows.flatMap(({ userId, ...row }) => (userId === null ? [] : [{ ...row, userId }]));
  const missing = present.filter(({ isMissing }) => isMissing).length;
  return {
    at: first.at,
    lastSeq: Number(first.lastSeq),
    online: present.length - missing,
    missing,
    participants: present.map(({ userId, lastSeenAt, snapshotAt, webcamChunkAt, screenChunkAt, outageSeconds, step }) => ({
      userId,
      lastSeenAt,
      snapshotAt,
      webcamChunkAt,
      screenChunkAt,
      outageSeconds: Math.round(outageSeconds),
      step,
    })),
  };
}
