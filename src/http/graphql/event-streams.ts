import type { ServerResponse } from 'node:http';
import type { Context } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { mostSockets, PerCredential } from '../limits/per-credential.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Subscriptions over server-sent events. Like sockets, they end when the rights of their viewer end, are limited per
 * credential, and do not delay a shutdown.
 */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #perCredential = new PerCredential();
  readonly #mostOfCredential: number;

  constructor({ socketsPerCredential }: { socketsPerCredential: number }) {
    this.#mostOfCredential = socketsPerCredential;
  }

  /**
   * Ends the source when the rights of its viewer end.
   * @param res the response that carries the stream
   * @throws AppError `rate_limited`
   */
  bind<T>(source: AsyncIterableIterator<T>, { viewer, services }: Context, res: ServerResponse): AsyncIterableIterator<T> {
    const release = this.#perCredential.hold(viewer, mostSockets(viewer, this.#mostOfCredential));
    if (!release) throw new AppError('rate_limited', 'Too many connections');
    const end = () => void source.return?.();
    const expiry = viewer.expiresAt && setTimeout(end, Math.min(viewer.expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS)).unref();
    const unfollow = services.access.follow(viewer, end);
    const letGo = () => {
      this.#open.delete(res);
      clearTimeout(expiry ?? undefined);
      unfollow();
      release();
      end();
    };
    this.#open.add(res);
    // The client may have left while its rights were checked.
    if (res.closed) letGo();
    else res.once('close', letGo);
    return source;
  }

  /** Cuts all of them off, so that their clients reconnect; they would not reconnect after a completed stream. */
  breakOff(): void {
    for (const res of this.#open) res.destroy();
  }
}
