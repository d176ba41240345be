import type { WarningFacts } from './model.ts';

/** Joins two lists by position, each oldest first; of two with the same position the one in `later` is kept. */
export function mergeFeed(earlier: readonly WarningFacts[], later: readonly WarningFacts[]): readonly WarningFacts[] {
  if (later.length === 0) return earlier;
  if (earlier.length === 0) return later;
  const last = earlier.at(-1);
  if (last && later[0] && last.seq < later[0].seq) return [...earlier, ...later];
  const bySeq = new Map(earlier.map((one) => [one.seq, one]));
  for (const one of later) bySeq.set(one.seq, one);
  return [...bySeq.values()].toSorted((a, b) => a.seq - b.seq);
}

/** Replaces those that are in the list; others are not added. */
export function replaceInFeed(warnings: readonly WarningFacts[], changed: readonly WarningFacts[]): readonly WarningFacts[] {
  if (changed.length === 0) return warnings;
  const next = [...warnings];
  for (const one of changed) {
    const at = indexOf(next, one.seq);
    if (at >= 0) next[at] = one;
  }
  return next;
}

/** Where the warning with this position is; -1 if it is not there. */
function indexOf(warnings: readonly WarningFacts[], seq: number): number {
  let low = 0;
  let high = warnings.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = warnings[middle]?.seq ?? 0;
    if (found === seq) return middle;
    if (found < seq) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
