import type { Readable } from 'node:stream';
import type { SpooledFile, SpoolOptions, Storage } from './storage.ts';

/**
 * The spooled files of one request. However the request ends, `dispose()` removes all of its files that were not committed.
 */
export interface SpoolScope extends AsyncDisposable {
  /** Like `Storage.spool`; the file belongs to this scope until it is committed. */
  spool(source: Readable, options: SpoolOptions): Promise<SpooledFile>;
  /** Like `Storage.commit`; the file leaves the scope. A caller that fails afterwards must remove `key` itself. */
  commit(file: SpooledFile, key: string): Promise<void>;
  /** Removes a file before the request ends. */
  discard(file: SpooledFile): Promise<void>;
  /** The bytes of a file that still belongs to this scope. */
  read(file: SpooledFile): Readable;
  /** Stops files that are still arriving and removes all that were not committed. May be called twice. */
  dispose(): Promise<void>;
}

export function createSpoolScope(storage: Storage): SpoolScope {
  const kept = new Map<string, SpooledFile>();
  const running = new Map<Readable, Promise<unknown>>();

  async function dispose(): Promise<void> {
    for (const source of running.keys()) source.destroy();
    await Promise.allSettled(running.values());
    const left = [...kept.values()];
    kept.clear();
    await Promise.all(left.map((file) => storage.discard(file)));
  }

  return {
    async spool(source, options) {
      const spooling = storage.spool(source, options);
      running.set(source, spooling);
      try {
        const file = await spooling;
        kept.set(file.spoolKey, file);
        return file;
      } finally {
        running.delete(source);
      }
    },
    async commit(file, key) {
      await storage.commit(file, key);
      kept.delete(file.spoolKey);
    },
    async discard(file) {
      kept.delete(file.spoolKey);
      await storage.discard(file);
    },
    read: (file) => storage.read(file),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
