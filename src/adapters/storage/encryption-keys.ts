import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '../../errors.ts';
import { deriveKey, fingerprintOf, openSealed } from './sealed-file.ts';
import { newSpoolName } from './spool-names.ts';

const markOf = (key: Uint8Array) => deriveKey(key, Buffer.alloc(0), 'mark').toString('hex');

interface EncryptedFolder {
  /** File with a fingerprint of each key that files may be encrypted with, newest last. */
  markPath: string;
  fileFolder: string;
  /** The first one encrypts; empty without encryption. */
  keys: readonly Uint8Array[];
}

/**
 * Refuses the keys if they cannot read all stored files, and otherwise records them. A replaced key may be dropped once no
 * stored file needs it.
 */
export async function checkEncryptionKeys({ markPath, fileFolder, keys }: EncryptedFolder): Promise<void> {
  const noted = await readMarks(markPath);
  const given = keys.map(markOf);
  const newest = noted.at(-1);
  if (newest !== undefined && !given.includes(newest)) {
    const trouble = given.length === 0 ? 'missing' : 'the wrong one';
    throw new StartupError(
      `STORAGE_ENCRYPTION_KEY is ${trouble}: the stored recordings were encrypted with a key that is not set; a replaced key belongs in STORAGE_ENCRYPTION_KEY_OLD`,
    );
  }
  if (noted.some((mark) => !given.includes(mark))) await refuseUnreadable(fileFolder, keys);
  const next = [...noted.filter((mark) => given.includes(mark) && mark !== given[0]), ...given.slice(0, 1)];
  if (next.join() !== noted.join()) await writeMarks(markPath, next);
}

async function refuseUnreadable(folder: string, keys: readonly Uint8Array[]): Promise<void> {
  let unreadable = 0;
  for (const name of await readdir(folder)) {
    const handle = await open(join(folder, name), 'r');
    try {
      await openSealed(handle, keys).catch(() => {
        unreadable += 1;
      });
    } finally {
      await handle.close();
    }
  }
  if (unreadable > 0) {
    throw new StartupError(`STORAGE_ENCRYPTION_KEY_OLD lacks a key with which ${unreadable} of the stored files are encrypted`);
  }
}

async function readMarks(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').filter(Boolean);
}

async function writeMarks(path: string, marks: readonly string[]): Promise<void> {
  const draft = `${path}.${newSpoolName()}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(marks.join('\n'));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
}

/** The key with this fingerprint. */
export const keyWith = (keys: readonly Uint8Array[], fingerprint: string) =>
  keys.find((key) => fingerprintOf(key).toString('hex') === fingerprint);
