import { execFile } from 'node:child_process';
import { readFile, readlink, realpath } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';

const run = promisify(execFile);
const POLL_MS = 10;

/**
 * Stops a PostgreSQL whose Invigil was killed. Call it with the directory's lock held, so that its parent is gone for
 * certain. Adopting it instead would save 0.1 s and give a child whose end and output cannot be seen.
 */
export async function stopOrphan(directory: string, log: Logger): Promise<void> {
  const pid = await findPostmaster(directory);
  if (pid === undefined) return;
  log.warn({ pid }, 'stopping the PostgreSQL of an Invigil that was killed');
  // Fast, then immediate: the latter gives up the tidy end and the next start replays the log.
  for (const { signal, patienceMs } of [
    { signal: 'SIGINT', patienceMs: 10_000 },
    { signal: 'SIGQUIT', patienceMs: 10_000 },
  ] as const) {
    sendSignal(pid, signal);
    if (await isGone(directory, patienceMs)) return;
  }
  throw new StartupError(`A PostgreSQL (process ${pid}) holds ${directory} and does not stop: end it by hand`);
}

/** The process of `postmaster.pid`, where it really is a PostgreSQL of this directory and not a later bearer of the number. */
async function findPostmaster(directory: string): Promise<number | undefined> {
  const content = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(content.split('\n', 1)[0]);
  return pid > 1 && (await servesDirectory(pid, directory)) ? pid : undefined;
}

async function servesDirectory(pid: number, directory: string): Promise<boolean> {
  try {
    if (platform() !== 'linux') return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout.includes(`-D ${directory} `);
    const [name, folder, own] = await Promise.all([
      readFile(`/proc/${pid}/comm`, 'utf8'),
      readlink(`/proc/${pid}/cwd`),
      realpath(directory),
    ]);
    return name.trim() === 'postgres' && folder === own;
  } catch {
    return false;
  }
}

async function isGone(directory: string, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    if ((await findPostmaster(directory)) === undefined) return true;
    await delay(POLL_MS);
  }
  return false;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
