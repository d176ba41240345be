import type { Database } from '../../adapters/database/database.ts';
import type { Logger } from '../../log.ts';
import { changeByExam } from '../event-log/by-exam.ts';
import type { Transitions } from './transitions.ts';

/** More silent participants wait for the next sweep, which follows at once. */
const MAX_FOUND = 10_000;

/**
 * One statement for all exams. By the pool and not by Prisma, whose clock is the process's: the database's decides, and
 * it answers also where nobody is silent.
 */
const FIND_SILENT = `
SELECT extract(epoch FROM now())::float8 * 1000 AS now, silent.*
  FROM (SELECT) AS always
  LEFT JOIN (
    SELECT p."examId", p.id AS "participantId"
      FROM "Participant" p JOIN "Exam" e ON e.id = p."examId"
     WHERE p."sendsHeartbeats" AND p.status = 'ACTIVE' AND p."lastSeenAt" < now() - $1::float8 * interval '1 ms'
       AND e.status = 'IN_PROGRESS'
     LIMIT ${MAX_FOUND}
  ) AS silent ON true`;

interface Found {
  now: number;
  examId: string | null;
  participantId: string | null;
}

/**
 * How long this process has been within reach of participants and database, by the database's clock. A server that was
 * away heard nobody; that is no silence of theirs.
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
    // A process that was stopped and a clock that was set look alike: time that nobody can vouch for.
    if (now < this.#last || now - this.#last > this.#maxGapMs) this.#since = now;
    this.#last = now;
    return now - this.#since;
  }

  lost(): void {
    this.#last = -Infinity;
  }
}

export interface Sweeping {
  pool: Database['pool'];
  log: Logger;
  transitions: Transitions;
  /** Silence that counts, milliseconds. */
  silentMs: number;
  everyMs: number;
  /** Writes the signs of life that this process holds. */
  flush(): Promise<void>;
}

/**
 * Looks for participants who fell silent, all over again until it is stopped. It disconnects nobody before this process
 * has itself been within reach for as long as the silence that counts: after a restart or an outage all get that time.
 * @returns the way out.
 */
export function startSweeping({ pool, log, transitions, silentMs, everyMs, flush }: Sweeping): () => void {
  const reach = new Reach(Math.max(silentMs / 2, 2 * everyMs));
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** @returns whether there may be more. */
  async function sweep(): Promise<boolean> {
    // Were these not written, this process would take for silent whom it heard itself.
    await flush();
    const { rows } = await pool.query<Found>(FIND_SILENT, [silentMs]);
    if (stopped || reach.contact(rows[0]?.now ?? 0) < silentMs) return false;
    const silent = rows.flatMap(({ examId, participantId }) => (examId && participantId ? [{ examId, participantId }] : []));
    await changeByExam(silent, async (batch) => {
      if (stopped) return;
      await transitions
        .disconnect(batch, silentMs)
        .catch((error) => log.warn({ err: error, examId: batch.examId }, 'could not mark participants as disconnected; will try again'));
    });
    return silent.length === MAX_FOUND;
  }

  async function run(): Promise<void> {
    const more = await sweep().catch((error) => {
      reach.lost();
      log.warn({ err: error }, 'could not look for silent participants; will try again');
      return false;
    });
    if (!stopped) timer = setTimeout(() => void run(), more ? 0 : everyMs).unref();
  }

  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
