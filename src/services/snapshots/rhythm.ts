import { JITTER, LONGEST_LAPSE_MS, LONGEST_RHYTHM_MS } from '../analysis/sign-track.ts';
import { LONGEST_SILENCE_MS } from './gap.ts';

/** How often a participant's snapshots arrive, as JSON. Times are milliseconds. */
export interface Rhythm {
  /** Analysed snapshots, counted up to `STEADY`. */
  snapshots: number;
  /** Milliseconds between two snapshots, the mean of the latest. */
  interval: number;
  /** Missing in what an older server stored. */
  seldom?: Seldom;
}

/** Snapshots that leave most of the time unjudged, whatever their rhythm: two at once, now and then, are no better than one. */
interface Seldom {
  /** Milliseconds that no snapshot spoke for, less those that some did: 0 to `MOST_OWED`. */
  owed: number;
  /** Snapshots that spoke for less than half of the time since the one before, up to `OFTEN`, since nothing was owed. */
  times: number;
  /** The snapshot before the first of them, and the last of them. */
  since: number;
  last: number;
  /** Whether it was told; until nothing is owed it is not told once more. */
  isTold: boolean;
}

/** From this number on they count as regular: a client that sends a few pictures at the start never promised more. */
export const STEADY = 10;
const MEAN_OF = 8;
/** An outage is no rhythm. */
const OFTEN = 3;
/** So much is told of, and is paid back by as long a time that is judged. */
const MOST_OWED = OFTEN * LONGEST_LAPSE_MS;

const inTime: Seldom = { owed: 0, times: 0, since: 0, last: 0, isTold: false };

export const seldomOf = (rhythm: Rhythm | undefined): Seldom => ({ ...inTime, ...rhythm?.seldom });
export const isSeldom = ({ owed, times }: Seldom): boolean => times === OFTEN && owed === MOST_OWED;

/** @param sinceLast milliseconds since the previous snapshot; null for the first one */
export function keepTime(rhythm: Rhythm | undefined, at: number, sinceLast: number | null): Rhythm {
  if (!rhythm || sinceLast === null) return { snapshots: 1, interval: 0 };
  const { snapshots, interval } = rhythm;
  const next = {
    snapshots: Math.min(snapshots + 1, STEADY),
    // Or after an outage that was told of, nobody would be told of the next one.
    interval: interval + (Math.min(sinceLast, LONGEST_SILENCE_MS) - interval) / Math.min(snapshots, MEAN_OF),
  };
  return { ...next, seldom: count(seldomOf(rhythm), at, sinceLast, sinceLast > LONGEST_LAPSE_MS ? 0 : spokenFor(next, sinceLast)) };
}

function count({ owed, times, since, last, isTold }: Seldom, at: number, sinceLast: number, spoken: number): Seldom {
  const owes = Math.max(0, Math.min(MOST_OWED, owed + sinceLast - 2 * spoken));
  if (owes === 0) return inTime;
  if (sinceLast <= 2 * spoken) return { owed: owes, times, since, last, isTold };
  return { owed: owes, times: Math.min(times + 1, OFTEN), since: times === 0 ? at - sinceLast : since, last: at, isTold };
}

/** Milliseconds that a snapshot speaks for: what passed since the one before, at most what usually passes. */
export const spokenFor = ({ interval }: Pick<Rhythm, 'interval'>, sinceLast: number | null): number =>
  Math.round(Math.min(sinceLast ?? 0, JITTER * interval, LONGEST_RHYTHM_MS));
