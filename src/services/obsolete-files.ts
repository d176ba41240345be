import pLimit from 'p-limit';
import type { Database } from '../adapters/database/database.ts';
import type { Storage } from '../adapters/storage/storage.ts';

const BATCH = 200;
const AT_ONCE = 8;

/** A file that no row names by then was left by a process that was killed. Storing a recording of some GB in a bucket takes a while. */
const ABANDONED_MS = { picture: 3_600_000, recording: 24 * 3_600_000 };

type Rows = Pick<Database['prisma'], 'obsoleteFile'>;

interface Where {
  db: Database['prisma'];
  storage: Storage;
}

/** Has a stored file removed from that moment on, unless `keepFiles` is called before. */
export const removeLater = (tx: Rows, storageKey: string, since: Date) =>
  tx.obsoleteFile.upsert({ where: { storageKey }, create: { storageKey, since }, update: { since } });

/** Before a file is moved to its key: if the process dies before a row names the file, it is removed after a while. */
export const announceFile = (tx: Rows, storageKey: string, kind: keyof typeof ABANDONED_MS) =>
  removeLater(tx, storageKey, new Date(Date.now() + ABANDONED_MS[kind]));

/** In the transaction that names the files. `store` of src/services/exam-writes/store-sql.ts does so for what it adds. */
export const keepFiles = (tx: Rows, storageKeys: readonly string[]) =>
  tx.obsoleteFile.deleteMany({ where: { storageKey: { in: [...storageKeys] } } });

/** Chunks are not looked for: theirs are obsolete only when their rows are gone. */
async function withoutNamed(db: Where['db'], keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await db.$queryRaw<{ key: string }[]>`
    SELECT key FROM unnest(${[...keys]}::text[]) AS key
     WHERE NOT EXISTS (SELECT 1 FROM "Recording" WHERE "storageKey" = key)
       AND NOT EXISTS (SELECT 1 FROM "RecordingFile" WHERE "storageKey" = key)
       AND NOT EXISTS (SELECT 1 FROM "WarningFrame" WHERE "storageKey" = key)
       AND NOT EXISTS (SELECT 1 FROM "IdentityPhoto" WHERE "storageKey" = key)`;
  return rows.map(({ key }) => key);
}

/**
 * Removes those of the files that no row names. To be called after a transaction that failed: one whose answer was lost may have
 * happened all the same.
 */
export async function removeUnnamed({ db, storage }: Where, storageKeys: readonly string[]): Promise<void> {
  await pLimit(AT_ONCE).map(await withoutNamed(db, storageKeys), (key) => storage.remove(key));
}

/** Removes stored files that no row names any more; a failed removal is tried again. */
export async function removeObsolete({ db, storage }: Where, signal: AbortSignal): Promise<void> {
  for (;;) {
    const files = await db.obsoleteFile.findMany({ where: { since: { lte: new Date() } }, orderBy: { since: 'asc' }, take: BATCH });
    const keys = files.map(({ storageKey }) => storageKey);
    // Evidence that is named all the same, for example by another server that made the same file, stays.
    await pLimit(AT_ONCE).map(await withoutNamed(db, keys), async (key) => {
      if (!signal.aborted) await storage.remove(key);
    });
    if (signal.aborted || files.length === 0) return;
    await keepFiles(db, keys);
    if (files.length < BATCH) return;
  }
}
