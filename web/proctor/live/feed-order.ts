import { SEVERITIES, type Severity, type WarningFacts } from '../session/model.ts';

export interface FeedFilter {
  /** This one and above. */
  severity: Severity;
  type: string | null;
  source: WarningFacts['source'] | null;
  /** Only those on which nobody has decided. */
  isOpen: boolean;
}

export const ALL_WARNINGS: FeedFilter = { severity: 'INFO', type: null, source: null, isOpen: false };

const rank = (severity: Severity) => SEVERITIES.indexOf(severity);

export const passes = (warning: WarningFacts, { severity, type, source, isOpen }: FeedFilter): boolean =>
  rank(warning.severity) <= rank(severity) &&
  (type === null || warning.type === type) &&
  (source === null || warning.source === source) &&
  (!isOpen || (warning.review === null && warning.severity !== 'INFO'));

/** One line of the feed: a warning, with earlier ones of the same person and type behind it. */
export interface FeedLine {
  /** The newest one. */
  warning: WarningFacts;
  count: number;
  /** All that the line stands for, newest first. */
  ids: readonly string[];
  /** How many of them nobody has decided on. */
  open: number;
}

const isOpen = (warning: WarningFacts) => Number(warning.review === null && warning.severity !== 'INFO');

/** Newest first. @param warnings oldest first */
export function linesOf(warnings: readonly WarningFacts[], filter: FeedFilter, isGrouped: boolean): FeedLine[] {
  const lines = new Map<string, { warning: WarningFacts; count: number; ids: string[]; open: number }>();
  for (let at = warnings.length - 1; at >= 0; at--) {
    const warning = warnings[at];
    if (!warning || !passes(warning, filter)) continue;
    const name = isGrouped ? `${warning.type} ${warning.userId ?? ''}` : warning.id;
    const line = lines.get(name);
    if (!line) lines.set(name, { warning, count: 1, ids: [warning.id], open: isOpen(warning) });
    else {
      line.count += 1;
      line.ids.push(warning.id);
      line.open += isOpen(warning);
    }
  }
  return [...lines.values()];
}
