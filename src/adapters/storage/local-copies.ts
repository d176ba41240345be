import { createWriteStream, type WriteStream } from 'node:fs';
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
 * Local files for ffmpeg if the stored file is in a bucket or encrypted. They are unencrypted, readable only by their owner, and
 * exist while they are read. Concurrent readers share one copy, such as a console that asks for sixty pictures.
 */
export function createLocalCopies(folder: string) {
  const copies = new Map<string, Copy>();
  const makeFolder = () => mkdir(folder, { recursive: true, mode: 0o700 });

  async function make(source: Readable): Promise<string> {
    const path = join(folder, newSpoolName());
    let target: WriteStream | undefined;
    try {
      await makeFolder();
      target = createWriteStream(path, { flags: 'wx', mode: 0o600 });
      await pipeline(source, target);
      return path;
    } catch (error) {
      source.destroy();
      // A file that is only being opened would be created after it was removed.
      await closed(target);
      await rm(path, { force: true });
      throw error;
    }
  }

  return {
    /** @param name of the stored bytes, never reused for others. @param open opens them if there is no copy. */
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
    /** Removes the copies of processes that were killed. */
    async sweep(): Promise<void> {
      await makeFolder();
      await removeLeftBehind(folder);
    },
  };
}

/** Resolves once the stream has closed its file, after whatever error. */
const closed = (stream: WriteStream | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (!stream || stream.closed) resolve();
    else stream.once('close', () => resolve()).on('error', () => {});
  });
