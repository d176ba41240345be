import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb';
import type { Seat, StreamKind } from './protocol.ts';
import type { ChunkRecord, DutyRecord, Kept, SignalRecord, StreamRecord } from './records.ts';

export const DATABASE_NAME = 'invigil-room';
const VERSION = 1;

type ChunkKey = [examId: string, userId: string, kind: StreamKind, index: number];
type FactsKey = [...ChunkKey, size: number, startedAt: number, durationMs: number, refused: string];

interface Schema extends DBSchema {
  /** Of the page: how it gets in again. */
  sessions: { key: string; value: { key: string } };
  streams: { key: [string, string, StreamKind]; value: StreamRecord };
  /** The index has all but the bytes in its keys, so that hours of chunks are listed without being read. */
  chunks: { key: ChunkKey; value: ChunkRecord; indexes: { facts: FactsKey } };
  outbox: { key: [string, string, string]; value: SignalRecord };
  duties: { key: [string, string]; value: DutyRecord };
}

export type RoomDatabase = IDBPDatabase<Schema>;
type Store = StoreNames<Schema>;
export type Write = IDBPTransaction<Schema, Store[], 'readwrite'>;

/** Opens the room's database. Close it in `onEnd`: it is of no use any more, and the next one can be opened. */
export const openRoomDatabase = (onEnd: () => void = () => {}): Promise<RoomDatabase> =>
  openDB<Schema>(DATABASE_NAME, VERSION, {
    upgrade(db) {
      db.createObjectStore('sessions', { keyPath: 'key' });
      db.createObjectStore('streams', { keyPath: ['examId', 'userId', 'kind'] });
      const chunks = db.createObjectStore('chunks', { keyPath: ['examId', 'userId', 'kind', 'index'] });
      chunks.createIndex('facts', ['examId', 'userId', 'kind', 'index', 'size', 'startedAt', 'durationMs', 'refused']);
      db.createObjectStore('outbox', { keyPath: ['examId', 'userId', 'clientEventId'] });
      db.createObjectStore('duties', { keyPath: ['examId', 'userId'] });
    },
    // A newer page wants to change the database, or the browser closed it.
    blocking: onEnd,
    terminated: onEnd,
  });

/** All keys that begin with these. */
const within = (...prefix: readonly string[]) => IDBKeyRange.bound([...prefix], [...prefix, []]);

function abort(tx: Write): void {
  try {
    tx.abort();
  } catch {
    // It has ended by itself.
  }
}

const isFull = (error: unknown) => error instanceof DOMException && error.name === 'QuotaExceededError';

/** The device does not keep something at the moment. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** Whether it is full: then what is deleted makes room. */
  readonly isFull: boolean;
  constructor(cause: unknown) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : 'The storage failed', { cause });
    this.isFull = isFull(cause);
  }
}

/**
 * The database, which browsers lose now and then ("connection lost", "backing store"). After a fault the next use opens it again; who
 * waits between the tries is the caller.
 */
export function createDatabase(open = openRoomDatabase) {
  let opening: Promise<RoomDatabase> | null = null;

  function drop(): void {
    void opening?.then((db) => db.close()).catch(() => {});
    opening = null;
  }

  async function use<Result>(work: (db: RoomDatabase) => Promise<Result>): Promise<Result> {
    try {
      opening ??= open(drop);
      return await work(await opening);
    } catch (error) {
      // A full disk is not a lost connection.
      if (!isFull(error)) drop();
      throw new StorageError(error);
    }
  }

  return {
    /** What an earlier page left of this seat. @throws StorageError */
    load: ({ examId, userId }: Seat): Promise<Kept> =>
      use(async (db) => {
        const tx = db.transaction(['streams', 'chunks', 'outbox', 'duties'], 'readonly');
        const [streams, signals, duty] = await Promise.all([
          tx.objectStore('streams').getAll(within(examId, userId)),
          tx.objectStore('outbox').getAll(within(examId, userId)),
          tx.objectStore('duties').get([examId, userId]),
        ]);
        const chunks: Kept['chunks'] = { webcam: [], screen: [] };
        let cursor = await tx.objectStore('chunks').index('facts').openKeyCursor(within(examId, userId));
        while (cursor) {
          const [, , kind, index, size, startedAt, durationMs, refused] = cursor.key;
          chunks[kind].push({ index, size, startedAt, durationMs, refused });
          cursor = await cursor.continue();
        }
        await tx.done;
        return { streams, chunks, signals: signals.sort((a, b) => a.signal.timestamp - b.signal.timestamp), duty: duty ?? null };
      }),

    /** @returns null if there is none, which is then lost @throws StorageError */
    readChunk: ({ examId, userId }: Seat, kind: StreamKind, index: number): Promise<ArrayBuffer | null> =>
      use(async (db) => (await db.get('chunks', [examId, userId, kind, index]))?.bytes ?? null),

    /** One transaction, on the disk when it resolves. @throws StorageError */
    write: (stores: readonly Store[], apply: (tx: Write) => Promise<unknown>): Promise<void> =>
      use(async (db) => {
        const tx = db.transaction([...stores], 'readwrite', { durability: 'strict' });
        const done = tx.done.catch((error: unknown) => {
          // A disk that is full at the end of a transaction is only named there.
          throw tx.error ?? error;
        });
        try {
          await Promise.all([apply(tx), done]);
        } catch (error) {
          abort(tx);
          await done.catch((ofTransaction: unknown) => {
            throw isFull(ofTransaction) ? ofTransaction : error;
          });
          throw error;
        }
      }),

    close: drop,
  };
}

export type Database = ReturnType<typeof createDatabase>;
