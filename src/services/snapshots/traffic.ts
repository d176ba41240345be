import { LRUCache } from 'lru-cache';

const WINDOW_MS = 5_000;
const MAX_EXAMS = 10_000;

interface Counted {
  snapshots: number;
  lookedAt: number;
}

interface Window {
  number: number;
  current: Counted;
  /** The one before `number`. */
  complete: Counted;
}

export interface Rates {
  snapshotsPerSecond: number;
  lookedAtPerSecond: number;
}

const nothing = (): Counted => ({ snapshots: 0, lookedAt: 0 });

/** How many snapshots of each exam this process takes and analyses: means of the last complete window of 5 s. */
export function createTraffic() {
  const exams = new LRUCache<string, Window>({ max: MAX_EXAMS });

  function windowOf(examId: string): Window {
    const number = Math.floor(performance.now() / WINDOW_MS);
    const known = exams.get(examId);
    if (known?.number === number) return known;
    const window = { number, current: nothing(), complete: known?.number === number - 1 ? known.current : nothing() };
    exams.set(examId, window);
    return window;
  }

  return {
    count(examId: string, what: keyof Counted): void {
      windowOf(examId).current[what] += 1;
    },
    ratesOf(examId: string): Rates {
      const { snapshots, lookedAt } = windowOf(examId).complete;
      return { snapshotsPerSecond: (snapshots * 1_000) / WINDOW_MS, lookedAtPerSecond: (lookedAt * 1_000) / WINDOW_MS };
    },
  };
}
