/** How often a participant's snapshots arrive. */
export interface Rhythm {
  /** Analysed snapshots, counted up to `STEADY`. */
  snapshots: number;
  /** Milliseconds between two snapshots, the mean of the latest. */
  interval: number;
}

/** From this number on they count as regular: a client that sends a few pictures at the start never promised more. */
export const STEADY = 10;
const MEAN_OF = 8;

/** @param sinceLast milliseconds since the previous snapshot; null for the first one */
export function keepTime(rhythm: Rhythm | undefined, sinceLast: number | null): Rhythm {
  if (!rhythm || sinceLast === null) return { snapshots: 1, interval: 0 };
  const { snapshots, interval } = rhythm;
  return { snapshots: Math.min(snapshots + 1, STEADY), interval: interval + (sinceLast - interval) / Math.min(snapshots, MEAN_OF) };
}
