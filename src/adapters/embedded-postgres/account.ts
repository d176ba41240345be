import { execFile } from 'node:child_process';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartupError } from '../../errors.ts';

const run = promisify(execFile);
const USER = 'postgres';

/** Spawn options: the user that PostgreSQL runs as. Empty if that is our own user. */
export type Account = { uid: number; gid: number } | { uid?: never; gid?: never };

/**
 * PostgreSQL refuses to run as root. If we are root, it runs as the owner of the data, so that `sudo npm start` after
 * `npm start` works on the same files; without such an owner, as the user `postgres`, which is created if missing.
 */
export async function accountFor(directory: string): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const owner = await stat(directory).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (await findUser()) ?? (await createUser());
}

async function findUser(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (option) => Number((await run('id', [option, USER])).stdout)));
    return uid && gid ? { uid, gid } : undefined;
  } catch {
    return undefined;
  }
}

async function createUser(): Promise<Account> {
  const failure = await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', USER]).catch(
    (error: Error) => error,
  );
  // Looked up even after a failure: another start may have created it at the same moment.
  const account = await findUser();
  if (account) return account;
  throw new StartupError(
    `PostgreSQL refuses to run as root and the user "${USER}" could not be created: start Invigil as an ordinary user, or set DATABASE_URL`,
    { cause: failure },
  );
}

/** Whether the account may enter the folder. Actually tried: modes alone say nothing about ACLs, mounts and confinement. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  if (account.uid === undefined) return true;
  return run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...account, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** Creates a folder that every account may pass through, whatever the umask is. */
export async function makePassable(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) await chmod(folder, 0o755);
}
