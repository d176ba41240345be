import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { TooOften } from '../errors.ts';
import { nameOf, type ParticipantKey } from './participants/key.ts';

/** At most so many of something per participant and minute, at this server. */
export function createPersonalLimit({ perMinute, what }: { perMinute: number; what: string }) {
  const pace = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    /** @throws TooOften with the time after which it may be tried again */
    async take(who: ParticipantKey): Promise<void> {
      try {
        await pace.consume(nameOf(who));
      } catch (error) {
        if (error instanceof RateLimiterRes) throw new TooOften(`At most ${perMinute} ${what} per minute`, error.msBeforeNext);
        throw error;
      }
    },
  };
}
