import { type Clustered, clusteredShare } from './clusters.ts';
import type { Interval } from './exact.ts';
import type { GroupFigure } from './groups.ts';
import type { Share } from './statistics.ts';

/** One line of the table. */
export interface Figure extends Interval {
  what: string;
  value: number;
  /** Number of cases behind it. */
  of: number;
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

/** A share of rows that may share people or clips. */
export const figureOf = <Row extends Pick<Clustered, 'clusters'>>(
  what: string,
  rows: readonly Row[],
  isHit: (row: Row) => boolean,
): Figure => toFigure(what, clusteredShare(rows.map((row) => ({ hit: isHit(row), clusters: row.clusters }))));

interface JudgedAway extends Pick<Clustered, 'clusters'> {
  isAway: boolean;
  isJudgedAway: boolean;
}

/** How often looking away is found, and how often it is reported for somebody who does not; `ahead` names the latter. */
export function awayFigures(judged: readonly JudgedAway[], ahead: string): Figure[] {
  const told = (what: string, isAway: boolean) =>
    figureOf(
      `${what}, judged away`,
      judged.filter((one) => one.isAway === isAway),
      ({ isJudgedAway }) => isJudgedAway,
    );
  return [told('away', true), told(ahead, false)];
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
