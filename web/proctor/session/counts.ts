import type { Person, WarningFacts } from './model.ts';

export type Totals = Person['warningCounts'];

/** The counts with one warning more, which comes after all that they count. */
export function addWarning(counts: Totals, { seq, severity, review }: Pick<WarningFacts, 'seq' | 'severity' | 'review'>): Totals {
  const name = severity.toLowerCase() as Lowercase<typeof severity>;
  const isOpen = severity !== 'INFO' && review === null;
  return {
    ...counts,
    [name]: counts[name] + 1,
    unreviewed: counts.unreviewed + Number(isOpen),
    unreviewedCritical: counts.unreviewedCritical + Number(isOpen && severity === 'CRITICAL'),
    newestSeq: seq,
  };
}
