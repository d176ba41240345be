import type { LogEvent } from '../services/event-log/event-log.ts';
import { messagePrefix } from './frames.ts';
import type { Outlet } from './outlet.ts';

/** What a member needs of its group. */
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
   * `live` members have all that the group delivered, `early` ones have later events than it has, and those that are
   * `behind` are read to from the ring or the log. Who asked for what is `ahead` of the log is to be told so.
   */
  state: 'live' | 'early' | 'behind' | 'ahead' = 'behind';
  /** All up to here was sent; not kept up while the member is live. */
  position: number;
  ended = false;
  /** Of its own, while neither group nor ring has what comes next. */
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

  /** The protocol loop asks once it has taken note of the subscription: not before that may anything be sent. */
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
