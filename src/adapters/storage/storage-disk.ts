import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { eachChunk } from '../../async/each-chunk.ts';
import { checkEncryptionKeys } from './encryption-keys.ts';
import { fileSink, HashingWriter } from './hashing-writer.ts';
import { createLocalCopies } from './local-copies.ts';
import { openSealed, sealInto } from './sealed-file.ts';
import { newSpoolName, removeLeftBehind } from './spool-names.ts';
import { safeName, type SpooledFile, type SpoolOptions, type Storage, StorageFullError } from './storage.ts';
import { handOverFile, handOverPieces } from './stored-pieces.ts';

/** Chunk size of streams; below 1 MB they cost up to three times the CPU. */
const READ_BYTES = 1024 * 1024;
/** File in the storage's folder that records the keys of its files. */
const KEY_MARK = 'encryption-key';

export interface DiskStorageOptions {
  /** 32 bytes: new files are encrypted with it. Existing ones stay unchanged and readable. */
  encryptionKey?: Uint8Array | undefined;
  /** Files encrypted with these stay readable. */
  oldEncryptionKeys?: readonly Uint8Array[];
}

/**
 * Keeps files below one directory, readable only by their owner: `spool/` for waiting files, `files/<key>` for stored ones.
 * Both are on one file system, so a commit is a rename. Nothing is touched before the first call.
 */
export function createDiskStorage(directory: string, { encryptionKey, oldEncryptionKeys = [] }: DiskStorageOptions = {}): Storage {
  const keys = encryptionKey ? [encryptionKey, ...oldEncryptionKeys] : [];
  const spoolFolder = join(directory, 'spool');
  const fileFolder = join(directory, 'files');
  const copies = createLocalCopies(join(directory, 'work'));
  const pathOf = (key: string | SpooledFile) =>
    typeof key === 'string' ? join(fileFolder, safeName(key)) : join(spoolFolder, safeName(key.spoolKey));

  const read = (path: string, range?: { start: number; end: number }): Readable =>
    encryptionKey
      ? Readable.from(readEither(path, keys, range), { objectMode: false, highWaterMark: READ_BYTES })
      : createReadStream(path, { ...range, highWaterMark: READ_BYTES });

  return {
    async spool(source, options) {
      const spoolKey = newSpoolName();
      const path = join(spoolFolder, spoolKey);
      try {
        await makeFolder(spoolFolder);
        return { spoolKey, ...(await writeFile(path, source, options, encryptionKey)) };
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
      // Windows cannot open a folder, and does not need to fsync it.
      if (process.platform !== 'win32') await syncToDisk(fileFolder, 'r');
    },

    discard: (file) => rm(pathOf(file), { force: true }),
    async withLocalFile(key, use) {
      const path = pathOf(key);
      return encryptionKey ? copies.lend(path, () => read(path), use) : use(path);
    },
    read: (key, range) => read(pathOf(key), range),
    handOver: (key, range, take) =>
      encryptionKey ? handOverPieces(readEither(pathOf(key), keys, range), take) : handOverFile(pathOf(key), range, take),
    remove: (key) => rm(pathOf(key), { force: true }),
    signedUrl: async () => null,

    async sweep() {
      await makeFolder(spoolFolder);
      await makeFolder(fileFolder);
      await checkEncryptionKeys({ markPath: join(directory, KEY_MARK), fileFolder, keys });
      await removeLeftBehind(spoolFolder);
      await copies.sweep();
    },
  };
}

async function* readEither(path: string, keys: readonly Uint8Array[], range?: { start: number; end: number }): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const sealed = await openSealed(handle, keys);
    if (!sealed) yield* readPlain(handle, range);
    else yield* sealed.read(range?.start ?? 0, range?.end ?? Math.max(0, sealed.size - 1));
  } finally {
    await handle.close();
  }
}

const readPlain = (handle: FileHandle, range?: { start: number; end: number }): AsyncIterable<Uint8Array> =>
  handle.createReadStream({ start: 0, ...range, autoClose: false, highWaterMark: READ_BYTES });

async function writeFile(
  path: string,
  source: Readable,
  options: SpoolOptions,
  encryptionKey: Uint8Array | undefined,
): Promise<Omit<SpooledFile, 'spoolKey'>> {
  const handle = await open(path, 'wx', 0o600);
  try {
    const sink = fileSink(handle);
    const writer = new HashingWriter(encryptionKey ? sealInto(sink, encryptionKey) : sink, options);
    await eachChunk(source, (chunk) => writer.write(chunk));
    return await writer.end();
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

const isDiskFull = (error: unknown) => error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
