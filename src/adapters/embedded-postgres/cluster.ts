import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, lstat, mkdir, open, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../errors.ts';
import { type Account, canEnter, makePassable } from './account.ts';
import { tellingLine } from './log-lines.ts';

const run = promisify(execFile);
const MAJOR = '18';
export const USER = 'invigil';
const LOCALE = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

export interface Place {
  directory: string;
  /** True if it is not below DATA_DIR, but where PostgreSQL's own user can reach it. */
  relocated: boolean;
}

/**
 * Where the database of a DATA_DIR is: `postgres` in it, or the target if that is a link. Undefined if there is none yet.
 * @throws StartupError if the link is broken: a new database in its place would look like lost data.
 */
export async function findPlace(dataDir: string): Promise<Place | undefined> {
  const inside = join(dataDir, 'postgres');
  const entry = await lstat(inside).catch(() => undefined);
  if (!entry) return undefined;
  if (!entry.isSymbolicLink()) return { directory: inside, relocated: false };
  const directory = await realpath(inside).catch((error: unknown) => {
    throw new StartupError(`The database that ${inside} links to is gone: restore it, or remove the link to start with an empty one`, {
      cause: error,
    });
  });
  return { directory, relocated: true };
}

/** Creates the database in DATA_DIR or, if the account cannot enter that, in `reachable` with a link from DATA_DIR. */
export async function createCluster(dataDir: string, reachable: string, account: Account, initdb: string): Promise<Place> {
  const inside = join(dataDir, 'postgres');
  if (await canEnter(account, dataDir)) {
    await initialise(inside, account, initdb, await createPassword(dataDir));
    return { directory: inside, relocated: false };
  }
  const directory = join(reachable, `${basename(dataDir)}-${randomBytes(4).toString('hex')}`);
  await makePassable(reachable);
  await initialise(directory, account, initdb, await createPassword(dataDir));
  await symlink(directory, inside);
  return { directory, relocated: true };
}

/** @throws StartupError if this PostgreSQL cannot use the directory. */
export async function assertUsable({ directory }: Place, account: Account): Promise<void> {
  if (!(await canEnter(account, directory))) {
    throw new StartupError(`PostgreSQL runs as user ${account.uid}, who cannot enter ${directory}: move DATA_DIR, or start as its owner`);
  }
  const version = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StartupError(`${directory} holds no readable database (${error.code}): restore or remove it`, { cause: error });
  });
  if (version.trim() === MAJOR) return;
  throw new StartupError(
    `${directory} was written by PostgreSQL ${version.trim()}, this one is ${MAJOR}: dump it with the old version and load it here`,
  );
}

const passwordFile = (dataDir: string) => join(dataDir, 'postgres-password');

export async function readPassword(dataDir: string): Promise<string> {
  const password = await readFile(passwordFile(dataDir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StartupError(`Cannot read ${passwordFile(dataDir)} (${error.code}), the database's password: restore it`, { cause: error });
  });
  return password.trim();
}

async function createPassword(dataDir: string): Promise<string> {
  const password = randomBytes(24).toString('hex');
  await rm(passwordFile(dataDir), { force: true });
  await writeDurably(passwordFile(dataDir), `${password}\n`, {});
  return password;
}

/** Atomic: after a first start that was killed half-way, the next one starts over. */
async function initialise(directory: string, account: Account, initdb: string, password: string): Promise<void> {
  const draft = `${directory}.new`;
  const draftPassword = `${directory}.password`;
  await Promise.all([draft, draftPassword].map((path) => rm(path, { recursive: true, force: true })));
  try {
    await mkdir(draft, { mode: 0o700 });
    if (account.uid !== undefined) await chown(draft, account.uid, account.gid);
    await writeDurably(draftPassword, password, account);
    await runInitdb(initdb, ['-D', draft, `--username=${USER}`, `--pwfile=${draftPassword}`, '--auth=scram-sha-256', ...LOCALE], account);
    await rename(draft, directory);
    await syncFolder(dirname(directory));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(draftPassword, { force: true });
  }
}

async function runInitdb(initdb: string, args: string[], account: Account): Promise<void> {
  try {
    await run(initdb, [...args, '--no-instructions'], { ...account, cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' } });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new StartupError(`The database could not be created: ${tellingLine(stderr.split('\n')) ?? message}`, { cause: error });
  }
}

async function writeDurably(path: string, content: string, owner: Account): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    if (owner.uid !== undefined) await file.chown(owner.uid, owner.gid);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
