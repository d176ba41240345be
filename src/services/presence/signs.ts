import type { Database } from '../../adapters/database/database.ts';
import type { Logger } from '../../log.ts';
import { type ParticipantKey, participantOf } from '../participants/key.ts';
import { FINAL_STATUSES } from '../participants/moves.ts';

interface Sign extends ParticipantKey {
  /** By this process's monotonic clock: only its age leaves the process. */
  at: number;
  heartbeat: boolean;
  /** Where the participant is at check-in; null if the client did not say. */
  step: string | null;
}

/** A row of a flush that needs another look. */
interface Leftover extends ParticipantKey {
  /** Whether another transaction held the row, so that it was skipped. */
  locked: boolean;
  /** Whether the participant counts as offline although the sign is fresh. */
  returned: boolean;
}

const MAX_ROWS = 5_000;

/**
 * Through the pool and not Prisma, which cannot update many rows with a value each. It never waits for a row: a flush that held
 * some and waited for others could deadlock with the end of an exam, and the database might abort the wrong one. It sends ages
 * and not times, so that the clock of the process does not matter. The planner does not know the size of a CTE, so no two CTEs
 * are joined: it would do that row by row.
 */
const WRITE = `
WITH sign AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::float8[], $4::bool[], $7::text[]) AS s("examId", "userId", age, heartbeat, step)
), live AS (
  SELECT p.id, p.status, p."offlineSince", sign.*
    FROM sign ${participantOf('sign')} JOIN "Exam" e ON e.id = p."examId"
   WHERE e.status IN ('CREATED', 'IN_PROGRESS') AND p.status <> ALL ($5::"ParticipantStatus"[])
), free AS (
  SELECT p.id, live.age, live.heartbeat, live.step
    FROM live JOIN "Participant" p ON p.id = live.id
   WHERE p.status <> ALL ($5::"ParticipantStatus"[])
     FOR NO KEY UPDATE OF p SKIP LOCKED
), written AS (
  UPDATE "Participant" p
     SET "lastSeenAt" = greatest(now() - free.age * interval '1 ms', CASE WHEN p."lastSeenAt" < now() THEN p."lastSeenAt" END),
         "sendsHeartbeats" = p."sendsHeartbeats" OR free.heartbeat,
         "checkInStep" = CASE WHEN p.status = 'CHECKING_IN' THEN coalesce(free.step, p."checkInStep") END
    FROM free
   WHERE p.id = free.id
)
SELECT * FROM (
  SELECT "examId", "userId", id NOT IN (SELECT id FROM free) AS locked,
         ("offlineSince" IS NOT NULL AND age < $6) AS returned
    FROM live
) AS leftover
 WHERE locked OR returned`;

/** Either may be the newer one: a sign whose write failed comes back after those that came meanwhile. */
function merged(a: Sign, b: Sign): Sign {
  const [older, newer] = a.at <= b.at ? [a, b] : [b, a];
  return { ...newer, heartbeat: a.heartbeat || b.heartbeat, step: newer.step ?? older.step };
}

const keyOf = ({ examId, userId }: ParticipantKey) => `${examId} ${userId}`;

/**
 * Signs of life on their way into the database: at most one per participant, written together. They survive an outage of the
 * database; memory is bounded by the number of participants.
 */
export class SignsOfLife {
  readonly #pool: Database['pool'];
  readonly #log: Logger;
  readonly #everyMs: number;
  /** A sign younger than this shows that the participant is present. */
  readonly #freshMs: number;
  readonly #onReturned: (who: ParticipantKey) => void;
  readonly #pending = new Map<string, Sign>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    { pool, log }: { pool: Database['pool']; log: Logger },
    times: { everyMs: number; freshMs: number },
    onReturned: (who: ParticipantKey) => void,
  ) {
    this.#pool = pool;
    this.#log = log;
    this.#everyMs = times.everyMs;
    this.#freshMs = times.freshMs;
    this.#onReturned = onReturned;
  }

  note({ examId, userId }: ParticipantKey, { heartbeat, step = null }: { heartbeat: boolean; step?: string | null }): void {
    this.#keep({ examId, userId, at: performance.now(), heartbeat, step });
  }

  /** Resolves once everything noted before is written. Rejects if the write failed; the signs are kept then. */
  flush(): Promise<void> {
    const next = this.#flushing.catch(() => {}).then(() => this.#writeAll());
    this.#flushing = next;
    return next;
  }

  async close(): Promise<void> {
    await this.flush().finally(() => clearTimeout(this.#timer));
  }

  #keep(sign: Sign): void {
    const key = keyOf(sign);
    const known = this.#pending.get(key);
    this.#pending.set(key, known ? merged(known, sign) : sign);
    this.#timer ??= setTimeout(() => this.#flushLater(), this.#everyMs).unref();
  }

  #flushLater(): void {
    this.#timer = undefined;
    this.flush().catch((error) => this.#log.warn({ err: error }, 'could not write signs of life; will try again'));
  }

  async #writeAll(): Promise<void> {
    const signs = [...this.#pending.values()];
    this.#pending.clear();
    while (signs.length > 0) {
      const batch = signs.splice(0, MAX_ROWS);
      try {
        await this.#write(batch);
      } catch (error) {
        for (const sign of [...batch, ...signs]) this.#keep(sign);
        throw error;
      }
    }
  }

  async #write(batch: readonly Sign[]): Promise<void> {
    const now = performance.now();
    const { rows } = await this.#pool.query<Leftover>(WRITE, [
      batch.map(({ examId }) => examId),
      batch.map(({ userId }) => userId),
      batch.map(({ at }) => now - at),
      batch.map(({ heartbeat }) => heartbeat),
      FINAL_STATUSES,
      this.#freshMs,
      batch.map(({ step }) => step),
    ]);
    if (rows.length === 0) return;
    const signs = new Map(batch.map((sign) => [keyOf(sign), sign]));
    for (const { locked, returned, ...who } of rows) {
      const sign = signs.get(keyOf(who));
      if (locked && sign) this.#keep(sign);
      if (returned) this.#onReturned(who);
    }
  }
}
