import type { ParticipantStatus } from '../../generated/prisma/client.ts';
import { isFinal } from '../participants/moves.ts';
import type { Stretch } from './stretches.ts';

/** An event about a participant, as far as it tells where they were. */
export interface PresenceEvent {
  at: Date;
  from: string | null;
  to: string | null;
  /** Null for a change of the status, `online` for one of the connection. */
  what: string | null;
  /** Of a client that fell silent: when it was last heard. */
  since: Date | null;
}

/** A participant's time in an exam. */
export interface Sitting {
  /** From the beginning to the end, or until now; null before the beginning. */
  whole: Stretch | null;
  paused: Stretch[];
  /** When their client was not heard. */
  away: Stretch[];
  /** Between an end and a readmission. */
  out: Stretch[];
  hasEnded: boolean;
}

interface Timed {
  status: ParticipantStatus;
  startedAt: Date | null;
  joinedAt: Date | null;
}

/** Reads from the exam's log when a participant was paused, away or out. @param events oldest first */
export function sittingOf(
  { status, startedAt, joinedAt }: Timed,
  examEndedAt: Date | null,
  events: readonly PresenceEvent[],
  now: Date,
): Sitting {
  const begun = (startedAt ?? joinedAt)?.getTime();
  const found = { paused: [] as Stretch[], away: [] as Stretch[], out: [] as Stretch[] };
  const open: Partial<Record<'paused' | 'away' | 'out', number>> = {};
  const set = (what: 'paused' | 'away' | 'out', is: boolean, at: number) => {
    const since = open[what];
    if (is) open[what] ??= at;
    else if (since !== undefined) {
      found[what].push({ from: since, to: at });
      delete open[what];
    }
  };
  let isOffline = false;
  let isLost = false;
  for (const { at, to, what, since } of events) {
    if (what === 'online') isOffline = to === 'false';
    else if (what === null && to !== null) {
      isLost = to === 'DISCONNECTED';
      set('paused', to === 'PAUSED', at.getTime());
      set('out', isFinal(to as ParticipantStatus), at.getTime());
    }
    set('away', isOffline || isLost, (since ?? at).getTime());
  }
  const hasEnded = isFinal(status) || examEndedAt !== null;
  const end = (isFinal(status) ? open.out : undefined) ?? (hasEnded ? examEndedAt?.getTime() : undefined) ?? now.getTime();
  for (const what of ['paused', 'away'] as const) set(what, false, end);
  return { whole: begun === undefined ? null : { from: begun, to: Math.max(begun, end) }, ...found, hasEnded };
}
