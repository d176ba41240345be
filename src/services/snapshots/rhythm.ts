/** How often a participant's snapshots come. */
export interface Rhythm {
  /** Those that were looked at, counted up to `STEADY`. */
  snapshots: number;
  /** Milliseconds between two, the mean of the last ones. */
  interval: number;
}

/** So many make a rhythm: who sends a few pictures at the beginning never promised more. */
export const STEADY = 10;
const MEAN_OF = 8;

/** @param sinceLast milliseconds since the snapshot before; null of the first one */
export function keepTime(rhythm: Rhythm | undefined, sinceLast: number | null): Rhythm {
  if (!rhythm || sinceLast === null) return { snapshots: 1, interval: 0 };
  const { snapshots, interval } = rhythm;
  return { snapshots: Math.min(snapshots + 1, STEADY), interval: interval + (sinceLast - interval) / Math.min(snapshots, MEAN_OF) };
}
