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

const FINAL = FINAL_STATUSES.map((status) => `'${status}'`).join(', ');
const HAS_ENDED = `(p.status IN (${FINAL}) OR e.status IN ('COMPLETED', 'CANCELLED'))`;
const OPEN = `"Recording" r JOIN "Participant" p ON p.id = r."participantId" JOIN "Exam" e ON e.id = r."examId" WHERE NOT r.closed`;

/** The end is the time of the event, however late it is noticed. */
const NOTE_ENDS = `
UPDATE "Recording" r SET "sittingEndedAt" = changed."endedAt"
  FROM (
    SELECT r.id, CASE WHEN ${HAS_ENDED} THEN coalesce((
             SELECT max(at) FROM "Event"
              WHERE kind = 'PARTICIPANT_CHANGED' AND "subjectId" = p.id AND p.status IN (${FINAL}) AND data->>'to' IN (${FINAL})
           ), e."endedAt", now()) END AS "endedAt"
      FROM ${OPEN} AND ${HAS_ENDED} <> (r."sittingEndedAt" IS NOT NULL)
       FOR UPDATE OF r SKIP LOCKED
  ) AS changed
 WHERE r.id = changed.id`;

/** $1 seconds after the end in which chunks are accepted. */
const CLOSE_DUE = `
UPDATE "Recording" r SET ${SHUT}
  FROM (
    SELECT r.id FROM ${OPEN}
       AND (e.status = 'CANCELLED' OR r."sittingEndedAt" < now() - $1::float8 * interval '1 s'
         OR (r."sittingEndedAt" IS NULL AND r."createdAt" < now() - ${MOST_SECONDS} * interval '1 s'))
       FOR UPDATE OF r SKIP LOCKED
  ) AS over
 WHERE r.id = over.id`;

/** A recording that was joined this often is joined again only after 256 times the silence. */
const MOST_DOUBLINGS = 8;

/**
 * $1 seconds of silence after the end, $2 in the exam, or if it is known that chunks are missing. Each joining doubles the silence
 * before the next one: who sends a late chunk now and then must not have everything joined and analysed each time.
 */
const JOIN_SILENT = `
UPDATE "Recording" r SET "finishDueAt" = now()
  FROM (
    SELECT id FROM "Recording"
     WHERE NOT closed AND "finishDueAt" IS NULL AND (live OR "lateBytes" > 0)
       AND greatest(coalesce("lastChunkAt", "createdAt"), "sittingEndedAt") < now() - interval '1 s' * power(2, least(joins, ${MOST_DOUBLINGS})) *
           CASE WHEN "sittingEndedAt" IS NOT NULL AND "expectedChunks" IS NULL THEN $1::float8 ELSE $2::float8 END
       FOR UPDATE SKIP LOCKED
  ) AS silent
 WHERE r.id = silent.id`;

const CLAIM = `
UPDATE "Recording" r SET stage = CASE WHEN live THEN 'joining' ELSE stage END,
       "finishClaimedUntil" = clock_timestamp() + ${CLAIM_MS} * interval '1 ms'
  FROM (
    SELECT id FROM "Recording"
     WHERE "finishDueAt" <= now() AND ("finishClaimedUntil" IS NULL OR "finishClaimedUntil" < now())
     ORDER BY "finishDueAt" LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AS due
 WHERE r.id = due.id
RETURNING r.id`;

const CLAIMED = `id = $1 AND "finishClaimedUntil" IS NOT NULL`;
const RENEW = `UPDATE "Recording" SET "finishClaimedUntil" = clock_timestamp() + ${CLAIM_MS} * interval '1 ms' WHERE ${CLAIMED}`;
const RELEASE = `UPDATE "Recording" SET "finishClaimedUntil" = NULL WHERE ${CLAIMED}`;

/** The longer it has been failing, the later the next attempt. */
const POSTPONE = `
UPDATE "Recording" SET "finishClaimedUntil" = now() + interval '1 s' *
       least(${MOST_RETRY_SECONDS}, greatest(${LEAST_RETRY_SECONDS}, extract(epoch FROM now() - coalesce("finishDueAt", now())) / 2))
 WHERE ${CLAIMED}`;

export interface LiveLimits {
  /** Silence after which chunks are joined, from the end of a participant's exam on. */
  graceSeconds: number;
  /** The same before the end, and if it is known that chunks are missing. */
  idleSeconds: number;
  /** From the end of a participant's exam until no chunk is accepted any more. */
  lateSeconds: number;
}

/**
 * Decides when the chunks of live recordings are joined, when no more are accepted, and which worker joins them: in the database,
 * by its clock, for any number of workers.
 *
 * To join does not close: an analysis must not wait for a browser that may never come back, and evidence that comes back late must
 * not be refused. Until it is closed, a recording keeps its chunks, and is joined again with those that came late.
 */
export function createEnding({ pool, graceSeconds, idleSeconds, lateSeconds }: LiveLimits & { pool: Pool }) {
  return {
    /** Notices ends of participants and exams, closes recordings whose time is over, and has those that are silent joined. */
    async mark(): Promise<void> {
      await pool.query(NOTE_ENDS);
      await pool.query(CLOSE_DUE, [lateSeconds]);
      await pool.query(JOIN_SILENT, [graceSeconds, idleSeconds]);
    },
    /** Claims up to `count` recordings that are due. */
    claim: async (count: number): Promise<string[]> => (await pool.query<{ id: string }>(CLAIM, [count])).rows.map(({ id }) => id),
    renew: (recordingId: string) => pool.query(RENEW, [recordingId]),
    /** Lets the next worker claim it. */
    release: (recordingId: string) => pool.query(RELEASE, [recordingId]),
    /** Lets any worker claim it after a while. */
    postpone: (recordingId: string) => pool.query(POSTPONE, [recordingId]),
  };
}

export type Ending = ReturnType<typeof createEnding>;
