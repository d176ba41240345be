import type { Pool } from '../../../adapters/database/database-transaction.ts';
import { MAX_DURATION } from '../../../adapters/media/ffmpeg.ts';
import { FINAL_STATUSES } from '../../participants/moves.ts';
import { SHUT } from '../lifecycle.ts';

/** A worker counts as dead after this time; a living one renews its claim well before. */
const CLAIM_MS = 10_000;
export const RENEW_MS = 3_000;
const LEAST_RETRY_SECONDS = 5;
const MOST_RETRY_SECONDS = 600;
/** Live recordings end at this age, because longer ones are not analysed; the browser starts the next one in time. */
const MOST_SECONDS = MAX_DURATION - 600;

const MARK = `
UPDATE "Recording" r SET "finishDueAt" = ended."dueAt"
  FROM (
    SELECT r.id, CASE WHEN coalesce(r."lastChunkAt", r."createdAt") < now() - $2::float8 * interval '1 s'
                        OR r."createdAt" < now() - ${MOST_SECONDS} * interval '1 s'
                 THEN now() ELSE now() + $1::float8 * interval '1 s' END AS "dueAt"
      FROM "Recording" r JOIN "Participant" p ON p.id = r."participantId" JOIN "Exam" e ON e.id = r."examId"
     WHERE r.live AND r."finishDueAt" IS NULL
       AND (p.status IN (${FINAL_STATUSES.map((status) => `'${status}'`).join(', ')}) OR e.status IN ('COMPLETED', 'CANCELLED')
         OR coalesce(r."lastChunkAt", r."createdAt") < now() - $2::float8 * interval '1 s'
         OR r."createdAt" < now() - ${MOST_SECONDS} * interval '1 s')
       FOR UPDATE OF r SKIP LOCKED
  ) AS ended
 WHERE r.id = ended.id`;

const CLAIM = `
UPDATE "Recording" r SET ${SHUT}, "finishClaimedUntil" = clock_timestamp() + ${CLAIM_MS} * interval '1 ms'
  FROM (
    SELECT id FROM "Recording"
     WHERE live AND "finishDueAt" <= now() AND ("finishClaimedUntil" IS NULL OR "finishClaimedUntil" < now())
     ORDER BY "finishDueAt" LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AS due
 WHERE r.id = due.id
RETURNING r.id`;

const RENEW = `UPDATE "Recording" SET "finishClaimedUntil" = clock_timestamp() + ${CLAIM_MS} * interval '1 ms' WHERE id = $1 AND live`;
const RELEASE = `UPDATE "Recording" SET "finishClaimedUntil" = NULL WHERE id = $1 AND live`;

/** The longer it has been failing, the later the next attempt. */
const POSTPONE = `
UPDATE "Recording" SET "finishClaimedUntil" = now() + interval '1 s' *
       least(${MOST_RETRY_SECONDS}, greatest(${LEAST_RETRY_SECONDS}, extract(epoch FROM now() - "finishDueAt") / 2))
 WHERE id = $1 AND live`;

const CLOSE = `
UPDATE "Recording" SET ${SHUT}, "finishDueAt" = least("finishDueAt", now()) WHERE id = $1 AND live`;

export interface LiveLimits {
  /** From the end of a participant's exam to the end of the recording. */
  graceSeconds: number;
  /** Time without a chunk after which a recording ends. */
  idleSeconds: number;
}

/** Decides when live recordings end and which worker joins them: in the database, by its clock, for any number of workers. */
export function createEnding({ pool, graceSeconds, idleSeconds }: LiveLimits & { pool: Pool }) {
  return {
    /** Sets the end of recordings whose participant has left, whose exam is over, whose browser is silent, or that are too long. */
    mark: () => pool.query(MARK, [graceSeconds, idleSeconds]),
    /** Ends one now; no error if it has already ended. */
    close: (recordingId: string) => pool.query(CLOSE, [recordingId]),
    /** Claims up to `count` recordings that are due; they accept no more chunks. */
    claim: async (count: number): Promise<string[]> => (await pool.query<{ id: string }>(CLAIM, [count])).rows.map(({ id }) => id),
    renew: (recordingId: string) => pool.query(RENEW, [recordingId]),
    /** Lets the next worker claim it. */
    release: (recordingId: string) => pool.query(RELEASE, [recordingId]),
    /** Lets any worker claim it after a while. */
    postpone: (recordingId: string) => pool.query(POSTPONE, [recordingId]),
  };
}

export type Ending = ReturnType<typeof createEnding>;
