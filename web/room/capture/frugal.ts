/** So much waits on the device only where the line is too slow, or gone. */
const MANY_MS = 60_000;
/** A few chunks always wait. */
const FEW_MS = 10_000;

/**
 * Whether to record with fewer pictures and bits, so that a backlog is sent sooner: from a minute that waits until nearly nothing does.
 * Nothing is left out: the seconds are all there.
 * @param waitingMs of the stream that waits longest
 */
export const isFrugalNow = (wasFrugal: boolean, waitingMs: number): boolean => waitingMs > (wasFrugal ? FEW_MS : MANY_MS);
