import { clopperPearson, type Interval } from './exact.ts';

/** A share with its 95 % interval; all NaN without cases. */
export interface Share {
  hits: number;
  of: number;
  value: number;
  low: number;
  high: number;
}

/** Two-sided 95 % quantile of the normal distribution. */
const Z = 1.959_964;

/** Wilson's score interval (Wilson 1927), which also holds for few cases and for shares near 0 and 1. */
function wilson(hits: number, of: number): Interval {
  const value = hits / of;
  const middle = (value + Z ** 2 / (2 * of)) / (1 + Z ** 2 / of);
  const half = (Z / (1 + Z ** 2 / of)) * Math.sqrt((value * (1 - value)) / of + Z ** 2 / (4 * of ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** A share of independent cases with Wilson's interval; where none or all of them are found, with the exact one. */
export function share(hits: number, of: number): Share {
  if (of === 0) return { hits, of, value: Number.NaN, low: Number.NaN, high: Number.NaN };
  return { hits, of, value: hits / of, ...(hits === 0 || hits === of ? clopperPearson(hits, of) : wilson(hits, of)) };
}

/** Difference of two independent shares with Newcombe's hybrid score interval (Newcombe 1998, method 10). */
export function difference(a: Share, b: Share): { value: number } & Interval {
  const value = a.value - b.value;
  const [ofA, ofB] = [wilson(a.hits, a.of), wilson(b.hits, b.of)];
  return {
    value,
    low: value - Math.hypot(a.value - ofA.low, ofB.high - b.value),
    high: value + Math.hypot(ofA.high - a.value, b.value - ofB.low),
  };
}

/** A seeded generator of numbers in 0..1 (mulberry32), so that two runs print the same intervals. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
