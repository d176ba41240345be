import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Long beyond any upload, so that only the dead are taken for dead. */
const FOREIGN_AGE_MS = 24 * 60 * 60 * 1000;

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 12);
/** Tells this process from an earlier one with the same number, which is common in containers. */
const boot = randomBytes(6).toString('hex');

/** `host.pid.boot.random`: says whose it is, so that a sweep spares other living processes on the same folder. */
export const newSpoolName = () => `${host}.${process.pid}.${boot}.${randomBytes(9).toString('hex')}`;

/** Whether the process that made this name is gone; on another host (or container) only age can tell. */
export function isLeftBehind(name: string, modifiedAtMs: number): boolean {
  const [madeOn, pid, madeBy] = name.split('.');
  if (madeBy === boot) return false;
  if (madeOn === host && (Number(pid) === process.pid || !isAlive(Number(pid)))) return true;
  return Date.now() - modifiedAtMs > FOREIGN_AGE_MS;
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
