import type { Context } from '../context.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { isBlind } from './blind-reviews.ts';

/** What an event changed, as it was then. */
export interface Change {
  what: string;
  from: string | null;
  to: string | null;
  by: string | null;
  reason: string | null;
}

/** Why somebody decided so is told where it is still true: `Participant.contest`, `Warning.review`. */
const OPINIONS: ReadonlySet<string> = new Set(['review', 'decision']);

type Facts = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const listOf = (value: unknown): string | null => (Array.isArray(value) && value.length > 0 ? value.join(', ') : null);

/**
 * The change that an event records; null if it records none. Participants learn no names, nor the reason of a decision about them, nor
 * the address of the questions. Proctors learn no name and reason of a verdict that waits for a second person.
 */
export function changeOf({ viewer }: Pick<Context, 'viewer'>, { kind, data }: Pick<LogEvent, 'kind' | 'data'>): Change | null {
  const facts = (data ?? {}) as Facts;
  const change = readChange(facts);
  if (!change) return null;
  if (viewer.role !== 'participant') return isBlind({ viewer }, facts) ? { ...change, by: null, reason: null } : change;
  // The one who starts an exam may be another participant.
  const other = kind === 'EXAM_CHANGED' ? null : 'staff';
  const told = change.what === 'contentUrl' ? { from: null, to: null } : {};
  return {
    ...change,
    ...told,
    by: change.by === null || change.by === viewer.userId ? change.by : other,
    reason: OPINIONS.has(change.what) ? null : change.reason,
  };
}

function readChange(facts: Facts): Change | null {
  const about = { by: textOf(facts['by']), reason: textOf(facts['reason']) };
  if ('review' in facts) return { what: 'review', from: textOf(facts['previousReview']), to: textOf(facts['review']), ...about };
  if ('decision' in facts) return { what: 'decision', from: textOf(facts['previous']), to: textOf(facts['decision']), ...about };
  if ('suppressed' in facts) return { what: 'accommodations', from: listOf(facts['lifted']), to: listOf(facts['suppressed']), ...about };
  if ('time' in facts) return { what: 'time', from: String(facts['previousTime']), to: String(facts['time']), ...about };
  if ('what' in facts) return { what: String(facts['what']), from: textOf(facts['from']), to: textOf(facts['to']), ...about };
  if ('to' in facts) return { what: 'status', from: textOf(facts['from']), to: textOf(facts['to']), ...about };
  return null;
}
