import pLimit from 'p-limit';
import type { Database } from '../../../adapters/database/database.ts';
import type { Storage } from '../../../adapters/storage/storage.ts';

const BATCH = 200;
const AT_ONCE = 8;

/** Removes stored files that no row names any more; a failed removal is tried again. */
export async function removeObsolete({ db, storage }: { db: Database['prisma']; storage: Storage }, signal: AbortSignal): Promise<void> {
  for (;;) {
    const files = await db.obsoleteFile.findMany({ where: { since: { lte: new Date() } }, orderBy: { since: 'asc' }, take: BATCH });
    await pLimit(AT_ONCE).map(files, async ({ storageKey }) => {
      if (!signal.aborted) await storage.remove(storageKey);
    });
    if (signal.aborted || files.length === 0) return;
    await db.obsoleteFile.deleteMany({ where: { storageKey: { in: files.map(({ storageKey }) => storageKey) } } });
    if (files.length < BATCH) return;
  }
}
