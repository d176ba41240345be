import type { ServerResponse } from 'node:http';
import type { Context } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { mostSockets, PerCredential } from '../limits/per-credential.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Subscriptions that are answered by server-sent events. As sockets they end with the rights of who asked, are limited for
 * each credential, and hold up no shutdown.
 */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #perCredential = new PerCredential();
  readonly #mostOfCredential: number;

  constructor({ socketsPerCredential }: { socketsPerCredential: number }) {
    this.#mostOfCredential = socketsPerCredential;
  }

  /**
   * Ends the source when the rights of who asked do.
   * @param res the answer that the stream is
   * @throws AppError `rate_limited`
   */
  bind<T>(source: AsyncIterableIterator<T>, { viewer, services }: Context, res: ServerResponse): AsyncIterableIterator<T> {
    const release = this.#perCredential.hold(viewer, mostSockets(viewer, this.#mostOfCredential));
    if (!release) throw new AppError('rate_limited', 'Too many connections');
    const end = () => void source.return?.();
    const expiry = viewer.expiresAt && setTimeout(end, Math.min(viewer.expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS)).unref();
    const unfollow = viewer.keyId === null ? () => {} : services.access.followKey(viewer.keyId, end);
    const letGo = () => {
      this.#open.delete(res);
      clearTimeout(expiry ?? undefined);
      unfollow();
      release();
      end();
    };
    this.#open.add(res);
    // A client may have left while its rights were looked at.
    if (res.closed) letGo();
    else res.once('close', letGo);
    return source;
  }

  /** Breaks all of them off, so that their clients come back: to be told that it is complete would be the end for them. */
  breakOff(): void {
    for (const res of this.#open) res.destroy();
  }
}
