import { JITTER, LONGEST_LAPSE_MS, LONGEST_RHYTHM_MS } from '../analysis/sign-track.ts';

/** How often a participant's snapshots arrive, as JSON. Times are milliseconds. */
export interface Rhythm {
  /** Analysed snapshots, counted up to `STEADY`. */
  snapshots: number;
  /** Milliseconds between two snapshots, the mean of the latest. */
  interval: number;
  /** Missing in what an older server stored. */
  seldom?: Seldom;
}

/** Snapshots so far apart that nobody can judge what happened in between. */
interface Seldom {
  /** One for each, up to `OFTEN_SELDOM`; each that came in time takes one back. */
  times: number;
  /** The snapshot before the first of them. */
  since: number;
  /** Whether it was told; until they all come in time again it is not told once more. */
  isTold: boolean;
}

/** From this number on they count as regular: a client that sends a few pictures at the start never promised more. */
export const STEADY = 10;
const MEAN_OF = 8;
/** An outage is no rhythm. */
const OFTEN_SELDOM = 3;

const inTime: Seldom = { times: 0, since: 0, isTold: false };

export const seldomOf = (rhythm: Rhythm | undefined): Seldom => rhythm?.seldom ?? inTime;
export const isSeldom = ({ times }: Seldom): boolean => times === OFTEN_SELDOM;

/** @param sinceLast milliseconds since the previous snapshot; null for the first one */
export function keepTime(rhythm: Rhythm | undefined, at: number, sinceLast: number | null): Rhythm {
  if (!rhythm || sinceLast === null) return { snapshots: 1, interval: 0 };
  const { snapshots, interval } = rhythm;
  return {
    snapshots: Math.min(snapshots + 1, STEADY),
    interval: interval + (sinceLast - interval) / Math.min(snapshots, MEAN_OF),
    seldom: count(seldomOf(rhythm), at, sinceLast),
  };
}

function count({ times, since, isTold }: Seldom, at: number, sinceLast: number): Seldom {
  if (sinceLast > LONGEST_LAPSE_MS)
    return { times: Math.min(times + 1, OFTEN_SELDOM), since: times === 0 ? at - sinceLast : since, isTold };
  return times <= 1 ? inTime : { times: times - 1, since, isTold };
}

/** Milliseconds that a snapshot speaks for: what passed since the one before, at most what usually passes. */
export const spokenFor = ({ interval }: Rhythm, sinceLast: number | null): number =>
  Math.round(Math.min(sinceLast ?? 0, JITTER * interval, LONGEST_RHYTHM_MS));
