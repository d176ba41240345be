import { hasLeft, isOffline, type Person } from '../session/model.ts';

/** Why somebody is not sitting in front of the questions; null if they are, or have left. */
export type Absence =
  | { why: 'never-came' }
  | { why: 'checking-in'; step: string | null }
  | { why: 'waiting' }
  | { why: 'offline'; since: string | null }
  | { why: 'paused' };

export function absenceOf(person: Person): Absence | null {
  if (hasLeft(person)) return null;
  if (person.status === 'INVITED') return { why: 'never-came' };
  if (isOffline(person)) return { why: 'offline', since: person.pulse?.lastSeenAt ?? person.lastSeenAt };
  if (person.status === 'CHECKING_IN') return { why: 'checking-in', step: person.pulse?.step ?? person.checkInStep };
  if (person.status === 'WAITING') return { why: 'waiting' };
  return person.status === 'PAUSED' ? { why: 'paused' } : null;
}

/** Chunks take 4 to 5 s, and a few more on a poor line. */
const LATE_MS = 20_000;

/** Whether a kind of evidence arrives; null where it is not asked for, or nobody records. */
export function arrives(chunkAt: string | null | undefined, isAsked: boolean, now: number): boolean | null {
  if (!isAsked || chunkAt === undefined) return null;
  return chunkAt !== null && now - Date.parse(chunkAt) < LATE_MS;
}
