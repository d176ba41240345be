import { statfs } from 'node:fs/promises';
import type { Database } from '../adapters/database/database.ts';
import { version } from '../version.ts';

/** With less, an upload of usual size would fail. */
const LEAST_FREE_BYTES = 256 * 1024 ** 2;
const MB = 1024 ** 2;

interface Readiness {
  ready: boolean;
  /** For `/readyz`. */
  body: { status: string; version: string; notes?: string[] };
}

export interface ReadinessOptions {
  db: Database['prisma'];
  dataDir: string;
  /** What an operator should know although requests are served, such as missing workers. */
  notes(): readonly string[];
}

/** Whether this server can do its work: the database answers and uploads have room. */
export async function checkReadiness({ db, dataDir, notes }: ReadinessOptions): Promise<Readiness> {
  const [answers, free] = await Promise.all([
    db.$queryRaw`SELECT 1`.then(
      () => true,
      () => false,
    ),
    freeBytes(dataDir),
  ]);
  const isFull = free < LEAST_FREE_BYTES;
  const full = `the disk of DATA_DIR is full: ${Math.floor(free / MB)} MB are free, and uploads need ${LEAST_FREE_BYTES / MB} MB`;
  const status = answers ? (isFull ? full : 'ready') : 'the database does not answer';
  const noted = notes();
  return { ready: answers && !isFull, body: { status, version, ...(noted.length > 0 && { notes: [...noted] }) } };
}

/** A disk that cannot be asked fails by its own errors. */
async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}
