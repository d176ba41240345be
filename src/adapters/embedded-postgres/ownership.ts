import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, readFile, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';

/** Our folder inside a database that is outside its DATA_DIR: its lock and its note. PostgreSQL ignores it. */
export const noteFolder = (directory: string) => join(directory, 'invigil');
const ownerFile = (directory: string) => join(noteFolder(directory), 'owner.json');
const generationFile = (dataDir: string) => join(dataDir, 'postgres-generation');

const ownerNote = z.object({
  dataDir: z.string(),
  /** Changes with every start, so that an older copy of DATA_DIR is recognised. */
  generation: z.string(),
  /** While the change is not yet noted in DATA_DIR. */
  previous: z.string().nullish(),
});
type OwnerNote = z.output<typeof ownerNote>;

/**
 * Checks that this DATA_DIR, and not a copy of it, belongs to the database that it links to, and notes so in both. A backup of
 * DATA_DIR does not hold a database that is elsewhere; if its copy were started, it would change the original's data. A database
 * of an earlier version without a note is taken over. Call with the lock of the database held.
 * @throws StartupError for a copy
 */
export async function claimDatabase(dataDir: string, directory: string, log: Logger): Promise<void> {
  const note = await readOwner(directory);
  const held = await readText(generationFile(dataDir));
  if (note) await assertOriginal(note, held, { dataDir, directory });
  if (note && note.dataDir !== dataDir) log.warn({ from: note.dataDir, to: dataDir }, 'DATA_DIR was moved; its database stays where it is');
  const generation = randomBytes(12).toString('hex');
  // In this order, so that after a crash in between the two still know each other.
  await writeDurably(ownerFile(directory), JSON.stringify({ dataDir, generation, previous: held ?? null }));
  await writeDurably(generationFile(dataDir), generation);
  await writeDurably(ownerFile(directory), JSON.stringify({ dataDir, generation }));
}

/** For the lock, which is taken before the database is claimed. */
export async function makeNoteFolder(directory: string): Promise<void> {
  await mkdir(noteFolder(directory), { recursive: true });
  await chmod(noteFolder(directory), 0o700);
}

async function assertOriginal(note: OwnerNote, held: string | undefined, { dataDir, directory }: { dataDir: string; directory: string }) {
  const isKnown = held !== undefined && (held === note.generation || held === note.previous);
  const hasRival = note.dataDir !== dataDir && (await leadsTo(note.dataDir, directory));
  if (isKnown && !hasRival) return;
  throw new StartupError(
    `${dataDir} is a copy of the DATA_DIR ${note.dataDir}, whose database is not in it but in ${directory}: restore a copy of that ` +
      `folder too and let ${join(dataDir, 'postgres')} link to it, or remove that link to start with an empty database. ` +
      `If ${dataDir} is to replace the original, remove ${ownerFile(directory)}`,
  );
}

/** Databases in `reachable` to which no DATA_DIR leads, as far as their notes say. */
export async function findOrphans(reachable: string): Promise<{ directory: string; dataDir: string | null }[]> {
  const entries = await readdir(reachable, { withFileTypes: true }).catch(() => []);
  const orphans: { directory: string; dataDir: string | null }[] = [];
  for (const entry of entries) {
    const directory = join(reachable, entry.name);
    const isDatabase = entry.isDirectory() && (await lstat(join(directory, 'PG_VERSION')).catch(() => null)) !== null;
    if (!isDatabase) continue;
    const note = await readOwner(directory).catch(() => undefined);
    if (note && (await leadsTo(note.dataDir, directory))) continue;
    orphans.push({ directory, dataDir: note?.dataDir ?? null });
  }
  return orphans;
}

const leadsTo = (dataDir: string, directory: string) =>
  realpath(join(dataDir, 'postgres')).then(
    (target) => target === directory,
    () => false,
  );

async function readOwner(directory: string): Promise<OwnerNote | undefined> {
  const text = await readText(ownerFile(directory));
  if (text === undefined) return undefined;
  try {
    return ownerNote.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartupError(`${ownerFile(directory)} is damaged: remove it if no other DATA_DIR uses this database`, { cause });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDurably(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${content}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
