import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HashingWriter } from './hashing-writer.ts';
import { isLeftBehind, newSpoolName } from './spool-names.ts';
import { type SpooledFile, type Storage, StorageFullError } from './storage.ts';

/** Below 1 MB a download costs up to three times the CPU. */
const READ_BYTES = 1024 * 1024;
const SAFE_NAME = /^[0-9A-Za-z][\w.-]{0,199}$/;

/**
 * Keeps files below one directory: `spool/` for what waits, `files/<key>` for what is stored, owner-only.
 * Both lie on one file system, so that a commit is a rename. Nothing is touched before the first call.
 */
export function createDiskStorage(directory: string): Storage {
  const spoolFolder = join(directory, 'spool');
  const fileFolder = join(directory, 'files');
  const pathOf = (key: string | SpooledFile) =>
    typeof key === 'string' ? join(fileFolder, safeName(key)) : join(spoolFolder, safeName(key.spoolKey));

  return {
    async spool(source, { maxBytes }) {
      const spoolKey = newSpoolName();
      const path = join(spoolFolder, spoolKey);
      try {
        await makeFolder(spoolFolder);
        return { spoolKey, ...(await writeFile(path, source, maxBytes)) };
      } catch (error) {
        source.destroy();
        await rm(path, { force: true });
        throw isDiskFull(error) ? new StorageFullError('no space left for uploads', { cause: error }) : error;
      }
    },

    async commit(file, key) {
      const [from, to] = [pathOf(file), pathOf(key)];
      await makeFolder(fileFolder);
      await syncToDisk(from, 'r+');
      await rename(from, to);
      // Windows cannot open a folder, and needs no fsync of it.
      if (process.platform !== 'win32') await syncToDisk(fileFolder, 'r');
    },

    discard: (file) => rm(pathOf(file), { force: true }),
    withLocalFile: async (key, use) => use(pathOf(key)),
    read: (key, range) => createReadStream(pathOf(key), { ...range, highWaterMark: READ_BYTES }),
    remove: (key) => rm(pathOf(key), { force: true }),

    async sweep() {
      await makeFolder(spoolFolder);
      await makeFolder(fileFolder);
      for (const name of await readdir(spoolFolder)) {
        const path = join(spoolFolder, name);
        const modifiedAt = await stat(path).then(
          (found) => found.mtimeMs,
          () => undefined, // another process swept it
        );
        if (modifiedAt !== undefined && isLeftBehind(name, modifiedAt)) await rm(path, { force: true });
      }
    },
  };
}

async function writeFile(path: string, source: Readable, maxBytes: number): Promise<Omit<SpooledFile, 'spoolKey'>> {
  const handle = await open(path, 'wx', 0o600);
  try {
    // pipeline() waits forever for a source that was destroyed before it began.
    if (source.destroyed) throw source.errored ?? new Error('the source was closed');
    const writer = new HashingWriter(handle, maxBytes);
    await pipeline(source, writer);
    return writer.result();
  } finally {
    await handle.close();
  }
}

const makeFolder = (path: string) => mkdir(path, { recursive: true, mode: 0o700 });

async function syncToDisk(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Keys are made by this program; one that could leave its folder is a bug of ours. */
function safeName(name: string): string {
  if (!SAFE_NAME.test(name)) throw new Error(`not a storage key: ${JSON.stringify(name)}`);
  return name;
}

const isDiskFull = (error: unknown) => error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
