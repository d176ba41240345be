/** A 95 % interval. */
export interface Interval {
  low: number;
  high: number;
}

/** In each tail of a two-sided 95 % interval. */
const TAIL = 0.025;
const STEPS = 100;

/** The point between two bounds at which a condition that holds below it ceases to. */
function bisect(from: number, to: number, isBelow: (at: number) => boolean): number {
  let [low, high] = [from, to];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** ln n!, by Stirling's series above a table. */
function logFactorial(n: number): number {
  if (n < 20) return Array.from({ length: n }, (_, index) => Math.log(index + 1)).reduce((sum, value) => sum + value, 0);
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}

const logChoose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

const sumOver = (from: number, to: number, term: (at: number) => number): number => {
  let sum = 0;
  for (let at = from; at <= to; at += 1) sum += term(at);
  return sum;
};

/** P(X ≤ hits) of a binomial distribution. */
const binomialUpTo = (hits: number, of: number, p: number) =>
  sumOver(0, hits, (k) => Math.exp(logChoose(of, k) + k * Math.log(p) + (of - k) * Math.log1p(-p)));

/** P(X ≤ count) of a Poisson distribution. */
const poissonUpTo = (count: number, mean: number) => sumOver(0, count, (k) => Math.exp(k * Math.log(mean) - mean - logFactorial(k)));

/** Exact 95 % interval of a share of independent cases (Clopper and Pearson 1934). */
export function clopperPearson(hits: number, of: number): Interval {
  return {
    low: hits === 0 ? 0 : bisect(0, 1, (p) => 1 - binomialUpTo(hits - 1, of, p) < TAIL),
    high: hits === of ? 1 : bisect(0, 1, (p) => binomialUpTo(hits, of, p) > TAIL),
  };
}

/** Exact 95 % interval of the mean behind a count of independent events (Garwood 1936). */
export function garwood(count: number): Interval {
  const most = count + 10 * Math.sqrt(count) + 20;
  return {
    low: count === 0 ? 0 : bisect(0, most, (mean) => 1 - poissonUpTo(count - 1, mean) < TAIL),
    high: bisect(0, most, (mean) => poissonUpTo(count, mean) > TAIL),
  };
}

interface Hits {
  hits: number;
  of: number;
}

/** Two-sided p of two shares being the same, given the total of hits (Fisher 1935): all tables as unlikely as this one. */
export function fisherExact(a: Hits, b: Hits): number {
  const hits = a.hits + b.hits;
  const chance = (own: number) => Math.exp(logChoose(a.of, own) + logChoose(b.of, hits - own) - logChoose(a.of + b.of, hits));
  const observed = chance(a.hits);
  const p = sumOver(Math.max(0, hits - b.of), Math.min(a.of, hits), (own) => (chance(own) <= observed * (1 + 1e-7) ? chance(own) : 0));
  return Math.min(1, p);
}

/** Two-sided p of a standard normal deviate (Abramowitz and Stegun 1964, 7.1.26: right to 1.5e-7). */
export function pOfNormal(deviate: number): number {
  const x = Math.abs(deviate) / Math.SQRT2;
  const t = 1 / (1 + 0.327_591_1 * x);
  const series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592].reduce(
    (sum, factor) => (sum + factor) * t,
    0,
  );
  return Math.min(1, series * Math.exp(-(x ** 2)));
}

/** Two-sided p of Student's distribution (Wallace 1959: right to about 1 %). @param freedom degrees, at least 1 */
export function pOfStudent(deviate: number, freedom: number): number {
  if (!Number.isFinite(deviate)) return 0;
  return pOfNormal(((8 * freedom + 1) / (8 * freedom + 3)) * Math.sqrt(freedom * Math.log1p(deviate ** 2 / freedom)));
}

/** Ps of comparisons that belong together, so that all of them err in 5 % at most (Holm 1979); in the order given. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_p, index) => index).toSorted((a, b) => (ps[a] ?? 1) - (ps[b] ?? 1));
  const adjusted = Array.from(ps);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (ps.length - rank) * (ps[index] ?? 1)));
    adjusted[index] = least;
  });
  return adjusted;
}

/** How often one of `higher` exceeds one of `lower`, ties as a half: the area under the ROC, by midranks (Mann and Whitney 1947). */
export function areaUnderRoc(higher: readonly number[], lower: readonly number[]): number {
  const all = [...higher.map((value) => ({ value, isHigher: true })), ...lower.map((value) => ({ value, isHigher: false }))];
  const sorted = all.toSorted((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (sorted[to]?.value === sorted[from]?.value && to < sorted.length) to += 1;
    const midrank = (from + 1 + to) / 2;
    ranks += midrank * sorted.slice(from, to).filter(({ isHigher }) => isHigher).length;
    from = to;
  }
  return (ranks - (higher.length * (higher.length + 1)) / 2) / (higher.length * lower.length);
}
