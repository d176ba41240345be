import type { LogEvent } from '../services/event-log/event-log.ts';
import type { Hubs } from '../services/event-log/hubs.ts';

interface Terms<E extends LogEvent> {
  hubs: Hubs;
  examId: string;
  after: bigint;
  newest: bigint;
  accepts(event: LogEvent): event is E;
  isShared: boolean;
}

/**
 * The events of an exam's log that one subscriber asked for and may see. Iterating it opens a cursor for this subscriber
 * alone; code that serves many equal subscribers reads the fields and opens one cursor for all of them.
 */
export class ExamFeed<E extends LogEvent = LogEvent> implements AsyncIterable<E> {
  readonly examId: string;
  /** The feed starts after this position. */
  readonly after: bigint;
  /** Position of the newest event when the subscriber's rights were checked. */
  readonly newest: bigint;
  /** Whether subscribers with equal rights get the same events, whenever they came. */
  readonly isShared: boolean;
  readonly #hubs: Hubs;
  readonly #accepts: Terms<E>['accepts'];

  constructor({ hubs, examId, after, newest, accepts, isShared }: Terms<E>) {
    this.examId = examId;
    this.after = after;
    this.newest = newest;
    this.isShared = isShared;
    this.#hubs = hubs;
    this.#accepts = accepts;
  }

  /** Whether the subscriber asked for the event and may see it. */
  accepts(event: LogEvent): event is E {
    return this.#accepts(event);
  }

  /**
   * All events of the exam after a position, including those that are not for this subscriber.
   * @throws AppError `not_found`; ResyncRequired
   */
  open(after: bigint): Promise<AsyncIterableIterator<LogEvent>> {
    return this.#hubs.watch(this.examId, after);
  }

  /** Ending the iterator closes its cursor at once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<E> {
    const accepts = this.#accepts;
    let opening: Promise<AsyncIterableIterator<LogEvent>> | undefined;
    const open = () => (opening ??= this.open(this.after));
    return {
      async next() {
        const cursor = await open();
        for (;;) {
          const { done, value } = await cursor.next();
          if (done) return { done, value: undefined };
          if (accepts(value)) return { done: false, value };
        }
      },
      async return() {
        await (await opening?.catch(() => undefined))?.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
