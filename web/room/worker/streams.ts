import type { Database } from './database.ts';
import type { Journal } from './journal.ts';
import { type Seat, STREAM_KINDS, type StreamKind, type StreamState } from './protocol.ts';
import type { ChunkFacts, Kept, StreamRecord } from './records.ts';
import { blankStream, type Item, itemOf, type Stream } from './stream.ts';

export interface NewChunk {
  kind: StreamKind;
  buffer: ArrayBuffer;
  startedAt: number;
  durationMs: number;
  format?: string;
}

interface Options {
  seat: Seat;
  database: Database;
  journal: Journal;
  onChange(): void;
  /** All chunks of this page have indexes that are higher by so many. */
  onMoved(kind: StreamKind, by: number): void;
}

const chunkKey = (kind: StreamKind, index: number) => `chunk ${kind} ${index}`;

/** What was recorded and the server does not have: the facts in memory, the bytes in the database. */
export function createStreams({ seat, database, journal, onChange, onMoved }: Options) {
  const streams = new Map<StreamKind, Stream>();
  let tail: Promise<unknown> = Promise.resolve();

  const path = (kind: StreamKind, index: number): [string, string, StreamKind, number] => [seat.examId, seat.userId, kind, index];

  /** One after the other: two that give an index at once would give the same. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = tail.then(work);
    tail = result.catch(() => {});
    return result;
  }

  function streamOf(kind: StreamKind): Stream {
    const known = streams.get(kind);
    if (known) return known;
    const stream = blankStream(seat, kind);
    streams.set(kind, stream);
    return stream;
  }

  function save({ kind }: Stream): Promise<boolean> {
    onChange();
    const apply = (tx: Parameters<Parameters<Database['write']>[1]>[0]) => tx.objectStore('streams').put({ ...streamOf(kind).record });
    return journal.write({ key: `stream ${kind}`, stores: ['streams'], apply });
  }

  function lose({ kind, record }: Stream, count: number): Promise<boolean> {
    record.lost = (record.lost ?? 0) + count;
    return save(streamOf(kind));
  }

  /** The next recording of the seat, for the chunks from this index on. */
  function renew(stream: Stream, base: number): void {
    Object.assign(stream.record, {
      startKey: crypto.randomUUID(),
      recordingId: null,
      base,
      acknowledged: 0,
      endIndex: null,
      isAnnounced: false,
    });
    Object.assign(stream, { isCompared: true, isComplete: false, isSettled: false, isAsked: false, block: null });
  }

  /** Whether a chunk belongs to the recording that is being sent. */
  const isOf = ({ record: { base, endIndex } }: Stream, index: number) => index >= base && (endIndex === null || index < endIndex);
  const unsent = (stream: Stream) => [...stream.items.values()].filter(({ index, refused }) => !refused && isOf(stream, index));

  const hasRefused = ({ items }: Stream) => [...items.values()].some(({ refused }) => refused !== '');

  /** More was recorded after the recording was ended: somebody was let in again. It needs another recording. */
  const hasMore = ({ record: { endIndex, nextIndex } }: Stream) => endIndex !== null && nextIndex > endIndex;

  /** Begins the other recording as soon as the one before is announced and sent. */
  function goOn(stream: Stream, isExpected = false): void {
    const { endIndex, isAnnounced } = stream.record;
    if (endIndex === null || !(isExpected || hasMore(stream)) || !isAnnounced || unsent(stream).length > 0) return;
    renew(stream, endIndex);
    void save(stream);
  }

  function stateOf(stream: Stream): StreamState {
    const { record, items, block } = stream;
    const everything = [...items.values()];
    const waiting = everything.filter(({ index, refused }) => index >= record.base && !refused);
    // Of a recording that the server does not let begin, nothing is taken.
    const barred = block ? waiting.length : 0;
    const acknowledgedUpTo = record.acknowledged > 0 ? record.recordedUpTo : null;
    const [oldest] = waiting;
    return {
      recordingId: record.recordingId,
      chunks: record.nextIndex - record.base,
      sent: record.acknowledged,
      refused: everything.filter(({ refused }) => refused !== '').length + barred,
      lost: record.lost ?? 0,
      waitingBytes: waiting.reduce((sum, { size }) => sum + size, 0),
      waitingMs: waiting.reduce((sum, { durationMs }) => sum + durationMs, 0),
      sentUpTo: oldest && record.acknowledged > 0 ? oldest.startedAt : acknowledgedUpTo,
      isComplete: stream.isComplete,
    };
  }

  return {
    /** Goes on where an earlier page stopped. */
    adopt({ streams: records, chunks }: Pick<Kept, 'streams' | 'chunks'>): void {
      for (const record of records) {
        const items = new Map(chunks[record.kind].map((facts) => [facts.index, itemOf(facts)]));
        const isCompared = record.recordingId === null;
        streams.set(record.kind, { ...blankStream(seat, record.kind), record, items, leftAt: record.nextIndex, isCompared });
      }
    },

    get: (kind: StreamKind): Stream | null => streams.get(kind) ?? null,
    all: (): Stream[] => STREAM_KINDS.flatMap((kind) => streams.get(kind) ?? []),
    unsent,
    hasMore,
    hasRefused,
    goOn: (stream: Stream) => goOn(stream),

    /** A recorder runs. Stored, so that the page that comes after this one starts no other recording. */
    expect: (kind: StreamKind): Promise<boolean> =>
      inTurn(() => {
        const stream = streamOf(kind);
        goOn(stream, true);
        stream.isExpected = true;
        return save(stream);
      }),

    /**
     * Keeps a chunk; resolves when it is on the disk or, if the device keeps nothing, in memory.
     * @returns false if there is no room anywhere: it is lost, and has no index
     */
    add: ({ kind, buffer, startedAt, durationMs, format }: NewChunk): Promise<boolean> =>
      inTurn(async () => {
        const stream = streamOf(kind);
        const { record } = stream;
        const index = record.nextIndex;
        const facts: ChunkFacts = { index, size: buffer.byteLength, startedAt, durationMs, refused: '' };
        // Not before the chunk itself is stored: another change of the record may be written first, and then the browser be killed.
        function count(): void {
          record.nextIndex = Math.max(record.nextIndex, index + 1);
          record.recordedUpTo = Math.max(record.recordedUpTo ?? 0, startedAt + durationMs);
        }
        const isKept = await journal.write({
          key: chunkKey(kind, index),
          stores: ['streams', 'chunks'],
          bytes: buffer,
          apply(tx) {
            count();
            return Promise.all([
              tx.objectStore('streams').put({ ...record }),
              tx.objectStore('chunks').put({ ...seat, kind, ...facts, bytes: buffer }),
            ]);
          },
        });
        if (isKept) {
          count();
          stream.items.set(index, itemOf(facts, format));
        }
        onChange();
        return isKept;
      }),

    /** Resolves when everything given so far is kept. */
    settle: () => inTurn(async () => {}),

    /** The oldest that may be sent now. */
    next(stream: Stream, now: number): Item | null {
      goOn(stream);
      for (const item of stream.items.values())
        if (isOf(stream, item.index) && !item.refused && !item.isSending && item.notBefore <= now) return item;
      return null;
    },

    /** @returns null if the browser has lost it @throws StorageError */
    async bytes({ kind }: Stream, { index }: Item): Promise<ArrayBuffer | null> {
      return journal.held(chunkKey(kind, index)) ?? database.readChunk(seat, kind, index);
    },

    /** The server has it: it goes from the device. */
    async acknowledge(stream: Stream, { index }: Item): Promise<void> {
      const { kind, record, items } = stream;
      items.delete(index);
      record.acknowledged += 1;
      onChange();
      await journal.write({
        key: chunkKey(kind, index),
        stores: ['streams', 'chunks'],
        frees: true,
        apply: (tx) => Promise.all([tx.objectStore('streams').put({ ...record }), tx.objectStore('chunks').delete(path(kind, index))]),
      });
    },

    /** The browser has lost it. */
    async forget(stream: Stream, { index }: Item): Promise<void> {
      stream.items.delete(index);
      await lose(stream, 1);
    },

    /** At least so many chunks are nowhere; also those that never had an index. */
    lose: (kind: StreamKind, count: number): Promise<boolean> => lose(streamOf(kind), count),

    /** The server never takes it. It stays on the device, and is not in the way of the others. */
    async refuse(stream: Stream, item: Item, code: string): Promise<void> {
      const { kind } = stream;
      item.refused = code;
      onChange();
      const held = journal.held(chunkKey(kind, item.index));
      // What waits for the disk is refused in memory only: it is asked again after a reload.
      if (held) return;
      await journal.write({
        key: `refusal ${kind} ${item.index}`,
        stores: ['chunks'],
        async apply(tx) {
          const known = await tx.objectStore('chunks').get(path(kind, item.index));
          if (known) await tx.objectStore('chunks').put({ ...known, refused: code });
        },
      });
    },

    /** Changes what is known of a recording. */
    update: (stream: Stream, change: Partial<StreamRecord>): Promise<boolean> => {
      Object.assign(stream.record, change);
      return save(stream);
    },

    /** The recording takes no more: the rest begins another one. */
    begin: (stream: Stream): Promise<boolean> =>
      inTurn(() => {
        renew(stream, unsent(stream)[0]?.index ?? stream.record.nextIndex);
        return save(stream);
      }),

    /**
     * Moves the chunks of this page behind those that the server has of an earlier page, whose memory held more than its database.
     * @param count chunks that the server has @throws StorageError
     */
    moveBehind: (stream: Stream, count: number): Promise<void> =>
      inTurn(async () => {
        const { kind, record, leftAt } = stream;
        const by = count - (leftAt - record.base);
        if (by <= 0) return;
        const moved = [...stream.items.values()].filter(({ index }) => index >= leftAt).sort((a, b) => b.index - a.index);
        const next = { ...record, nextIndex: record.nextIndex + by };
        await database.write(['streams', 'chunks'], async (tx) => {
          const chunks = tx.objectStore('chunks');
          for (const { index } of moved) {
            const chunk = await chunks.get(path(kind, index));
            if (!chunk) throw new Error('A chunk waits for the disk');
            await Promise.all([chunks.delete(path(kind, index)), chunks.put({ ...chunk, index: index + by })]);
          }
          await tx.objectStore('streams').put(next);
        });
        record.nextIndex = next.nextIndex;
        stream.leftAt += by;
        for (const item of stream.items.values()) if (item.index >= leftAt) item.index += by;
        stream.items = new Map([...stream.items.values()].map((item) => [item.index, item]));
        onMoved(kind, by);
        onChange();
      }),

    /** Whether anything was recorded here for the seat, whatever became of it. */
    get hasRecorded(): boolean {
      return [...streams.values()].some(({ record }) => record.nextIndex > 0);
    },
    states: (): Partial<Record<StreamKind, StreamState>> =>
      Object.fromEntries([...streams.values()].map((stream) => [stream.kind, stateOf(stream)])),
  };
}

export type Streams = ReturnType<typeof createStreams>;
