/** A share with its 95 % interval; all NaN without cases. */
export interface Share {
  hits: number;
  of: number;
  value: number;
  low: number;
  high: number;
}

export interface Interval {
  low: number;
  high: number;
}

/** Two-sided 95 % quantile of the normal distribution. */
const Z = 1.959_964;

/** A share with Wilson's score interval (Wilson 1927), which also holds for few cases and for shares near 0 and 1. */
export function share(hits: number, of: number): Share {
  if (of === 0) return { hits, of, value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const value = hits / of;
  const middle = (value + Z ** 2 / (2 * of)) / (1 + Z ** 2 / of);
  const half = (Z / (1 + Z ** 2 / of)) * Math.sqrt((value * (1 - value)) / of + Z ** 2 / (4 * of ** 2));
  return { hits, of, value, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

export function shareOf<Item>(items: readonly Item[], isHit: (item: Item) => boolean): Share {
  return share(items.filter(isHit).length, items.length);
}

/** Difference of two independent shares with Newcombe's hybrid score interval (Newcombe 1998, method 10). */
export function difference(a: Share, b: Share): { value: number } & Interval {
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
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

const ROUNDS = 1_000;

/**
 * 95 % interval of figures over pairs of people, by resampling people: pairs that share a person are not independent, so an
 * interval that resamples pairs would be too narrow. The weight of a pair is the product of how often each of its people was
 * drawn (the subset bootstrap of Bolle et al. 2004).
 * @param people the two people of each pair, numbered from 0
 * @param figures computes the figures from the weights of the pairs
 */
export function bootstrapByPerson(
  people: readonly (readonly [number, number])[],
  figures: (weights: Float64Array) => number[],
): Interval[] {
  const random = createRandom(2_026);
  const persons = people.reduce((most, [a, b]) => Math.max(most, a, b), -1) + 1;
  const drawn: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const times = new Uint16Array(persons);
    for (let i = 0; i < persons; i += 1) {
      const who = Math.floor(random() * persons);
      times[who] = (times[who] ?? 0) + 1;
    }
    const weights = Float64Array.from(people, ([a, b]) => (a === b ? (times[a] ?? 0) : (times[a] ?? 0) * (times[b] ?? 0)));
    figures(weights).forEach((value, index) => (drawn[index] ??= []).push(value));
  }
  return drawn.map((values) => {
    const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const at = (fraction: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
    return { low: at(0.025), high: at(0.975) };
  });
}
