import { clopperPearson, type Interval } from './exact.ts';
import { createRandom, type Share, share } from './statistics.ts';

/** A row that was judged, and the people, clips or photos that it shares with others: one, or the two of a pair. */
export interface Clustered {
  hit: boolean;
  clusters: readonly string[];
}

const ROUNDS = 2_000;

/** With fewer people or clips nobody knows how much they differ, so no interval is given. */
export const LEAST_CLUSTERS = 5;

/**
 * Figures over rows that share people or clips, from drawing those anew: an interval that draws rows would be too narrow. The weight of
 * a row is the product of how often each of its clusters was drawn (for pairs, the subset bootstrap of Bolle et al. 2004).
 * @param figures computes the figures from the weights of the rows
 * @returns for each figure its value in each round; rounds in which it has none are left out
 */
export function drawClusters(
  rows: readonly (readonly (string | number)[])[],
  figures: (weights: Float64Array) => readonly number[],
): number[][] {
  const random = createRandom(2_026);
  const numbers = new Map<string | number, number>();
  for (const key of rows.flat()) if (!numbers.has(key)) numbers.set(key, numbers.size);
  const numbered = rows.map((keys) => [...new Set(keys)].map((key) => numbers.get(key) ?? 0));
  const drawn: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const times = new Uint16Array(numbers.size);
    for (let draw = 0; draw < numbers.size; draw += 1) {
      const which = Math.floor(random() * numbers.size);
      times[which] = (times[which] ?? 0) + 1;
    }
    const weights = Float64Array.from(numbered, (keys) => keys.reduce((product, key) => product * (times[key] ?? 0), 1));
    figures(weights).forEach((value, index) => {
      const values = (drawn[index] ??= []);
      if (!Number.isNaN(value)) values.push(value);
    });
  }
  return drawn;
}

/** The middle 95 % of what was drawn. */
export function middleOf(drawn: readonly number[] | undefined): Interval {
  const sorted = Float64Array.from(drawn ?? []).sort();
  const at = (fraction: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
  return { low: at(0.025), high: at(0.975) };
}

/** Whether any two rows share a person or a clip. */
export function areShared(rows: readonly Pick<Clustered, 'clusters'>[]): boolean {
  const all = rows.flatMap(({ clusters }) => [...new Set(clusters)]);
  return new Set(all).size < all.length;
}

/**
 * A share of rows that may share people or clips. Where none or all are found, the interval is exact for as many cases as there are
 * people or clips, since each may stand for all its rows; for as many as there are rows if they are pairs.
 */
export function clusteredShare(rows: readonly Clustered[]): Share {
  const hits = rows.filter(({ hit }) => hit).length;
  if (rows.length === 0 || !areShared(rows)) return share(hits, rows.length);
  const about = { hits, of: rows.length, value: hits / rows.length };
  const clusters = new Set(rows.flatMap((row) => row.clusters));
  if (clusters.size < LEAST_CLUSTERS) return { ...about, low: Number.NaN, high: Number.NaN };
  if (hits === 0 || hits === rows.length) {
    const cases = rows.some((row) => row.clusters.length > 1) ? rows.length : clusters.size;
    return { ...about, ...clopperPearson(hits === 0 ? 0 : cases, cases) };
  }
  const [drawn] = drawClusters(
    rows.map((row) => row.clusters),
    (weights) => [weightedShare(rows, weights)],
  );
  return { ...about, ...middleOf(drawn) };
}

/** NaN if no row of them was drawn. */
export function weightedShare(rows: readonly Pick<Clustered, 'hit'>[], weights: Float64Array): number {
  let total = 0;
  let hits = 0;
  rows.forEach(({ hit }, index) => {
    const weight = weights[index] ?? 0;
    total += weight;
    if (hit) hits += weight;
  });
  return hits / total;
}
