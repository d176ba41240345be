import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '../../adapters/signals/bus.ts';
import { abortable } from '../../async/abortable.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import { AppError, notFound, ResyncRequired } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { groupByExam } from './by-exam.ts';
import { type EventLog, examTopic, type LogEvent } from './event-log.ts';
import { Hub } from './hub.ts';

/** For one exam, in one statement. */
const READ_SIZE = 500;
/** Exams in one statement. */
const HUBS_AT_ONCE = 250;
/** The longest delay that a lost wake-up call causes. */
const TICK_MS = 1_000;

interface Entry {
  hub: Hub;
  unsubscribe: () => void;
}

/** The hubs of this process: one per watched exam. */
export function createHubs({ eventLog, bus, log }: { eventLog: EventLog; bus: Bus; log: Logger }) {
  const hubs = new Map<string, Entry>();
  const behind = new Set<Hub>();
  let reading = false;

  eventLog.onAnnounced((events) => {
    for (const [examId, ofExam] of groupByExam(events)) {
      const hub = hubs.get(examId)?.hub;
      if (hub && !hub.offer(ofExam)) refresh(hub);
    }
  });

  /** Makes the hub read what is new. Hubs that are woken together share the statements. */
  function refresh(hub: Hub): void {
    behind.add(hub);
    if (reading) return;
    reading = true;
    void readBehind().catch((error) => log.warn({ err: error }, 'could not read the event log; will try again'));
  }

  async function readBehind(): Promise<void> {
    try {
      while (behind.size > 0) await readSome();
    } finally {
      reading = false; // in the same turn that found nobody behind: later callers start a new read
    }
  }

  async function readSome(): Promise<void> {
    const batch = [...behind].slice(0, HUBS_AT_ONCE);
    for (const hub of batch) behind.delete(hub);
    const pages = await eventLog.readMany(
      batch.map(({ examId, newest }) => ({ examId, after: newest })),
      READ_SIZE,
    );
    for (const hub of batch) {
      const page = pages.get(hub.examId);
      if (!page) continue;
      hub.accept(page);
      if (page.resyncFrom !== null || page.isPart) behind.add(hub);
    }
  }

  /** One statement for all hubs; it shows which of them missed a wake-up call and whose exam is gone. */
  async function tick(): Promise<void> {
    const asked = [...hubs.values()].map(({ hub }) => hub);
    const newest = await eventLog.newest(asked.map(({ examId }) => examId));
    for (const hub of asked) {
      const position = newest.get(hub.examId);
      if (position === undefined) hub.end();
      else if (position > hub.newest) refresh(hub);
    }
  }
  /** Only while somebody watches. */
  let ticker: Sweep | undefined;

  /** @param newest a position that the log has reached: the hub starts there. */
  function enter(examId: string, newest: bigint): Hub {
    let entry = hubs.get(examId);
    if (!entry) {
      const hub = new Hub(examId, newest);
      entry = { hub, unsubscribe: bus.subscribe(examTopic(examId), () => refresh(hub)) };
      hubs.set(examId, entry);
      ticker ??= startSweep({ everyMs: TICK_MS, log, failure: 'could not look for new events; will try again', run: tick });
      // The wake-up call of a commit between reading `newest` and the subscription was not heard.
      refresh(hub);
    }
    entry.hub.watchers += 1;
    return entry.hub;
  }

  function leave(hub: Hub): void {
    hub.watchers -= 1;
    const entry = hubs.get(hub.examId);
    if (hub.watchers > 0 || entry?.hub !== hub) return;
    entry.unsubscribe();
    hubs.delete(hub.examId);
    if (hubs.size > 0) return;
    void ticker?.stop();
    ticker = undefined;
  }

  /** Events later than `after`: from the hub's ring if it reaches back that far, otherwise from the database. */
  async function readSince(hub: Hub, after: bigint): Promise<{ events: readonly LogEvent[]; newest: bigint }> {
    const { newest } = hub;
    const events = hub.since(after);
    if (events) return { events, newest };
    const page = await eventLog.read(hub.examId, after, READ_SIZE);
    // Nothing is left of the events that the hub has seen.
    if (page.newest === after && newest > after && !hub.isGone) throw new ResyncRequired(newest + 1n);
    return page;
  }

  /** A cursor survives an outage of the database: it retries at the pace of the tick. */
  async function patiently<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        if (error instanceof AppError) throw error;
        log.warn({ err: error }, 'a cursor could not read the event log; will try again');
        await delay(TICK_MS, undefined, { signal });
      }
    }
  }

  return {
    /**
     * A cursor: every event of the exam later than `after`, in order, each once, then new ones, until the exam is deleted.
     * Without `after` it starts at the newest event of this moment. It holds a position and no queue, so a slow reader costs
     * nothing.
     * @throws AppError `not_found`; ResyncRequired if the log does not hold what came after `after`, now or later
     */
    async watch(examId: string, after?: bigint): Promise<AsyncIterableIterator<LogEvent>> {
      const newest = (await eventLog.newest([examId])).get(examId);
      if (newest === undefined) throw notFound('Exam');
      const start = after ?? newest;
      // A position ahead of the log is from before a backup was restored: its client has seen events that no longer exist.
      if (start > newest) throw new ResyncRequired(newest + 1n);
      if (start < newest) await eventLog.assertKept(examId, start, newest);
      return abortable(async function* follow(signal) {
        const hub = enter(examId, newest);
        try {
          let position = start;
          while (!signal.aborted) {
            const seen = hub.changed.version;
            const { events, newest } = await patiently(() => readSince(hub, position), signal);
            for (const event of events) {
              if (signal.aborted) return;
              yield event;
            }
            if (newest > position) position = newest;
            else if (hub.isGone) return;
            else await hub.changed.after(seen, signal);
          }
        } finally {
          leave(hub);
        }
      });
    },
    /** Stops the tick; cursors end with their sockets. */
    async close(): Promise<void> {
      await ticker?.stop();
    },
  };
}

export type Hubs = ReturnType<typeof createHubs>;
