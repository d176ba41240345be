import { ApiError, NetworkError } from '../../shared/api.ts';

/** How a request ended: what comes back is tried again, what is final is not, and without a valid token nothing is. */
export type Outcome =
  | { kind: 'ok' }
  | { kind: 'passing'; isOffline: boolean; retryAfterMs: number | null; message: string }
  | { kind: 'final'; code: string; message: string }
  | { kind: 'signed-out'; message: string };

export type Final = Extract<Outcome, { kind: 'final' }>;

export const OK: Outcome = { kind: 'ok' };

const PASSING = new Set(['rate_limited', 'server_error', 'internal', 'internal_server_error']);

export function outcomeOf(error: unknown): Exclude<Outcome, { kind: 'ok' }> {
  const message = error instanceof Error ? error.message : 'It failed';
  if (error instanceof ApiError) {
    const { code, retryAfterMs } = error;
    if (code === 'unauthorized' || code === 'unauthenticated') return { kind: 'signed-out', message };
    // Whatever says when to come back is not final, such as a repeat whose first request still runs.
    if (PASSING.has(code) || retryAfterMs !== null) return { kind: 'passing', isOffline: false, retryAfterMs, message };
    return { kind: 'final', code, message };
  }
  // All else is of this device, such as a database that cannot be read: the next try may find it in order.
  return { kind: 'passing', isOffline: error instanceof NetworkError, retryAfterMs: null, message };
}

/** Tells whether a refusal names a field. */
export const isAbout = (error: unknown, field: string): boolean =>
  error instanceof ApiError && error.details.some((detail) => detail.field === field);
