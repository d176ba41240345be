import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './is-alive.ts';

const PREFIX = `${hostname()}-`;

/** Id of the process on this machine that created the folder; 0 for a process on another machine. */
const ownerOf = (name: string) => (name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : 0);

/**
 * Creates a folder of this process for the decoded files of a running analysis. Removes the folders of killed processes on this
 * machine, because they contain the sound of candidates' rooms.
 */
export async function makeWorkDir(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const name of await readdir(parent)) {
    const pid = ownerOf(name);
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
  const own = join(parent, `${hostname()}-${process.pid}`);
  await mkdir(own, { mode: 0o700 });
  return own;
}
