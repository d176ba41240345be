import { vi } from 'vitest';

/**
 * How late a busy machine may be, in milliseconds: added to a limit that the server keeps, where a test proves that something ends
 * by itself and does not hang. Nothing is slower because of it.
 */
export const LATE_MS = 60_000;

/** Like `expect.poll`, which works neither in a hook nor in concurrent tests: waits until the check passes. */
export const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 120_000, interval: 20 });
