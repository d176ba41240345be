import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newSpoolName, removeLeftBehind } from './spool-names.ts';

/**
 * Files for ffmpeg to read where what is stored is none: in a bucket, or encrypted. They are plain, readable by their owner
 * only, and exist while they are read.
 */
export function createLocalCopies(folder: string) {
  const makeFolder = () => mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    async lend<T>(source: Readable, use: (path: string) => Promise<T>): Promise<T> {
      await makeFolder();
      const path = join(folder, newSpoolName());
      try {
        await pipeline(source, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
        return await use(path);
      } finally {
        source.destroy();
        await rm(path, { force: true });
      }
    },
    /** Removes those of processes that were killed. */
    async sweep(): Promise<void> {
      await makeFolder();
      await removeLeftBehind(folder);
    },
  };
}
