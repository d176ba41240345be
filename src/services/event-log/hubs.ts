import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '../../adapters/bus.ts';
import type { Logger } from '../../log.ts';
import { abortable } from './abortable.ts';
import { type EventLog, examTopic, type LogEvent } from './event-log.ts';
import { WakeSignal } from './signal.ts';

/** Events that a hub keeps for cursors that are up to date; one that lags reads the database. */
const RING_SIZE = 1_024;
const READ_SIZE = 500;
/** A lost wake-up call costs no more than this. */
const TICK_MS = 1_000;

/** The newest events of one exam in this process, read once for all its cursors. */
class Hub {
  readonly examId: string;
  readonly changed = new WakeSignal();
  watchers = 0;
  newest: bigint;
  /** The ring holds every event later than this. */
  #floor: bigint;
  #ring: LogEvent[] = [];
  #reading: Promise<void> | undefined;
  #stale = false;
  readonly #log: EventLog;

  constructor(examId: string, newest: bigint, log: EventLog) {
    this.examId = examId;
    this.newest = newest;
    this.#floor = newest;
    this.#log = log;
  }

  /** Reads what came since the last time. Calls during a read cause one more, not one each. */
  refresh(): Promise<void> {
    this.#stale = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Events later than `after`, from the ring where it reaches back that far. */
  async since(after: bigint): Promise<{ events: LogEvent[]; newest: bigint }> {
    if (after < this.#floor) return this.#log.read(this.examId, after, READ_SIZE);
    const first = this.#ring.findIndex(({ seq }) => seq > after);
    return { events: first < 0 ? [] : this.#ring.slice(first), newest: this.newest };
  }

  async #readAll(): Promise<void> {
    while (this.#stale) {
      this.#stale = false;
      const { events, newest } = await this.#log.read(this.examId, this.newest, READ_SIZE);
      if (newest === this.newest) continue;
      this.#stale ||= newest - this.newest >= BigInt(READ_SIZE);
      this.newest = newest;
      this.#keep(events);
      this.changed.wake();
    }
  }

  #keep(events: LogEvent[]): void {
    this.#ring.push(...events);
    const dropped = this.#ring.splice(0, Math.max(0, this.#ring.length - RING_SIZE));
    this.#floor = dropped.at(-1)?.seq ?? this.#floor;
  }
}

/** The hubs of this process: one for each exam that somebody watches. */
export function createHubs({ eventLog, bus, log }: { eventLog: EventLog; bus: Bus; log: Logger }) {
  const hubs = new Map<string, { hub: Hub; unsubscribe: () => void }>();
  const refresh = (hub: Hub) =>
    hub.refresh().catch((error) => log.warn({ err: error, examId: hub.examId }, 'could not read the event log; will try again'));

  /** One statement for all hubs, whose answer tells which of them missed a wake-up call. */
  async function tick(): Promise<void> {
    if (hubs.size === 0) return;
    const newest = await eventLog.newest([...hubs.keys()]);
    for (const { hub } of hubs.values()) if ((newest.get(hub.examId) ?? 0n) > hub.newest) void refresh(hub);
  }
  const ticker = setInterval(() => void tick().catch((error) => log.warn({ err: error }, 'could not look for new events')), TICK_MS);
  ticker.unref();

  async function enter(examId: string): Promise<Hub> {
    const newest = (await eventLog.newest([examId])).get(examId) ?? 0n;
    let entry = hubs.get(examId);
    if (!entry) {
      const hub = new Hub(examId, newest, eventLog);
      entry = { hub, unsubscribe: bus.subscribe(examTopic(examId), () => void refresh(hub)) };
      hubs.set(examId, entry);
    }
    entry.hub.watchers += 1;
    // What committed between the look at `newest` and the subscription had its wake-up call unheard.
    void refresh(entry.hub);
    return entry.hub;
  }

  function leave(hub: Hub): void {
    hub.watchers -= 1;
    if (hub.watchers > 0) return;
    hubs.get(hub.examId)?.unsubscribe();
    hubs.delete(hub.examId);
  }

  /** A cursor outlives an outage of the database: it tries again, at the pace of the tick. */
  async function patiently(read: () => ReturnType<Hub['since']>, signal: AbortSignal): ReturnType<Hub['since']> {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        log.warn({ err: error }, 'a cursor could not read the event log; will try again');
        await delay(TICK_MS, undefined, { signal });
      }
    }
  }

  return {
    /**
     * A cursor: every event of the exam later than `after`, in order, each once, then those to come. Without `after`
     * it starts at the newest event of this moment. It holds a position and no queue, so a slow reader costs nothing.
     */
    async watch(examId: string, after?: bigint): Promise<AsyncIterableIterator<LogEvent>> {
      const start = after ?? (await eventLog.newest([examId])).get(examId) ?? 0n;
      return abortable(async function* follow(signal) {
        const hub = await enter(examId);
        try {
          let position = start;
          while (!signal.aborted) {
            const seen = hub.changed.version;
            const { events, newest } = await patiently(() => hub.since(position), signal);
            for (const event of events) {
              if (signal.aborted) return;
              yield event;
            }
            if (newest > position) position = newest;
            else await hub.changed.after(seen, signal);
          }
        } finally {
          leave(hub);
        }
      });
    },
    /** Ends the tick; cursors end with their sockets. */
    close() {
      clearInterval(ticker);
    },
  };
}

export type Hubs = ReturnType<typeof createHubs>;
