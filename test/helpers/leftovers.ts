import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REACHABLE } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { findOrphans } from '../../src/adapters/embedded-postgres/ownership.ts';

const run = promisify(execFile);
const PROCESSES = 'processes';
/** `ps` shows whole seconds. */
const ROUNDING_MS = 3_000;
/** A busy machine is late to note a process. */
const LATE_MS = 60_000;

/**
 * Makes the temporary folder of this run of the tests, and makes it that of every process that the tests start. What a failed
 * test leaves is then found in one place.
 */
export function openRunFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'invigil-test-'));
  mkdirSync(join(folder, PROCESSES));
  // Some tests run programs as other users, who need a temporary folder as well.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  return folder;
}

/** Notes a process that must not outlive the run, even if the one that started it crashes. Returns a function to forget it. */
export function noteProcess(pid: number): () => void {
  const file = join(tmpdir(), PROCESSES, String(pid));
  writeFileSync(file, '');
  return () => rmSync(file, { force: true });
}

/** Ends the processes that this run has left, and removes its folder. */
export async function closeRunFolder(folder: string): Promise<void> {
  for (const name of await readdir(join(folder, PROCESSES))) {
    await endIfStartedAt(Number(name), (await stat(join(folder, PROCESSES, name))).mtimeMs);
  }
  const pidFiles = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('postmaster.pid'));
  for (const pidFile of pidFiles) await endPostgres(join(folder, pidFile));
  await unmountBelow(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  // If we are root, databases may lie where another user can reach them.
  for (const { directory, dataDir } of await findOrphans(REACHABLE)) {
    if (!dataDir?.startsWith(`${folder}/`)) continue;
    await endPostgres(join(directory, 'postmaster.pid'));
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function endPostgres(pidFile: string): Promise<void> {
  const [pid, , startedAt] = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  if (pid) await endIfStartedAt(Number(pid), Number(startedAt) * 1_000);
}

/** Kills a process, unless its id belongs to another one, which started at another time. */
async function endIfStartedAt(pid: number, time: number): Promise<void> {
  const { stdout } = await run('ps', ['-o', 'etime=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  // [[days-]hours:]minutes:seconds
  const [seconds, minutes, hours = 0, days = 0] = stdout.trim().split(/[-:]/).map(Number).toReversed();
  if (seconds === undefined || minutes === undefined) return;
  const startedAt = Date.now() - (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
  if (!(startedAt > time - LATE_MS && startedAt < time + ROUNDING_MS)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** Small disks of tests. Only Linux has the list; elsewhere no test mounts anything. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const points = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const point of points.filter((path) => path.startsWith(`${folder}/`)).toReversed()) await run('umount', ['-l', point]);
}
