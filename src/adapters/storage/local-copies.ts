import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newSpoolName, removeLeftBehind } from './spool-names.ts';

interface Copy {
  path: Promise<string>;
  readers: number;
}

/**
 * Files for ffmpeg to read where what is stored is none: in a bucket, or encrypted. They are plain, readable by their owner
 * only, and exist while they are read; who asks meanwhile reads the same one, as a console does that wants sixty pictures.
 */
export function createLocalCopies(folder: string) {
  const copies = new Map<string, Copy>();
  const makeFolder = () => mkdir(folder, { recursive: true, mode: 0o700 });

  async function make(source: Readable): Promise<string> {
    const path = join(folder, newSpoolName());
    try {
      await makeFolder();
      await pipeline(source, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      return path;
    } catch (error) {
      source.destroy();
      await rm(path, { force: true });
      throw error;
    }
  }

  return {
    /** @param name of what is stored, and of no other bytes ever. @param open opens it, where there is no copy. */
    async lend<T>(name: string, open: () => Readable, use: (path: string) => Promise<T>): Promise<T> {
      const copy = copies.get(name) ?? { path: make(open()), readers: 0 };
      copies.set(name, copy);
      copy.readers += 1;
      try {
        return await use(await copy.path);
      } finally {
        copy.readers -= 1;
        if (copy.readers === 0) {
          copies.delete(name);
          await copy.path.then(
            (path) => rm(path, { force: true }),
            () => {},
          );
        }
      }
    },
    /** Removes those of processes that were killed. */
    async sweep(): Promise<void> {
      await makeFolder();
      await removeLeftBehind(folder);
    },
  };
}
