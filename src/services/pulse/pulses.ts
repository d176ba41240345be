import type { Pool } from '../../adapters/database/database-transaction.ts';
import { abortable } from '../../async/abortable.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import { WakeSignal } from '../../async/wake-signal.ts';
import type { Logger } from '../../log.ts';
import type { Rates } from '../snapshots/traffic.ts';
import { type PulseRead, readPulse } from './read-pulse.ts';

const EVERY_MS = 5_000;
/** Whoever comes anew takes an older one for what is true now, as after a cut. */
const FRESH_MS = 500;

/** The pulse of an exam, with the rates of this process. */
export type ExamPulse = PulseRead & Rates;

interface Beating {
  sweep: Sweep;
  changed: WakeSignal;
  watchers: number;
  latest: ExamPulse | null;
  /** When the newest, and one that may be on its way, were asked for, by `performance.now()`. */
  readAt: number;
  askedAt: number;
  isGone: boolean;
}

interface Dependencies {
  pool: Pool;
  ratesOf(examId: string): Rates;
  log: Logger;
}

/**
 * The pulses of the exams that somebody watches here: one statement per exam every five seconds, however many watch it, and at most two a
 * second while others join them.
 */
export function createPulses({ pool, ratesOf, log }: Dependencies) {
  const beating = new Map<string, Beating>();

  function begin(examId: string): Beating {
    const sweep = startSweep({
      everyMs: EVERY_MS,
      log,
      failure: 'could not read the pulse of an exam; will try again',
      async run() {
        const askedAt = performance.now();
        heart.askedAt = askedAt;
        const read = await readPulse(pool, examId);
        heart.latest = read && { ...read, ...ratesOf(examId) };
        heart.readAt = askedAt;
        heart.isGone = read === null;
        heart.changed.wake();
      },
    });
    const now = performance.now();
    const heart: Beating = { sweep, changed: new WakeSignal(), watchers: 0, latest: null, readAt: now, askedAt: now, isGone: false };
    beating.set(examId, heart);
    void sweep.now();
    return heart;
  }

  function leave(examId: string, heart: Beating): void {
    heart.watchers -= 1;
    if (heart.watchers > 0) return;
    void heart.sweep.stop();
    beating.delete(examId);
  }

  function renew(examId: string): boolean {
    const heart = beating.get(examId);
    const isOld = (at: number) => performance.now() - at >= FRESH_MS;
    if (!heart || !isOld(heart.readAt)) return false;
    if (isOld(heart.askedAt)) void heart.sweep.now();
    return true;
  }

  return {
    /** Reads the pulse of an exam at once if the newest is old. @returns whether it was */
    renew,

    /**
     * The pulses of an exam until it is deleted, the first at once. A slow reader misses some: there is no queue.
     */
    watch: (examId: string): AsyncIterableIterator<ExamPulse> =>
      abortable(async function* follow(signal) {
        const heart = beating.get(examId) ?? begin(examId);
        heart.watchers += 1;
        let last = renew(examId) ? heart.latest : null;
        try {
          while (!signal.aborted && !heart.isGone) {
            const seen = heart.changed.version;
            if (heart.latest && heart.latest !== last) yield (last = heart.latest);
            else await heart.changed.after(seen, signal);
          }
        } finally {
          leave(examId, heart);
        }
      }),

    async close(): Promise<void> {
      await Promise.all([...beating.values()].map(({ sweep }) => sweep.stop()));
    },
  };
}

export type Pulses = ReturnType<typeof createPulses>;
