import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ExamFeed } from '../resolvers/exam-feed.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { Batch } from './frames.ts';
import { Member } from './member.ts';
import type { Outlet } from './outlet.ts';
import { type Entry, Ring } from './ring.ts';
import type { Turn } from './turn.ts';

/** Events rendered in one turn, before sockets are written and other work gets its turn. */
const MAX_BATCH = 64;
const MAX_BATCH_BYTES = 256 * 1024;
/** Cache for members that replay the same part of the log, as all do that reconnect after a restart. */
const REPLAYED = { max: 2_048, maxSize: 2 * 1024 * 1024 };
const RING_READ_BYTES = 32 * 1024;
const RETRY_MS = 1_000;

interface Terms {
  watch: ExamFeed;
  /** The shared part of an event's message. */
  render(event: LogEvent): string | Promise<string>;
  turn: Turn;
  log: Logger;
  onClose(group: Group): void;
}

/**
 * Subscribers who get the same messages except for the id: one cursor, and one execution and serialisation per event.
 *
 * `#head` only moves in `flush`, which passes the same events to the live members in the same step, without an await.
 * So a member whose position equals `#head` has everything and can become live at any time between two flushes.
 */
export class Group {
  readonly #terms: Terms;
  readonly #members = new Set<Member>();
  readonly #ring: Ring;
  /** Position up to which events were delivered. */
  #head: number;
  /** Position up to which events were rendered. */
  #rendered: number;
  #batch: Entry[] = [];
  #batchBytes = 0;
  #flushing = false;
  #cursor: AsyncIterator<LogEvent> | undefined;
  #closed = false;
  #replays = 0;
  #replayed: LRUCache<number, string> | undefined;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#head = this.#rendered = Number(terms.watch.newest);
    this.#ring = new Ring(this.#head);
    void this.#follow();
  }

  join(id: string, watch: ExamFeed, outlet: Outlet): Member {
    const member = new Member(this, { id, position: Number(watch.after), outlet });
    if (watch.after > watch.newest) member.state = 'ahead';
    this.#members.add(member);
    return member;
  }

  start(member: Member): void {
    void this.#bringUpToDate(member);
  }

  leave(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#close();
  }

  async #follow(): Promise<void> {
    const { watch, turn } = this.#terms;
    try {
      const cursor = await this.#open(watch.newest, () => this.#closed);
      this.#cursor = cursor;
      for await (const event of cursor) {
        if (this.#closed) return;
        this.#take(Number(event.seq), watch.accepts(event) ? await this.#terms.render(event) : null);
        if (this.#batch.length >= MAX_BATCH || this.#batchBytes >= MAX_BATCH_BYTES) await turn.end();
      }
      this.flush();
      this.#close((member) => member.end());
    } catch (error) {
      this.#close((member) => member.fail(error));
    }
  }

  #take(seq: number, tail: string | null): void {
    this.#rendered = seq;
    if (tail !== null) {
      this.#batch.push({ seq, tail });
      this.#batchBytes += tail.length;
    }
    if (this.#flushing) return;
    this.#flushing = true;
    this.#terms.turn.deliver(this);
  }

  /** Delivers the rendered events to the members that are up to date. */
  flush(): void {
    this.#flushing = false;
    if (this.#closed) return;
    const before = this.#head;
    const entries = this.#batch;
    this.#head = this.#rendered;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#ring.push(entries);
    const batch = new Batch(entries.map(({ tail }) => tail));
    const moved: Member[] = [];
    for (const member of this.#members) {
      const { outlet, state } = member;
      if (outlet.isClosed) {
        member.end();
      } else if (state === 'early') {
        if (member.position <= this.#head) moved.push(member);
      } else if (state === 'live' && entries.length > 0) {
        if (outlet.isCongested) {
          member.position = before;
          moved.push(member);
        } else {
          outlet.sendLast(batch.for(member.prefix));
        }
      }
    }
    for (const member of moved) void this.#bringUpToDate(member);
  }

  /** Sends the member what it has missed until it has caught up with the group. */
  async #bringUpToDate(member: Member): Promise<void> {
    const { outlet, state } = member;
    member.state = 'behind';
    try {
      if (state === 'ahead') await this.#replay(member); // the log raises the right error for it
      while (!member.ended && !outlet.isClosed) {
        if (outlet.isCongested) {
          await outlet.drained();
        } else if (member.position > this.#head) {
          member.state = 'early';
          return;
        } else if (member.position === this.#head) {
          member.state = 'live';
          return;
        } else if (member.position >= this.#ring.floor) {
          this.#sendFromRing(member);
        } else {
          await this.#replay(member);
        }
      }
    } catch (error) {
      member.fail(error);
    }
  }

  #sendFromRing(member: Member): void {
    const entries = this.#ring.after(member.position, RING_READ_BYTES);
    if (entries.length > 0) member.outlet.send(new Batch(entries.map(({ tail }) => tail)).for(member.prefix));
    member.position = entries.at(-1)?.seq ?? this.#head;
  }

  /** Sends from the log until the member's position is within the ring. */
  async #replay(member: Member): Promise<void> {
    const { watch, turn } = this.#terms;
    this.#replays += 1;
    try {
      const cursor = await this.#open(BigInt(member.position), () => member.ended);
      member.cursor = cursor;
      let sent = 0;
      for await (const event of cursor) {
        const tail = watch.accepts(event) ? await this.#replayTail(event) : null;
        if (member.ended || member.outlet.isClosed) return;
        if (tail !== null) member.outlet.send(new Batch([tail]).for(member.prefix));
        member.position = Number(event.seq);
        if (member.position >= this.#ring.floor) return;
        if (member.outlet.isCongested) await member.outlet.drained();
        sent += 1;
        if (sent % MAX_BATCH === 0) await turn.end();
      }
      member.end();
    } finally {
      member.cursor = undefined;
      this.#replays -= 1;
      if (this.#replays === 0) this.#replayed = undefined;
    }
  }

  async #replayTail(event: LogEvent): Promise<string> {
    const seq = Number(event.seq);
    const known = this.#replayed?.get(seq);
    if (known !== undefined) return known;
    const tail = await this.#terms.render(event);
    this.#replayed ??= new LRUCache({ ...REPLAYED, sizeCalculation: ({ length }) => length + 1 });
    this.#replayed.set(seq, tail);
    return tail;
  }

  /** Survives an outage of the database: members whose rights were checked once do not notice it. */
  async #open(after: bigint, isOver: () => boolean): Promise<AsyncIterableIterator<LogEvent>> {
    const { watch, log } = this.#terms;
    for (;;) {
      try {
        const cursor = await watch.open(after);
        if (isOver()) await cursor.return?.();
        return cursor;
      } catch (error) {
        if (error instanceof AppError || isOver()) throw error;
        log.warn({ err: error, examId: watch.examId }, 'could not open a cursor; will try again');
        await delay(RETRY_MS);
      }
    }
  }

  #close(dismiss?: (member: Member) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#terms.onClose(this);
    void this.#cursor?.return?.();
    for (const member of this.#members) dismiss?.(member);
  }
}
