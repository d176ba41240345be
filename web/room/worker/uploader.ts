import { ApiError } from '../../shared/api.ts';
import { backOff } from './back-off.ts';
import { type Final, isAbout, OK, type Outcome, outcomeOf } from './outcome.ts';
import type { FromWorker, StreamKind } from './protocol.ts';
import type { Job, Lane } from './queue.ts';
import type { LiveRecording, Recordings } from './recordings.ts';
import type { Item, Stream } from './stream.ts';
import type { Streams } from './streams.ts';

type Refused = Extract<FromWorker, { type: 'refused' }>;
type FormatRefused = Extract<FromWorker, { type: 'format-refused' }>;

/** Without an answer a chunk is sent again in its order so many times: mostly it is the line. */
const OFFLINE_TRIES = 3;

/** Refusals of a recording's beginning for what it is: 400, or 415 of a proxy that looks into it. */
const OF_THE_FORMAT = new Set(['invalid_request', 'unsupported_media_type']);

interface Options {
  recordings: Recordings;
  streams: Streams;
  onRefused(refused: Omit<Refused, 'type'>): void;
  /** Nothing of this format is taken: the page may know another one. Told once for each. */
  onFormatRefused(refused: Omit<FormatRefused, 'type'>): void;
  /** Tells the proctor that something of the evidence is missing, and why. */
  onGap(details: string): void;
  /** There is something to send again then. */
  onLater(ms: number): void;
  pause?: typeof backOff;
}

/** Sends the chunks of the streams, after their recordings were started or found again. */
export function createUploader({ recordings, streams, onRefused, onFormatRefused, onGap, onLater, pause = backOff }: Options) {
  const preparing = new Set<StreamKind>();
  const told = new Set<string>();

  /** Whatever happens to hundreds of chunks in the same way is told once. */
  function tell(kind: StreamKind, what: Refused['what'], { code, message }: { code: string; message: string }): void {
    const name = `${kind} ${what} ${code}`;
    if (told.has(name)) return;
    told.add(name);
    onRefused({ what, code, message });
    onGap(`The ${kind} recording: ${what === 'recording' ? 'it was refused' : 'a part was refused'} (${code}): ${message}`);
  }

  /** Only if something was recorded: who hands in before the first chunk has nothing that could be refused. */
  function tellOfBlock(stream: Stream): void {
    if (stream.block && streams.unsent(stream).length > 0) tell(stream.kind, 'recording', stream.block);
  }

  /** What follows a refused beginning in the same run is refused, too, and is not told. */
  function tellOfFormat(kind: StreamKind, format: string, { code, message }: Final): void {
    const name = `${kind} ${format}`;
    if (told.has(name)) return;
    told.add(name);
    onFormatRefused({ kind, format, code, message });
  }

  const isReady = ({ record, isCompared }: Stream) => record.recordingId !== null && isCompared;

  /** The server takes nothing more for the recording. */
  async function over(stream: Stream, recording: LiveRecording | null): Promise<void> {
    const { record } = stream;
    if (record.endIndex !== null && recording?.complete) {
      // Only the answers were lost.
      for (const item of streams.unsent(stream)) await streams.acknowledge(stream, item);
      Object.assign(stream, { isComplete: true, isSettled: true });
    } else if (record.isAnnounced) {
      for (const item of streams.unsent(stream)) await streams.refuse(stream, item, 'conflict');
      stream.isSettled = true;
      tell(stream.kind, 'chunk', { code: 'conflict', message: 'This recording has ended' });
    } else await streams.begin(stream);
  }

  async function prepare(stream: Stream): Promise<Outcome> {
    const { record, kind } = stream;
    if (record.recordingId === null) {
      stream.isAsked = true;
      try {
        const { id } = await recordings.start(kind, record.startKey);
        await streams.update(stream, { recordingId: id });
      } catch (error) {
        const outcome = outcomeOf(error);
        if (outcome.kind !== 'final') return outcome;
        stream.isAsked = false;
        stream.block = { code: outcome.code, message: outcome.message };
        tellOfBlock(stream);
        return outcome;
      }
    }
    if (!stream.isCompared && record.recordingId) {
      const recording = await askFor(record.recordingId);
      if (recording?.nextChunk === undefined) await over(stream, recording);
      else await streams.moveBehind(stream, recording.nextChunk);
      stream.isCompared = true;
    }
    return OK;
  }

  /** @returns null if there is no such recording any more */
  async function askFor(id: string): Promise<LiveRecording | null> {
    try {
      return await recordings.ask(id);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_found') return null;
      throw error;
    }
  }

  /** Starts the recording, or finds out what the server has of it; null if that is under way or was refused. */
  function preparation(stream: Stream): Job | null {
    if (isReady(stream) || stream.block || preparing.has(stream.kind)) return null;
    preparing.add(stream.kind);
    return async () => {
      try {
        return await prepare(stream);
      } finally {
        preparing.delete(stream.kind);
      }
    };
  }

  async function afterRefusal(stream: Stream, item: Item, error: unknown, outcome: Final): Promise<Outcome> {
    const { record, kind } = stream;
    const { recordingId } = record;
    if (recordingId && (outcome.code === 'not_found' || isAbout(error, 'recordingId'))) {
      const recording = await askFor(recordingId);
      // Another chunk may have found out meanwhile.
      if (recording?.nextChunk === undefined && record.recordingId === recordingId) await over(stream, recording);
      return OK;
    }
    await streams.refuse(stream, item, outcome.code);
    const isFirst = item.index === record.base && record.acknowledged === 0;
    // A recording begins with index 0: the next chunk that can begin one takes its place.
    if (isFirst) await streams.update(stream, { base: item.index + 1 });
    if (isFirst && item.format !== null && OF_THE_FORMAT.has(outcome.code)) tellOfFormat(kind, item.format, outcome);
    else tell(kind, 'chunk', outcome);
    return outcome;
  }

  function hasten(): void {
    for (const stream of streams.all()) {
      for (const item of stream.items.values()) Object.assign(item, { attempts: 0, notBefore: 0 });
    }
  }

  const upload =
    (stream: Stream, item: Item): Job =>
    async () => {
      const { recordingId: id, base } = stream.record;
      if (!id) return OK;
      try {
        const bytes = await streams.bytes(stream, item);
        if (!bytes) {
          await streams.forget(stream, item);
          tell(stream.kind, 'chunk', { code: 'lost', message: 'The browser does not have it any more' });
          return OK;
        }
        await recordings.put(id, item.index - base, bytes, item);
        await streams.acknowledge(stream, item);
        return OK;
      } catch (error) {
        const outcome = outcomeOf(error);
        if (outcome.kind === 'final') return await afterRefusal(stream, item, error, outcome);
        // So that one that fails again and again, as at a proxy that finds it too large, is not always the first to be tried.
        if (outcome.kind === 'passing' && outcome.retryAfterMs === null) {
          item.attempts += 1;
          if (!outcome.isOffline || item.attempts > OFFLINE_TRIES) {
            // Longer than the queue waits, so that others are tried before.
            const ms = 2 * pause(item.attempts);
            item.notBefore = performance.now() + ms;
            onLater(ms);
          }
        }
        return outcome;
      } finally {
        item.isSending = false;
      }
    };

  return {
    preparation,
    askFor,
    over,
    lane: (kind: StreamKind): Lane => ({
      next() {
        const stream = streams.get(kind);
        const item = stream && streams.next(stream, performance.now());
        if (!item) return stream?.isExpected ? preparation(stream) : null;
        tellOfBlock(stream);
        if (!isReady(stream)) return preparation(stream);
        // The first alone: if it cannot begin a recording, another one becomes its beginning.
        if (stream.record.acknowledged === 0 && [...stream.items.values()].some(({ isSending }) => isSending)) return null;
        item.isSending = true;
        return upload(stream, item);
      },
    }),
    /** Nothing waits for its next try any more. */
    hasten,
    /** Whatever failed may be taken now: the line is back, there is another token, or the exam goes on. */
    retry(): void {
      for (const stream of streams.all()) stream.block = null;
      hasten();
    },
  };
}

export type Uploader = ReturnType<typeof createUploader>;
