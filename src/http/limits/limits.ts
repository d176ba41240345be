import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { TooOften } from '../../errors.ts';

const WINDOW_S = 60;
/**
 * A few wrong keys are typing mistakes, more are an attack. Correct keys still pass, so that one bad client behind a shared
 * address locks nobody out.
 */
const FAILED_AUTH_PER_MINUTE = 60;

/** With the header fields of draft-ietf-httpapi-ratelimit-headers. */
const rateLimited = (limit: number, waitMs: number) =>
  new TooOften('Rate limit exceeded', waitMs, (seconds) => ({
    'RateLimit-Policy': `"default";q=${limit};w=${WINDOW_S}`,
    RateLimit: `"default";r=0;t=${seconds}`,
  }));

/** Rate limits of this process: requests per caller, failed authentications per address. */
export function createLimits({ requestsPerMinute }: { requestsPerMinute: number }) {
  const requests = requestsPerMinute > 0 ? new RateLimiterMemory({ points: requestsPerMinute, duration: WINDOW_S }) : null;
  const failures = new RateLimiterMemory({ points: FAILED_AUTH_PER_MINUTE, duration: WINDOW_S });

  async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (error) {
      if (error instanceof RateLimiterRes) throw rateLimited(limiter.points, error.msBeforeNext);
      throw error;
    }
  }

  return {
    /** @throws TooOften above `RATE_LIMIT_PER_MINUTE`. */
    request: async (caller: string) => (requests ? consume(requests, caller) : undefined),
    /** @throws TooOften if the address has failed too often. */
    failedAuthentication: (address: string) => consume(failures, address),
  };
}

export type Limits = ReturnType<typeof createLimits>;
