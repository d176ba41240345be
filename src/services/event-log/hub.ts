import { WakeSignal } from '../../async/wake-signal.ts';
import type { LogEvent, EventPage } from './event-reader.ts';

/** Events that a hub keeps for cursors that are up to date; a cursor that lags reads the database. */
const RING_SIZE = 1_024;

/** The newest events of one exam in this process, read once for all its cursors. */
export class Hub {
  readonly examId: string;
  readonly changed = new WakeSignal();
  watchers = 0;
  #newest: bigint;
  /** The ring holds every event later than this. */
  #floor: bigint;
  #ring: LogEvent[] = [];
  #gone = false;

  constructor(examId: string, newest: bigint) {
    this.examId = examId;
    this.#newest = newest;
    this.#floor = newest;
  }

  /** Position of the newest event known here. */
  get newest(): bigint {
    return this.#newest;
  }

  /** Whether the exam was deleted: its cursors end. */
  get isGone(): boolean {
    return this.#gone;
  }

  end(): void {
    this.#gone = true;
    this.changed.wake();
  }

  /**
   * Takes events that were just committed here.
   * @returns false if events before them are missing and must be read.
   */
  offer(events: readonly LogEvent[]): boolean {
    const fresh = events.filter(({ seq }) => seq > this.#newest);
    const [first] = fresh;
    const last = fresh.at(-1);
    if (!first || !last) return true;
    if (first.seq !== this.#newest + 1n) return false;
    this.#keep(fresh, last.seq);
    return true;
  }

  /** Takes a page from the database, contiguous from a position not later than `newest`. */
  accept({ events, newest, resyncFrom }: EventPage): void {
    if (resyncFrom !== null) {
      // Retention overtook this hub; a cursor that is still behind finds out when it reads.
      this.#ring = [];
      this.#keep([], resyncFrom - 1n);
      this.#floor = resyncFrom - 1n;
    } else if (newest > this.#newest) {
      this.#keep(
        events.filter(({ seq }) => seq > this.#newest),
        newest,
      );
    }
  }

  /** Events later than `after`; null if the ring does not reach back that far. */
  since(after: bigint): LogEvent[] | null {
    if (after < this.#floor) return null;
    return this.#ring.slice(this.#ring.findLastIndex(({ seq }) => seq <= after) + 1);
  }

  #keep(events: readonly LogEvent[], newest: bigint): void {
    for (const event of events) this.#ring.push(event);
    // In large steps, because each one moves the whole ring.
    if (this.#ring.length >= 2 * RING_SIZE) this.#floor = this.#ring.splice(0, this.#ring.length - RING_SIZE).at(-1)?.seq ?? this.#floor;
    this.#newest = newest;
    this.changed.wake();
  }
}
