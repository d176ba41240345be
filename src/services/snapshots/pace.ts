import { LRUCache } from 'lru-cache';
import { TooOften } from '../../errors.ts';

const EVERY_MS = 1_000;
/** Delayed snapshots arrive together: a network that stalls for this long is not the sender's fault. */
const TOLERANCE_MS = 2_500;
const REMEMBERED = 50_000;

/**
 * One snapshot per second and participant, at this server: the generic cell rate algorithm (ITU-T I.371), by which each
 * has a due time and may come a little earlier. Not rate-limiter-flexible, which the other limits use: it counts
 * in fixed windows, so it either allows twice the rate at the border of two windows, or refuses a steady sender whose seconds
 * begin at other times than ours.
 */
export function createPace() {
  const due = new LRUCache<string, number>({ max: REMEMBERED });
  return {
    /** @throws TooOften; the refused snapshot does not count. */
    take(key: string): void {
      const now = performance.now();
      const dueAt = Math.max(now, due.get(key) ?? 0);
      const early = dueAt - now - TOLERANCE_MS;
      if (early > 0) throw new TooOften('At most one snapshot per second', early);
      due.set(key, dueAt + EVERY_MS);
    },
  };
}
