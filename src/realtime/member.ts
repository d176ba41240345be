import type { LogEvent } from '../services/event-log/event-log.ts';
import { messagePrefix } from './frames.ts';
import type { Outlet } from './outlet.ts';

/** What a member needs from its group. */
interface Membership {
  start(member: Member): void;
  leave(member: Member): void;
}

/**
 * One subscription in a group. To the protocol loop it is an iterator that yields nothing and ends with the
 * subscription, because the group writes to the socket itself. It holds a position and no messages.
 */
export class Member implements AsyncIterableIterator<never, undefined> {
  readonly outlet: Outlet;
  readonly prefix: string;
  /**
   * `live` members have everything that the group delivered, `early` ones have later events than the group, and `behind` ones
   * are served from the ring or the log. A member that asked for a position `ahead` of the log gets an error.
   */
  state: 'live' | 'early' | 'behind' | 'ahead' = 'behind';
  /** Everything up to here was sent; not updated while the member is live. */
  position: number;
  ended = false;
  /** Its own cursor, while neither the group nor the ring has its next event. */
  cursor: AsyncIterator<LogEvent> | undefined;
  readonly #group: Membership;
  #settle: { resolve: (end: IteratorReturnResult<undefined>) => void; reject: (reason: unknown) => void } | undefined;

  constructor(group: Membership, { id, position, outlet }: { id: string; position: number; outlet: Outlet }) {
    this.#group = group;
    this.prefix = messagePrefix(id);
    this.position = position;
    this.outlet = outlet;
    outlet.subscriptions += 1;
  }

  /** The protocol loop calls this once it has registered the subscription; nothing may be sent before. */
  next(): Promise<IteratorResult<never, undefined>> {
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#group.start(this);
    });
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  end(): void {
    if (this.#finish()) this.#settle?.resolve({ done: true, value: undefined });
  }

  fail(reason: unknown): void {
    if (this.#finish()) this.#settle?.reject(reason);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.outlet.subscriptions -= 1;
    void this.cursor?.return?.();
    this.#group.leave(this);
    return true;
  }
}
