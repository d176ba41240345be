import type { LogEvent } from '../services/event-log/event-log.ts';
import type { Hubs } from '../services/event-log/hubs.ts';

interface Terms<E extends LogEvent> {
  hubs: Hubs;
  examId: string;
  after: bigint;
  newest: bigint;
  accepts(event: LogEvent): event is E;
}

/**
 * What one subscriber asked for and may have of an exam's log. Iterated it is a cursor of its own; whoever serves many
 * alike reads the terms and opens one cursor for all of them.
 */
export class ExamFeed<E extends LogEvent = LogEvent> implements AsyncIterable<E> {
  readonly examId: string;
  /** Its events are later than this. */
  readonly after: bigint;
  /** Position of the newest event when the subscriber's rights were checked. */
  readonly newest: bigint;
  readonly #hubs: Hubs;
  readonly #accepts: Terms<E>['accepts'];

  constructor({ hubs, examId, after, newest, accepts }: Terms<E>) {
    this.examId = examId;
    this.after = after;
    this.newest = newest;
    this.#hubs = hubs;
    this.#accepts = accepts;
  }

  /** Whether the subscriber asked for the event and may see it. */
  accepts(event: LogEvent): event is E {
    return this.#accepts(event);
  }

  /**
   * All events of the exam later than a position, those included that are not for this subscriber.
   * @throws AppError `not_found`; ResyncRequired
   */
  open(after: bigint): Promise<AsyncIterableIterator<LogEvent>> {
    return this.#hubs.watch(this.examId, after);
  }

  /** Ends its cursor at once when it is ended itself. */
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
