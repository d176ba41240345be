/** Arithmetic with stretches of time. Results are sorted and do not overlap. */

/** A stretch of time, in milliseconds since 1970. */
export interface Stretch {
  from: number;
  to: number;
}

export function union(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) merged.push({ from, to });
  }
  return merged;
}

export const within = (stretches: readonly Stretch[], { from, to }: Stretch): Stretch[] =>
  stretches.map((one) => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) })).filter((one) => one.to > one.from);

/** @param removed sorted, without overlaps */
export function without(stretches: readonly Stretch[], removed: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  for (const { from, to } of stretches) {
    let start = from;
    for (const hole of within(removed, { from, to })) {
      if (hole.from > start) left.push({ from: start, to: hole.from });
      start = hole.to;
    }
    if (to > start) left.push({ from: start, to });
  }
  return left;
}

export const common = (a: readonly Stretch[], b: readonly Stretch[]): Stretch[] => a.flatMap((one) => within(b, one));

export const lengthOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, { from, to }) => sum + to - from, 0);

export const touches = (stretch: Stretch, others: readonly Stretch[]): boolean => within(others, stretch).length > 0;
