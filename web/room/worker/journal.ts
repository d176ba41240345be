import { backOff } from './back-off.ts';
import { type Database, StorageError, type Write } from './database.ts';

type Stores = Parameters<Database['write']>[0];

/** One change of the database. */
export interface Change {
  /** What it changes: a later change of the same thing replaces one that still waits. */
  key: string;
  stores: Stores;
  apply(tx: Write): Promise<unknown>;
  /** What a put holds in memory while it waits. */
  bytes?: ArrayBuffer;
  /** Whether it makes room: then it goes first. */
  frees?: boolean;
}

interface Options {
  database: Database;
  /** Bytes that may wait in memory while the device keeps nothing. */
  memoryBytes: number;
  /** A change of `fault`, `isIdle`. */
  onChange(): void;
}

/**
 * Writes to the database, and keeps in memory what it does not take at the moment: a full disk or a lost connection costs nothing as
 * long as the page lives. Changes are tried again with growing pauses, in their order; those that make room first.
 */
export function createJournal({ database, memoryBytes, onChange }: Options) {
  const waiting = new Map<string, Change>();
  let heldBytes = 0;
  let fault: StorageError | null = null;
  let attempts = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let flushing: Promise<void> | null = null;
  /** Stopped for good, or until it is known what the database holds. */
  let isStopped = false;
  let isSuspended = false;

  function take(key: string): void {
    heldBytes -= waiting.get(key)?.bytes?.byteLength ?? 0;
    waiting.delete(key);
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    while (waiting.size > 0 && !isStopped && !isSuspended) {
      const changes = [...waiting.values()];
      const change = changes.find(({ frees }) => frees) ?? changes[0];
      if (!change) break;
      try {
        await database.write(change.stores, (tx) => change.apply(tx));
      } catch (error) {
        fault = error instanceof StorageError ? error : new StorageError(error);
        timer = setTimeout(start, backOff(attempts));
        attempts += 1;
        onChange();
        return;
      }
      attempts = 0;
      // It may have been replaced meanwhile.
      if (waiting.get(change.key) === change) take(change.key);
    }
    if (fault && waiting.size === 0 && !isSuspended) {
      fault = null;
      onChange();
    }
  }

  function start(): void {
    flushing ??= flush().finally(() => {
      flushing = null;
    });
  }

  return {
    /**
     * Stores a change; resolves when it is on the disk or, if the device keeps nothing, in memory.
     * @returns false if there is no room for it in memory either: it is not kept
     */
    async write(change: Change): Promise<boolean> {
      const size = change.bytes?.byteLength ?? 0;
      if (fault && size > 0 && heldBytes + size > memoryBytes) return false;
      take(change.key);
      waiting.set(change.key, change);
      heldBytes += size;
      // While it fails the timer tries, but a full disk has room again as soon as something is deleted.
      if (fault && !(fault.isFull && change.frees)) return true;
      start();
      await flushing;
      // It came while the last round ended.
      if (waiting.has(change.key) && !fault) {
        start();
        await flushing;
      }
      return true;
    },
    /** The bytes of a put that still waits. */
    held: (key: string): ArrayBuffer | null => waiting.get(key)?.bytes ?? null,
    /** Writes nothing, keeps all in memory: nothing may be overwritten before it is known what is there. */
    suspend(reason: StorageError): void {
      isSuspended = true;
      fault = reason;
      onChange();
    },
    resume(): void {
      isSuspended = false;
      if (waiting.size === 0) fault = null;
      start();
      onChange();
    },
    /** Tries now. */
    retry(): void {
      if (fault) start();
    },
    get fault() {
      return fault?.message ?? null;
    },
    stop(): void {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

export type Journal = ReturnType<typeof createJournal>;
