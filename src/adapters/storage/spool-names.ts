import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './is-alive.ts';

/** Long beyond any upload, so that only the dead are taken for dead. */
const FOREIGN_AGE_MS = 24 * 60 * 60 * 1000;

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);
/** Tells this process from an earlier one with the same number, which is common in containers. */
const boot = randomBytes(6).toString('hex');

/** `host.pid.boot.random`: says whose it is, so that a sweep spares other living processes on the same folder. */
export const newSpoolName = () => `${host}.${process.pid}.${boot}.${randomBytes(9).toString('hex')}`;

/** Removes what processes that are gone have left in a folder of such names. */
export async function removeLeftBehind(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const modifiedAt = await stat(path).then(
      (found) => found.mtimeMs,
      () => undefined, // another process removed it
    );
    if (modifiedAt !== undefined && isLeftBehind(name, modifiedAt)) await rm(path, { force: true });
  }
}

/** Whether the process that made this name is gone; on another host (or container) only age can tell. */
function isLeftBehind(name: string, modifiedAtMs: number): boolean {
  const [madeOn, pid, madeBy] = name.split('.');
  if (madeBy === boot) return false;
  if (madeOn === host && (Number(pid) === process.pid || !isAlive(Number(pid)))) return true;
  return Date.now() - modifiedAtMs > FOREIGN_AGE_MS;
}
