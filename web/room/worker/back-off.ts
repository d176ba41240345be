const FIRST_MS = 1_000;
const MOST_MS = 30_000;

/**
 * How long to wait after a failure: 1 to 30 s, with jitter, so that a whole class does not come back in the same moment.
 * @param attempts failures before this one
 */
export function backOff(attempts: number, random = Math.random): number {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempts + 1, 10));
  return Math.max(FIRST_MS, most / 2 + (random() * most) / 2);
}
