import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { TooOften } from '../errors.ts';
import { nameOf, type ParticipantKey } from './participants/key.ts';

/** At most so many of something per participant and minute, or in `everySeconds` one, at this server. */
export function createPersonalLimit({ what, ...pace }: { what: string } & ({ perMinute: number } | { everySeconds: number })) {
  const [points, duration] = 'perMinute' in pace ? [pace.perMinute, 60] : [1, pace.everySeconds];
  const limiter = new RateLimiterMemory({ points, duration });
  const time = 'perMinute' in pace ? 'minute' : `${duration} seconds`;
  return {
    /** @throws TooOften with the time after which it may be tried again */
    async take(who: ParticipantKey): Promise<void> {
      try {
        await limiter.consume(nameOf(who));
      } catch (error) {
        if (error instanceof RateLimiterRes) throw new TooOften(`At most ${points} ${what} per ${time}`, error.msBeforeNext);
        throw error;
      }
    },
  };
}
