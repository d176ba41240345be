import type { Database } from '../../adapters/database/database.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { Transitions } from './transitions.ts';

/** Silent participants per run. If there are more, the next run follows immediately. */
const MAX_FOUND = 10_000;

/**
 * One statement for all exams. Through the pool and not Prisma, which uses the process's clock: the database's clock decides, and
 * the statement returns it even if nobody is silent.
 */
const FIND_SILENT = `
SELECT extract(epoch FROM now())::float8 * 1000 AS now, silent.*
  FROM (SELECT) AS always
  LEFT JOIN (
    SELECT p."examId", p."userId"
      FROM "Participant" p JOIN "Exam" e ON e.id = p."examId"
     WHERE p."sendsHeartbeats" AND p.status IN ('CHECKING_IN', 'WAITING', 'ACTIVE', 'PAUSED') AND p."offlineSince" IS NULL
       AND p."lastSeenAt" < now() - $1::float8 * interval '1 ms' AND e.status IN ('CREATED', 'IN_PROGRESS')
     LIMIT ${MAX_FOUND}
  ) AS silent ON true`;

interface SilentRow {
  now: number;
  examId: string | null;
  userId: string | null;
}

/**
 * How long this process has had contact with participants and the database, by the database's clock. A server that was offline
 * heard nobody; that does not make participants silent.
 */
class Reach {
  readonly #maxGapMs: number;
  #since = 0;
  #last = -Infinity;

  constructor(maxGapMs: number) {
    this.#maxGapMs = maxGapMs;
  }

  /** @returns milliseconds without a gap so far. */
  contact(now: number): number {
    // A suspended process and a clock change look the same: the time in between proves nothing.
    if (now < this.#last || now - this.#last > this.#maxGapMs) this.#since = now;
    this.#last = now;
    return now - this.#since;
  }

  lost(): void {
    this.#last = -Infinity;
  }
}

interface SilenceSweep {
  pool: Database['pool'];
  log: Logger;
  transitions: Transitions;
  /** Silence that counts, in milliseconds. */
  silentMs: number;
  everyMs: number;
  /** Writes the signs of life that this process holds. */
  flush(): Promise<void>;
}

/**
 * Starts the sweep that disconnects participants who fell silent, but only after this process itself has had contact for that long: after a restart or
 * an outage every participant gets that time.
 */
export function startSilenceSweep({ pool, log, transitions, silentMs, everyMs, flush }: SilenceSweep): Sweep {
  const reach = new Reach(Math.max(silentMs / 2, 2 * everyMs));

  async function findSilent() {
    try {
      // Otherwise this process would count participants as silent whom it heard itself.
      await flush();
      const { rows } = await pool.query<SilentRow>(FIND_SILENT, [silentMs]);
      const isKnown = reach.contact(rows[0]?.now ?? 0) >= silentMs;
      return isKnown ? rows.flatMap(({ examId, userId }) => (examId && userId ? [{ examId, userId }] : [])) : [];
    } catch (error) {
      reach.lost();
      throw error;
    }
  }

  const sweep = startSweep({
    everyMs,
    log,
    failure: 'could not look for silent participants; will try again',
    async run(signal) {
      const silent = await findSilent();
      await changeByExam(silent, async (examId, batch) => {
        if (signal.aborted) return;
        const userIds = batch.map(({ userId }) => userId);
        await transitions
          .disconnect(examId, userIds, silentMs)
          .catch((error) => log.warn({ err: error, examId }, 'could not mark participants as disconnected; will try again'));
      });
      return silent.length === MAX_FOUND;
    },
  });
  void sweep.now();
  return sweep;
}
