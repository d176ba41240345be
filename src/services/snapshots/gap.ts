import { TOLERANCE_MS } from '../analysis/sign-track.ts';
import { inWords } from '../warnings/catalogue.ts';

/** Missing evidence: the type of its warning. */
export const GAP = 'evidence_gap';

/**
 * The server was overloaded, the data was not a picture, nothing arrived, an analysis service was unavailable, or what arrives is too
 * far apart.
 */
export type GapCause = 'overload' | 'unreadable' | 'silence' | 'unavailable' | 'seldom';

/** A gap that has a warning, as JSON. Times are milliseconds since 1970. */
export interface Gap {
  warningId: string;
  since: number;
  /** When it was last seen that evidence is missing. */
  last: number;
  /** The first snapshot after `last` that was judged; null if there is none. */
  contrary: number | null;
  cause: GapCause;
}

/** A longer time without a snapshot is another gap, or none that is known of. */
export const LONGEST_SILENCE_MS = 60_000;

const WORDS: Record<GapCause, string> = {
  overload: 'The server was overloaded: no snapshot was analysed',
  unreadable: 'No snapshot could be read',
  silence: 'The participant was present, but no snapshot arrived',
  unavailable: 'The service that analyses snapshots was unavailable: its quota or cap is used up, or it cannot be reached',
  seldom: 'Snapshots came too seldom to judge what happened in between',
};

/** @param seconds for which it lasted; without it is still going on */
export const describeGap = ({ cause }: Pick<Gap, 'cause'>, seconds?: number): string =>
  seconds === undefined ? WORDS[cause] : `${WORDS[cause]} for ${inWords(seconds)}`;

/** Silence ends with the first snapshot, any other gap with the last analysis before which snapshots were missing. */
const endOf = ({ cause, last, contrary }: Gap, at: number) => (cause === 'silence' ? (contrary ?? at) : last);

interface Analysed {
  at: number;
  /** Whether earlier snapshots were skipped for longer than the hold time. */
  missed: boolean;
  /** Milliseconds without anything missing after which a gap is over. */
  hold: number;
}

/** Goes on after an analysed snapshot, unless they come too seldom. @returns the gap, or when it ended */
export function followGap(gap: Gap, { at, missed, hold }: Analysed): Gap | { endedAt: number } {
  const isFar = at - gap.last > LONGEST_SILENCE_MS;
  if (missed && !isFar) return { ...gap, last: at, contrary: null };
  const next = { ...gap, contrary: gap.contrary ?? at };
  return !isFar && at - gap.last < hold - TOLERANCE_MS ? next : { endedAt: endOf(next, at) };
}
