import type { Row } from './csv.ts';
import { difference, type Interval, type Share, share, shareOf } from './statistics.ts';

/** One line of the table. */
export interface Figure extends Interval {
  what: string;
  value: number;
  /** Number of cases behind it. */
  of: number;
}

/** The result for one group of rows, compared with all others. */
export interface GroupFigure {
  column: string;
  group: string;
  what: string;
  share: Share;
  /** Compared with the others; null if there are none. */
  difference: ({ value: number } & Interval) | null;
}

/** What one part of the evaluation found. */
export interface Section {
  title: string;
  figures: Figure[];
  groups: GroupFigure[];
  /** What a reader should know besides the numbers. */
  notes: string[];
  /** SVG files by name. */
  plots: Record<string, string>;
  /** Copied into the JSON unchanged. */
  details: unknown;
}

/** A part that could not be run, and what is missing, for people. */
export interface Skipped {
  title: string;
  missing: string;
}

export const toFigure = (what: string, { value, low, high, of }: Share): Figure => ({ what, value, low, high, of });

/** How often looking away is found, and how often it is reported for somebody who does not; `ahead` names the latter. */
export function awayFigures(judged: readonly { isAway: boolean; isJudgedAway: boolean }[], ahead: string): Figure[] {
  const told = (isAway: boolean) =>
    shareOf(
      judged.filter((one) => one.isAway === isAway),
      ({ isJudgedAway }) => isJudgedAway,
    );
  return [toFigure('away, judged away', told(true)), toFigure(`${ahead}, judged away`, told(false))];
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

/** Columns with more values than this identify rows, not groups. */
const MOST_GROUPS = 20;

/** `what` by each value of each label column; columns with a single value say nothing and are left out. */
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
