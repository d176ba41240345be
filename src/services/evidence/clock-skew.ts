/** What is known of the times that a sender gave: both in milliseconds since 1970 or of difference. */
export interface GivenTimes {
  /** The earliest start. */
  earliest: number;
  /** The shortest time from the end of a chunk, by the sender's clock, to its arrival, by the server's. */
  leastDelay: number;
}

/** A recorder may start before its recording is registered. */
const STARTED_BEFORE_MS = 10_000;
/** As for snapshots. */
const TOLERANCE_MS = 2_000;

/**
 * What must be added to a sender's times to get the server's, in milliseconds. The sender's clock is believed as long as it is
 * possible: nothing ends after it arrived, and nothing begins before the recording did. Otherwise all times are shifted by the
 * least that makes them possible; a chunk that came hours late does not make the clock wrong.
 * @param begun when the recording was registered
 * @returns null if no shift makes them possible: then the times of arrival must do
 */
export function clockSkewOf({ earliest, leastDelay }: GivenTimes, begun: number): number | null {
  const fewest = begun - STARTED_BEFORE_MS - earliest;
  const most = leastDelay + TOLERANCE_MS;
  if (fewest > most) return null;
  if (most < 0) return Math.round(leastDelay);
  return fewest > 0 ? Math.round(Math.min(begun - earliest, most)) : 0;
}
