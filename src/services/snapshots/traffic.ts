import { LRUCache } from 'lru-cache';

/** The time over which rates are means. */
const SECONDS = 10;
const MAX_EXAMS = 10_000;

interface Counted {
  /** Which second, by the clock of this process, a place in the ring belongs to. */
  second: number;
  snapshots: number;
  lookedAt: number;
}

/** Per second. */
export interface Rates {
  snapshotsPerSecond: number;
  lookedAtPerSecond: number;
}

/** How many snapshots of each exam this process takes and analyses: means of the last ten complete seconds. */
export function createTraffic() {
  const exams = new LRUCache<string, Counted[]>({ max: MAX_EXAMS });
  const now = () => Math.floor(performance.now() / 1_000);

  return {
    count(examId: string, what: 'snapshots' | 'lookedAt'): void {
      const ring = exams.get(examId) ?? [];
      exams.set(examId, ring);
      const second = now();
      const place = second % (SECONDS + 1);
      let counted = ring[place];
      if (counted?.second !== second) ring[place] = counted = { second, snapshots: 0, lookedAt: 0 };
      counted[what] += 1;
    },

    ratesOf(examId: string): Rates {
      const second = now();
      const recent = Object.values(exams.get(examId) ?? []).filter((it) => it.second < second && it.second >= second - SECONDS);
      const mean = (what: 'snapshots' | 'lookedAt') => recent.reduce((sum, counted) => sum + counted[what], 0) / SECONDS;
      return { snapshotsPerSecond: mean('snapshots'), lookedAtPerSecond: mean('lookedAt') };
    },
  };
}
