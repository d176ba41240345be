import { type Clustered, areShared, clusteredShare, drawClusters, LEAST_CLUSTERS, middleOf } from './clusters.ts';
import type { Row } from './csv.ts';
import { fisherExact, holm, type Interval, pOfStudent } from './exact.ts';
import { difference, type Share, share } from './statistics.ts';

/** The result for one group of rows, compared with all others. */
export interface GroupFigure {
  column: string;
  group: string;
  what: string;
  share: Share;
  /** Compared with the others; null if there are none, or too few people or clips. `p` is corrected for all groups of the column (Holm). */
  difference: ({ value: number; p: number } & Interval) | null;
}

/** A row that was judged. */
export interface Judged extends Clustered {
  labels: Row;
}

/** Columns with more values than this identify rows, not groups. */
const MOST_GROUPS = 20;

/** `what` by each value of each label column; columns with a single value say nothing and are left out. */
export function breakDown(what: string, judged: readonly Judged[]): GroupFigure[] {
  const columns = [...new Set(judged.flatMap(({ labels }) => Object.keys(labels)))];
  return columns.flatMap((column) => {
    const groupOf = ({ labels }: Judged) => labels[column] ?? '(none)';
    const size = new Set(judged.map(groupOf)).size;
    return size < 2 || size > MOST_GROUPS ? [] : compareGroups({ what, column }, judged, groupOf);
  });
}

/**
 * Each group against all others. Rows that share nobody: Fisher's exact test, Newcombe's interval. Otherwise the larger p of Fisher's
 * test, which takes the pairs of one person for independent, and of one by a variance that does not, but cannot tell a group in which
 * nothing was found from one in which nothing happens; the interval by drawing people or clips anew, which is wider than it need be.
 */
export function compareGroups<Row extends Clustered>(
  { what, column }: { what: string; column: string },
  rows: readonly Row[],
  groupOf: (row: Row) => string,
): GroupFigure[] {
  const names = [...new Set(rows.map(groupOf))];
  const numberOf = new Map(names.map((name, index) => [name, index]));
  const groups = rows.map((row) => numberOf.get(groupOf(row)) ?? 0);
  const found = names.map((group, index) => {
    const own = rows.filter((_row, at) => groups[at] === index);
    const others = rows.filter((_row, at) => groups[at] !== index);
    return { group, own: clusteredShare(own), others: share(others.filter(({ hit }) => hit).length, others.length) };
  });
  const isShared = areShared(rows);
  const isTooFew = isShared && new Set(rows.flatMap(({ clusters }) => clusters)).size < LEAST_CLUSTERS;
  const drawn = isShared ? drawDifferences(rows, groups, names.length) : null;
  const compared = found.map(({ own, others }, index) => {
    if (others.of === 0 || isTooFew) return null;
    const byRows = fisherExact(own, others);
    const draws = drawn?.[index];
    return draws
      ? {
          value: own.value - others.value,
          ...middleOf(draws),
          p: Math.max(
            byRows,
            pByClusters(rows, (at) => groups[at] === index),
          ),
        }
      : { ...difference(own, others), p: byRows };
  });
  const ps = holm(compared.flatMap((one) => (one ? [one.p] : [])));
  return found.map(({ group, own }, index): GroupFigure => {
    const against = compared[index];
    return { column, group, what, share: own, difference: against ? { ...against, p: ps[index] ?? 1 } : null };
  });
}

/**
 * Two-sided p of the rows of a group being hit as often as the others, by Student's distribution with a variance that counts what rows that
 * share a person or a clip have in common (for pairs, the dyadic variance of Fafchamps and Gubert 2007).
 */
function pByClusters(rows: readonly Clustered[], isOwn: (index: number) => boolean): number {
  const own = { of: 0, hits: 0 };
  const others = { of: 0, hits: 0 };
  rows.forEach(({ hit }, index) => {
    const side = isOwn(index) ? own : others;
    side.of += 1;
    side.hits += hit ? 1 : 0;
  });
  const sums = new Map<string, number>();
  let countedTwice = 0;
  let independent = 0;
  rows.forEach(({ hit, clusters }, index) => {
    const { of, hits } = isOwn(index) ? own : others;
    const influence = ((hit ? 1 : 0) - hits / of) / of;
    const keys = new Set(clusters);
    for (const key of keys) sums.set(key, (sums.get(key) ?? 0) + influence);
    countedTwice += (keys.size - 1) * influence ** 2;
    independent += influence ** 2;
  });
  const clustersOfOwn = new Set(rows.flatMap(({ clusters }, index) => (isOwn(index) ? clusters : []))).size;
  const shared = [...sums.values()].reduce((sum, value) => sum + value ** 2, 0) - countedTwice;
  const variance = Math.max(shared, independent);
  const value = own.hits / own.of - others.hits / others.of;
  if (value === 0 || clustersOfOwn < 2) return 1;
  return pOfStudent(value / Math.sqrt(variance * (clustersOfOwn / (clustersOfOwn - 1))), clustersOfOwn - 1);
}

/** For each group the drawn differences between it and all others. */
function drawDifferences(rows: readonly Clustered[], groups: readonly number[], size: number): number[][] {
  return drawClusters(
    rows.map(({ clusters }) => clusters),
    (weights) => {
      const totals = new Float64Array(size);
      const hits = new Float64Array(size);
      weights.forEach((weight, at) => {
        const group = groups[at] ?? 0;
        totals[group] = (totals[group] ?? 0) + weight;
        if (rows[at]?.hit) hits[group] = (hits[group] ?? 0) + weight;
      });
      const total = totals.reduce((sum, value) => sum + value, 0);
      const all = hits.reduce((sum, value) => sum + value, 0);
      return Array.from(totals, (own, group) => (hits[group] ?? 0) / own - (all - (hits[group] ?? 0)) / (total - own));
    },
  );
}
