/**
 * The server's time, by a clock that nobody sets: `performance.now()`, corrected by what the server said. The shorter the way of an
 * answer, the better it is known; a clock that stood still while the device slept is noticed by the next answer.
 */
export function createClock() {
  let offset: number | null = null;
  let bestMs = Number.POSITIVE_INFINITY;

  return {
    /** Server time, milliseconds since 1970; the device's until the server has said something. */
    now: () => (offset === null ? Date.now() : offset + performance.now()),
    /** @param roundTripMs from the request to the answer */
    hear(serverTime: number, roundTripMs: number): void {
      const heard = serverTime + roundTripMs / 2 - performance.now();
      const isOff = offset !== null && Math.abs(heard - offset) > roundTripMs + bestMs;
      if (roundTripMs > bestMs && !isOff) return;
      offset = heard;
      bestMs = roundTripMs;
    },
    /** What the page knows, until the server has said something here. */
    assume(serverTime: number): void {
      offset ??= serverTime - performance.now();
    },
  };
}
