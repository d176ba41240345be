import type { Api } from '../../shared/api.ts';
import type { Journal } from './journal.ts';
import { type Final, OK, type Outcome, outcomeOf } from './outcome.ts';
import type { Seat, StreamKind } from './protocol.ts';
import type { Job, Lane } from './queue.ts';
import type { Recordings } from './recordings.ts';
import type { DutyRecord } from './records.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';
import type { Uploader } from './uploader.ts';

/** The submission waits so long for what was recorded before somebody was let in again, and for a recording without a chunk to begin. */
const MAY_WAIT_MS = 30_000;

interface Options {
  seat: Seat;
  api: Api;
  journal: Journal;
  recordings: Recordings;
  streams: Streams;
  uploader: Uploader;
  /** Signals that wait. */
  signals(): number;
  onRefused(final: Final): void;
  onChange(): void;
}

/**
 * What is left to do once no more chunks come: start the recordings that could not be started (after the submission they are refused),
 * hand in, announce the numbers of chunks, and ask whether all are there. Stored before it begins, so that a reload goes on with it.
 */
export function createHandIn({ seat, api, journal, recordings, streams, uploader, signals, onRefused, onChange }: Options) {
  let duty: DutyRecord | null = null;
  let isBusy = false;
  let since = 0;
  /** Whether the indexes of the duty are of this page. */
  let isOwn = false;

  async function save(change: Partial<DutyRecord>): Promise<void> {
    if (!duty) return;
    const changed: DutyRecord = { ...duty, ...change };
    duty = changed;
    onChange();
    await journal.write({ key: 'duty', stores: ['duties'], apply: (tx) => tx.objectStore('duties').put(changed) });
  }

  async function submit({ stats, idempotencyKey }: DutyRecord): Promise<Outcome> {
    try {
      const headers = { 'idempotency-key': idempotencyKey };
      await api.rest(`/exams/${encodeURIComponent(seat.examId)}/submit`, { method: 'POST', body: { stats }, headers });
      await save({ submitted: true });
      // The line holds, and no heartbeat tells so any more: what an outage put off need not wait.
      uploader.hasten();
      return OK;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.kind !== 'final') return outcome;
      // It was handed in elsewhere, or may not be any more: what was recorded is sent all the same.
      await save({ submits: false });
      onRefused(outcome);
      return outcome;
    }
  }

  async function announce(stream: Stream, id: string): Promise<Outcome> {
    const { record, kind } = stream;
    const endIndex = record.endIndex ?? duty?.until[kind] ?? record.nextIndex;
    // If the answer is lost, the next page knows that it was this one who ended it.
    await streams.update(stream, { endIndex });
    // That nothing was recorded is another thing than that nothing of it was taken.
    const isUnknown = endIndex === record.base && (record.lost || streams.hasRefused(stream));
    try {
      stream.isComplete = (await recordings.finish(id, isUnknown ? null : endIndex - record.base)).complete === true;
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.kind !== 'final') return outcome;
      // Another number was announced before, more came than this page knows of, it has ended, or there is none any more.
      const recording = await uploader.askFor(id);
      if (outcome.code === 'invalid_request' && recording?.nextChunk !== undefined) {
        await recordings.finish(id, recording.nextChunk);
        await endAt(stream, record.base + recording.nextChunk);
      }
    }
    await streams.update(stream, { isAnnounced: true });
    return OK;
  }

  /** What came of it although it was recorded later belongs to it, and to the duty. */
  async function endAt(stream: Stream, endIndex: number): Promise<void> {
    const { kind } = stream;
    await streams.update(stream, { endIndex });
    if (duty && endIndex > (duty.until[kind] ?? 0)) await save({ until: { ...duty.until, [kind]: endIndex } });
  }

  async function ask(stream: Stream, id: string): Promise<Outcome> {
    const recording = await uploader.askFor(id);
    const { record, kind } = stream;
    const hasRefused = streams.hasRefused(stream);
    const hadNothing = record.endIndex === record.base && !hasRefused && !record.lost;
    stream.isComplete = recording?.complete === true || hadNothing;
    const isOver = recording?.nextChunk === undefined;
    // It was taken and is not there, or is over without all of it, and how much that is nobody knows.
    const isGone = isOver && !stream.isComplete && !hasRefused && !record.lost;
    if (isGone) await streams.lose(kind, recording ? 1 : Math.max(1, record.acknowledged));
    stream.isSettled = stream.isComplete || isOver || hasRefused || (record.lost ?? 0) > 0;
    onChange();
    if (stream.isSettled) return OK;
    return { kind: 'passing', isOffline: false, retryAfterMs: null, message: 'Not everything is there yet' };
  }

  /** It was started, or may have been, and then nothing came: the server is told that there are no chunks. */
  function isEmpty({ kind, record, isExpected, isAsked }: Stream, { until }: DutyRecord): boolean {
    const { base, recordingId, endIndex, isAnnounced } = record;
    const isBegun = recordingId !== null || (isAsked && mayWait());
    // Somebody may have been let in again while it was being announced.
    const isEnding = endIndex !== null && !isAnnounced;
    return isBegun && (!isExpected || isEnding) && base === until[kind];
  }

  const mayWait = () => performance.now() - since < MAY_WAIT_MS;

  /** The next thing that can be done now. */
  function step(current: DutyRecord): Job | null {
    for (const stream of streams.all()) streams.goOn(stream);
    const begun = streams.all().filter((stream) => stream.record.base < (current.until[stream.kind] ?? 0) || isEmpty(stream, current));
    for (const stream of begun) if (stream.record.recordingId === null && !stream.block) return uploader.preparation(stream);
    // Who was let in again has another recording, which begins when the one before is sent, and cannot begin after the submission.
    const mustBegin = begun.some((stream) => streams.hasMore(stream)) && mayWait();
    if (current.submits && !current.submitted && !mustBegin) return () => submit(current);
    for (const stream of begun) {
      const { recordingId, isAnnounced, acknowledged } = stream.record;
      const isSent = streams.unsent(stream).length === 0;
      if (recordingId && !stream.isCompared) return uploader.preparation(stream);
      // With which chunk it begins, and so their number, is known when the first was taken.
      if (recordingId && !isAnnounced && (acknowledged > 0 || isSent)) return () => announce(stream, recordingId);
      if (recordingId && isAnnounced && !stream.isSettled && isSent) return () => ask(stream, recordingId);
    }
    const isSettled = begun.every(({ isSettled, block }) => isSettled || block);
    if (!isSettled || signals() > 0) return null;
    return async () => {
      await save({ done: true });
      return OK;
    };
  }

  async function run(job: Job): Promise<Outcome> {
    try {
      return await job();
    } catch (error) {
      return outcomeOf(error);
    } finally {
      isBusy = false;
    }
  }

  const lane: Lane = {
    next() {
      if (!duty || duty.done || isBusy) return null;
      const job = step(duty);
      if (!job) return null;
      isBusy = true;
      return () => run(job);
    },
  };

  const hasMore = ({ until }: DutyRecord) => streams.all().some(({ kind, record }) => record.nextIndex > (until[kind] ?? 0));
  /** As after somebody was let in again, and sent out at once. */
  const hasOpen = () => streams.all().some(({ record, isAsked }) => (record.recordingId !== null || isAsked) && !record.isAnnounced);

  /**
   * Takes on the duty, for everything that was recorded before. A repeat while it is not done changes nothing. Who hands in after it was
   * done was let in again, even if nothing was recorded since.
   */
  async function begin(submits: boolean, stats: Record<string, unknown>): Promise<void> {
    await streams.settle();
    since = performance.now();
    for (const stream of streams.all()) stream.isExpected = false;
    const until = Object.fromEntries(streams.all().map(({ kind, record }) => [kind, record.nextIndex]));
    const isNew = !duty || (duty.done && (submits || hasMore(duty) || hasOpen()));
    isOwn ||= isNew || duty?.done === false;
    if (isNew) {
      duty = { ...seat, submits, until, stats, idempotencyKey: crypto.randomUUID(), submitted: false, done: false };
      await save({});
    } else if (duty?.done === false) {
      const isSooner = submits && !duty.submits && !duty.submitted;
      await save({ until, ...(isSooner && { submits, stats }) });
    }
  }

  return {
    lane,
    begin,
    /** The indexes of this page's chunks are higher by so many: an earlier one had sent more than the device has kept. */
    move(kind: StreamKind, by: number): void {
      const until = duty?.until[kind];
      if (duty && isOwn && until !== undefined) void save({ until: { ...duty.until, [kind]: until + by } });
    },
    adopt(record: DutyRecord | null): void {
      duty = record;
      if (!duty?.done) return;
      for (const stream of streams.all()) stream.isComplete = stream.record.isAnnounced && stream.items.size === 0 && !stream.record.lost;
    },
    get state(): { handedIn: 'no' | 'waiting' | 'done'; submitted: boolean } {
      // Let in again, and recording.
      if (!duty || (duty.done && hasMore(duty))) return { handedIn: 'no', submitted: false };
      return { handedIn: duty.done ? 'done' : 'waiting', submitted: duty.submitted };
    },
  };
}
