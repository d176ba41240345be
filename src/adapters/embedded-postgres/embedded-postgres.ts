import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { type Account, accountFor } from './account.ts';
import { findBinaries } from './binaries.ts';
import { assertUsable, createCluster, findPlace, readPassword, USER } from './cluster.ts';
import { lockDirectory } from './lock.ts';
import { clearLeftovers } from './orphan.ts';
import { claimDatabase, findOrphans, makeNoteFolder, noteFolder } from './ownership.ts';
import { spawnPostmaster } from './postmaster.ts';
import { type Address, awaitDatabase, isServing } from './ready.ts';
import { fitsSocketAddress } from './socket-address.ts';
import { supervise } from './supervised.ts';

/** Where root puts files that the user `postgres` cannot reach elsewhere. */
export const REACHABLE = '/var/lib/invigil';
const DATABASE = 'invigil';
const PORT = 5432;

export interface EmbeddedPostgres {
  /** For `pg`, Prisma's adapter and BullMQ: connects over a Unix socket. Contains the password. */
  readonly url: string;
  /** Where the data is. */
  readonly directory: string;
  /** True if the data had to go outside DATA_DIR, where the user `postgres` can reach it. The operator must be told. */
  readonly relocated: boolean;
  /** Settles when PostgreSQL has ended, by `stop()`, or by itself and cannot be started again. */
  readonly exited: Promise<void>;
  /** Shuts PostgreSQL down cleanly and unlocks DATA_DIR. Close your connections first: the others are cut off. */
  stop: () => Promise<void>;
}

export interface EmbeddedPostgresOptions {
  dataDir: string;
  log: Logger;
  /** Tells whoever waits for the start what takes time. */
  say?(line: string): void;
}

/**
 * Starts our own PostgreSQL 18 in `<dataDir>/postgres`, created at the first start. It listens on a Unix socket only,
 * ends soon after this process even if that is killed, and leaves signals to the caller.
 * @throws StartupError, after unlocking DATA_DIR and stopping everything it started.
 */
export async function startEmbeddedPostgres({ dataDir, log, say = () => {} }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  if (platform() === 'win32') throw new StartupError('The embedded PostgreSQL runs on Linux and macOS: use WSL, or set DATABASE_URL');
  const home = await makeDataDir(dataDir);
  const undo = [(await lockDirectory(home)).release];
  const dispose = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const { place, account, postgres } = await prepare(home, say);
    if (place.relocated) undo.push(await claim(home, place.directory, log));
    const socket = await makeSocketDirectory(place.directory, account);
    undo.push(socket.remove);
    const address: Address = {
      user: USER,
      password: await readPassword(home),
      host: socket.path,
      port: PORT,
      database: DATABASE,
      ssl: false,
    };
    const supervised = await supervise(async (begun) => {
      await clearLeftovers(place.directory, account, log);
      const postmaster = spawnPostmaster({ postgres, directory: place.directory, socketDirectory: socket.path, account, log });
      begun(postmaster);
      await awaitDatabase(postmaster, address);
    }, log);
    undo.push(supervised.stop);
    let stopped: Promise<void> | undefined;
    return { ...place, url: urlOf(address), exited: supervised.exited, stop: () => (stopped ??= dispose()) };
  } catch (error) {
    await dispose();
    if (error instanceof StartupError) throw error;
    throw new StartupError(`The embedded PostgreSQL could not start: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * The URL of the PostgreSQL that a running server has started for this DATA_DIR; null if none runs.
 * @throws StartupError if there is no database yet, or if its password cannot be read: only its owner may
 */
export async function findRunningPostgres(dataDir: string): Promise<string | null> {
  const home = await realpath(dataDir).catch(() => dataDir);
  const place = await findPlace(home);
  if (!place) throw new StartupError(`There is no database in ${dataDir}: set DATA_DIR or DATABASE_URL as the server has it`);
  const lines = await readFile(join(place.directory, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  );
  // Lines of PostgreSQL's miscadmin.h: 5 is the folder of the socket.
  const host = lines[4]?.trim();
  if (!host) return null;
  const address: Address = { user: USER, password: await readPassword(home), host, port: PORT, database: DATABASE, ssl: false };
  return (await isServing(address)) ? urlOf(address) : null;
}

async function prepare(home: string, say: (line: string) => void) {
  const found = await findPlace(home);
  const account = await accountFor(found?.directory ?? home);
  const { initdb, postgres } = await findBinaries(account, REACHABLE);
  say(found ? 'Starting PostgreSQL.' : `Creating the database below ${home}.`);
  const place = found ?? (await createCluster(home, REACHABLE, account, initdb));
  await assertUsable(place, account);
  return { place, account, postgres };
}

/**
 * For a database outside DATA_DIR: the lock of DATA_DIR does not keep a copy of DATA_DIR from using it.
 * @returns releases it
 */
async function claim(home: string, directory: string, log: Logger): Promise<() => Promise<void>> {
  await makeNoteFolder(directory);
  const { release } = await lockDirectory(noteFolder(directory), `The database ${directory}, to which ${home} links,`);
  try {
    await claimDatabase(home, directory, log);
    for (const { directory: orphan, dataDir } of await findOrphans(REACHABLE)) {
      const meaning =
        dataDir === null
          ? 'it is not known which DATA_DIR uses this database: it was last started by an earlier version'
          : 'no DATA_DIR uses this database: link to it from DATA_DIR/postgres, or remove it if you do not need it';
      log.warn({ directory: orphan, dataDir }, meaning);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** If root creates it, the user `postgres` may pass through it, but not list it. */
async function makeDataDir(dataDir: string): Promise<string> {
  try {
    const made = await mkdir(dataDir, { recursive: true });
    if (made !== undefined) await chmod(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
    return await realpath(dataDir);
  } catch (error) {
    throw new StartupError(`Cannot use DATA_DIR ${dataDir}: ${(error as Error).message}`, { cause: error });
  }
}

/** The data folder itself, which nobody else can enter, unless its path is too long for a socket. */
async function makeSocketDirectory(directory: string, account: Account): Promise<{ path: string; remove: () => Promise<void> }> {
  if (fitsSocketAddress(join(directory, `.s.PGSQL.${PORT}`))) return { path: directory, remove: async () => {} };
  const path = await mkdtemp(join(tmpdir(), 'invigil-'));
  if (account.uid !== undefined) await chown(path, account.uid, account.gid);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * `localhost` only makes it a valid URL for every parser; `host` decides. Port and sslmode are explicit, or PGPORT and
 * PGSSLMODE from the environment would apply.
 */
const urlOf = ({ user, password, host, port, database }: Address) =>
  `postgresql://${user}:${password}@localhost:${port}/${database}?host=${encodeURIComponent(host)}&sslmode=disable`;
