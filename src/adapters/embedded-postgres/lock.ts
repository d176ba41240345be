import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StartupError } from '../../errors.ts';
import { fitsSocketAddress } from './socket-address.ts';

const ATTEMPTS = 50;
const ANSWER_MS = 500;

/** Held until `release()` or the end of the process, however that ends. */
export interface DirectoryLock {
  release: () => Promise<void>;
}

interface Candidate {
  name: string;
  held: boolean;
  server: Server;
}

/**
 * Makes this process the only one that uses the directory, even among containers that share it.
 *
 * Every contender listens on a socket with a unique name in `<directory>/lock` and then checks the others. The kernel
 * closes a socket with its process, so a socket that refuses connections proves that its process is gone. A process id in a
 * file could have been reused by another program, or mean nothing in this container. A name is used only once, so removing
 * a dead one cannot hit a live contender.
 * @param what for the error, if it is not the directory itself
 * @throws StartupError that names the process that holds it.
 */
export async function lockDirectory(directory: string, what = directory): Promise<DirectoryLock> {
  const folder = join(directory, 'lock');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { path, remove } = await shortPath(folder);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const own = await register(path);
      const rival = await findRival(path, own.name);
      if (!rival) return hold(own, folder);
      await withdraw(own, path);
      if (rival.held) throw new StartupError(`${what} is in use by another Invigil (process ${rival.pid}): stop it, or set DATA_DIR`);
      // Both asked at the same moment and both withdrew: the first to return wins.
      await delay(Math.random() * 40);
    }
  } finally {
    await remove();
  }
  throw new StartupError(`${what} is being started by several Invigils at once: start only one`);
}

/** A socket address is limited to about 100 bytes: a folder with a longer path is reached through a link. */
async function shortPath(folder: string): Promise<{ path: string; remove: () => Promise<void> }> {
  if (fitsSocketAddress(join(folder, `.${socketName()}`))) return { path: folder, remove: async () => {} };
  const parent = await mkdtemp(join(tmpdir(), 'invigil-'));
  await symlink(folder, join(parent, 'l'));
  return { path: join(parent, 'l'), remove: () => rm(parent, { recursive: true, force: true }) };
}

const socketName = () => `${process.pid}-${randomBytes(6).toString('hex')}`;

/** A name becomes visible to the others only when it listens, so that nobody mistakes a newcomer for dead. */
async function register(folder: string): Promise<Candidate> {
  const own: Candidate = { name: socketName(), held: false, server: createServer() };
  own.server.on('connection', (socket) => socket.on('error', () => {}).end(own.held ? 'held' : 'asks'));
  const hidden = join(folder, `.${own.name}`);
  own.server.unref().listen(hidden);
  await once(own.server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new StartupError(`Cannot lock ${folder} (${error.code}): DATA_DIR must be writable and on a local file system`, { cause: error });
  });
  await rename(hidden, join(folder, own.name));
  return own;
}

async function findRival(folder: string, ownName: string): Promise<{ pid: string; held: boolean } | undefined> {
  const names = (await readdir(folder)).filter((name) => name !== ownName && !name.startsWith('.'));
  const found = await Promise.all(names.map(async (name) => ({ pid: name.replace(/-.*/, ''), state: await probe(join(folder, name)) })));
  const alive = found.filter(({ state }) => state !== 'gone');
  const rival = alive.find(({ state }) => state === 'held') ?? alive[0];
  return rival && { pid: rival.pid, held: rival.state === 'held' };
}

/** Removes the socket of a process that is gone. A process too busy to answer is assumed to hold the lock. */
async function probe(path: string): Promise<'gone' | 'asks' | 'held'> {
  const answer = await ask(path);
  if (answer === 'ECONNREFUSED') await rm(path, { force: true });
  if (answer === 'ECONNREFUSED' || answer === 'ENOENT') return 'gone';
  return answer === 'asks' ? 'asks' : 'held';
}

function ask(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path).setEncoding('utf8').setTimeout(ANSWER_MS);
    socket.on('data', (data) => resolve(String(data)));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('timeout', () => socket.destroy());
    // No answer: too busy, or gone just now, which the next attempt will show.
    socket.on('close', () => resolve('held'));
  });
}

function hold(own: Candidate, folder: string): DirectoryLock {
  own.held = true;
  return { release: () => withdraw(own, folder) };
}

async function withdraw(own: Candidate, folder: string): Promise<void> {
  await rm(join(folder, own.name), { force: true });
  own.server.close();
}
