/** A measurement this much shorter than the best replaces it; a machine that slept has moved by more than any line takes. */
const JUMP_MS = 2_000;

/**
 * The server's clock in this page: the laptop's may be hours off, and moves when somebody sets it. It runs on `performance.now()`,
 * from the measurement with the shortest round trip.
 */
export interface ServerClock {
  /** Milliseconds since 1970, by the server. Before the first measurement, by this machine. */
  now(): number;
  /**
   * Takes a measurement.
   * @param serverTime milliseconds since 1970, as the answer said
   * @param roundTripMs from the request to the answer, which has just come
   */
  measure(serverTime: number, roundTripMs: number): void;
  /** How much this machine's clock is ahead of the server's, in milliseconds; null before the first measurement. */
  ahead(): number | null;
}

interface Sources {
  monotonic?: () => number;
  wall?: () => number;
}

export function createServerClock({ monotonic = () => performance.now(), wall = () => Date.now() }: Sources = {}): ServerClock {
  let offset: number | null = null;
  let bestRoundTrip = Number.POSITIVE_INFINITY;

  const now = () => (offset === null ? wall() : monotonic() + offset);

  return {
    now,
    measure(serverTime, roundTripMs) {
      const measured = serverTime + roundTripMs / 2 - monotonic();
      // The error of a measurement is at most half of its round trip.
      const hasJumped = offset !== null && Math.abs(measured - offset) > JUMP_MS + roundTripMs / 2 + bestRoundTrip / 2;
      if (roundTripMs > bestRoundTrip && !hasJumped) return;
      offset = measured;
      bestRoundTrip = roundTripMs;
    },
    ahead: () => (offset === null ? null : wall() - now()),
  };
}
