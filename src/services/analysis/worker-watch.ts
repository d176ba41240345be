import type { Database } from '../../adapters/database/database.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';

/** An idle worker takes a recording within a second. */
const LOOK_MS = 10_000;
const WARN_EVERY_MS = 10 * 60_000;

/**
 * For a server that analyses nothing itself: notices when recordings wait and nobody works, twice in a row.
 */
export function createWorkerWatch({ db, log }: { db: Database['prisma']; log: Logger }) {
  let idleLooks = 0;
  let warnedAt = -Infinity;
  let note: string | null = null;

  async function look(): Promise<void> {
    const [waiting, working] = await Promise.all([
      db.recording.count({ where: { stage: 'queued', live: false } }),
      db.recording.count({ where: { stage: { in: ['reading', 'watching', 'listening'] } } }),
    ]);
    idleLooks = waiting > 0 && working === 0 ? idleLooks + 1 : 0;
    const recordings = waiting === 1 ? '1 recording waits' : `${waiting} recordings wait`;
    note = idleLooks > 1 ? `${recordings} for analysis and no worker is there: start \`npm run worker\`, or set INLINE_WORKER=true` : null;
    if (!note || performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    log.warn({ waiting }, note);
  }

  return {
    /** What to tell the operator, or null. */
    note: () => note,
    start: (): Sweep => startSweep({ everyMs: LOOK_MS, log, failure: 'could not look for recordings that wait for a worker', run: look }),
  };
}
