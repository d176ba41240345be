import type { Row } from './csv.ts';
import { difference, type Interval, type Share, share, shareOf } from './statistics.ts';

/** One line of the table. */
export interface Figure extends Interval {
  what: string;
  value: number;
  /** Cases that it was made of. */
  of: number;
}

/** How one group of the rows fares, beside all others. */
export interface GroupFigure {
  column: string;
  group: string;
  what: string;
  share: Share;
  /** Against the others; null where there are none. */
  difference: ({ value: number } & Interval) | null;
}

/** What one part of the evaluation found. */
export interface Section {
  title: string;
  figures: Figure[];
  groups: GroupFigure[];
  /** What a reader should know beside the numbers. */
  notes: string[];
  /** Files of SVG by their names. */
  plots: Record<string, string>;
  /** Goes into the JSON as it is. */
  details: unknown;
}

/** A part that could not be run, with the reason for a person. */
export interface Skipped {
  title: string;
  missing: string;
}

export const toFigure = (what: string, { value, low, high, of }: Share): Figure => ({ what, value, low, high, of });

/** How often looking away is found, and told of who does not; `ahead` names the latter. */
export function awayFigures(judged: readonly { isAway: boolean; isJudgedAway: boolean }[], ahead: string): Figure[] {
  const told = (isAway: boolean) =>
    shareOf(
      judged.filter((one) => one.isAway === isAway),
      ({ isJudgedAway }) => isJudgedAway,
    );
  return [toFigure('away, told so', told(true)), toFigure(`${ahead}, told away`, told(false))];
}

export const plainFigure = (
  what: string,
  value: number,
  of: number,
  interval: Interval = { low: Number.NaN, high: Number.NaN },
): Figure => ({
  what,
  value,
  of,
  low: interval.low,
  high: interval.high,
});

/** A row that was judged. */
export interface Judged {
  labels: Row;
  hit: boolean;
}

/** Columns with more values than this tell rows apart, not groups of them. */
const MOST_GROUPS = 20;

/** `what` by each value of each label column; columns of one value tell nothing and are left out. */
export function breakDown(what: string, judged: readonly Judged[]): GroupFigure[] {
  const columns = [...new Set(judged.flatMap(({ labels }) => Object.keys(labels)))];
  return columns.flatMap((column) => {
    const groupOf = ({ labels }: Judged) => labels[column] ?? '(none)';
    const groups = [...new Set(judged.map(groupOf))];
    if (groups.length < 2 || groups.length > MOST_GROUPS) return [];
    const all = countHits(judged);
    return groups.map((group) => {
      const own = countHits(judged.filter((row) => groupOf(row) === group));
      const others = share(all.hits - own.hits, all.of - own.of);
      return { column, group, what, share: own, difference: others.of > 0 ? difference(own, others) : null };
    });
  });
}

const countHits = (judged: readonly Judged[]) => share(judged.filter(({ hit }) => hit).length, judged.length);
