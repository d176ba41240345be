import { execFile } from 'node:child_process';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Account } from './account.ts';

const run = promisify(execFile);
const POLL_MS = 10;
const PATIENCE_MS = 10_000;

/**
 * Cleans up after an Invigil that was killed: stops its PostgreSQL, or corrects its stale postmaster.pid. Call it with the
 * lock held, so that it cannot hit the PostgreSQL of another server. Adopting the orphan instead would save 0.1 s, but we
 * could see neither its exit nor its output.
 */
export async function clearLeftovers(directory: string, account: Account, log: Logger): Promise<void> {
  const content = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(content.split('\n', 1)[0]);
  if (!(pid > 1)) return;
  const command = await commandOf(pid);
  if (serves(command, directory)) await stopOrphan(pid, directory, log);
  else if (command !== undefined && !command.includes('/postgres ')) await disown(directory, content, account);
}

/** The command line as `ps` shows it; empty for a zombie, undefined if there is no such process. */
async function commandOf(pid: number): Promise<string | undefined> {
  try {
    if (platform() === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return undefined;
  }
}

const serves = (command: string | undefined, directory: string) => `${command?.trim()} `.includes(`/postgres -D ${directory} `);

/** A fast shutdown, then an immediate one, which skips the clean end: the next start replays the log. */
async function stopOrphan(pid: number, directory: string, log: Logger): Promise<void> {
  log.warn({ pid }, 'stopping the PostgreSQL of an Invigil that was killed');
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    sendSignal(pid, signal);
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      if (!serves(await commandOf(pid), directory)) return;
      await delay(POLL_MS);
    }
  }
  throw new StartupError(`A PostgreSQL (process ${pid}) holds ${directory} and does not stop: end it by hand`);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * PostgreSQL takes any process that now has the id in `postmaster.pid` for a running server; after a container restart that
 * is often one of ours. If the file names PostgreSQL's own parent, it knows that the file is stale. The file must not be
 * removed: its other lines let PostgreSQL find sessions that outlived their server.
 */
async function disown(directory: string, content: string, account: Account): Promise<void> {
  const file = join(directory, 'postmaster.pid');
  await writeFile(`${file}.new`, content.replace(/^\d+/, String(process.pid)), { mode: 0o600 });
  if (account.uid !== undefined) await chown(`${file}.new`, account.uid, account.gid);
  await rename(`${file}.new`, file);
  await rm(join(directory, '.s.PGSQL.5432.lock'), { force: true });
}
