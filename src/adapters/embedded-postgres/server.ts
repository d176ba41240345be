import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import type { Account } from './account.ts';
import { tellingLine } from './log-lines.ts';

const KEPT_LINES = 50;
const LAST_WORDS_MS = 300;
const PATIENCE_MS = 15_000;
/** Durability is PostgreSQL's own default. What is set here, `postgresql.conf` cannot change. */
const SETTINGS = {
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // The server logs its own errors; statements that fail are told to those who asked.
  log_min_messages: 'log',
  cluster_name: 'invigil',
};

export interface Postmaster {
  /** Settles when PostgreSQL has ended, on request or not. */
  readonly exited: Promise<void>;
  isRunning(): boolean;
  /** What its log says of the reason. */
  lastWords(): string;
  /** Ends open sessions, writes everything out, waits. */
  stop: () => Promise<void>;
}

export interface PostmasterOptions {
  postgres: string;
  directory: string;
  socketDirectory: string;
  account: Account;
  log: Logger;
}

/**
 * Runs PostgreSQL in a session of its own: ctrl-C in a terminal goes to the whole foreground group and would end it
 * before the requests in flight.
 */
export function spawnPostmaster({ postgres, directory, socketDirectory, account, log }: PostmasterOptions): Postmaster {
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: socketDirectory });
  const child = spawn(postgres, ['-D', directory, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])], {
    ...account,
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { LC_ALL: 'C', TZ: 'UTC' },
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.debug({ postgres: line }, 'postgres');
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
  });

  const closed = once(child, 'close').catch((error: Error) => lines.push(error.message));
  const endWatch = watchParent(child.pid, account);
  let running = true;
  const exited = (async () => {
    const [code, signal] = await once(child, 'exit').catch(() => []);
    // Its last words come through the pipe, which a session that is slow to end may hold open.
    await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })]);
    lines.push(`it ended with ${signal ?? `code ${code}`}`);
    running = false;
    endWatch();
  })();

  let stopped: Promise<void> | undefined;
  return {
    exited,
    isRunning: () => running,
    lastWords: () => tellingLine(lines) ?? 'it does not answer',
    stop: () => (stopped ??= shutDown(child, exited, log)),
  };
}

/** Fast: sessions are cut off, everything is written out. Only what hangs is treated worse; the log makes up for it. */
async function shutDown(child: ChildProcess, exited: Promise<void>, log: Logger): Promise<void> {
  const signals = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const;
  for (const signal of signals) {
    child.kill(signal);
    const patience = new AbortController();
    const late = delay(PATIENCE_MS, true, { signal: patience.signal }).catch(() => false);
    const hangs = await Promise.race([exited.then(() => false), late]);
    patience.abort();
    if (!hangs) return;
    log.warn({ signal }, 'PostgreSQL does not stop');
  }
}

/**
 * Ends PostgreSQL soon after this process, also where that is killed: the kernel then closes the pipe that the little
 * shell reads. What it misses, the next start finds as an orphan.
 */
function watchParent(pid: number | undefined, account: Account): () => void {
  if (pid === undefined) return () => {};
  const watch = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'sh', String(pid)], {
    ...account,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.on('error', () => {});
  watch.stdin.on('error', () => {});
  return () => watch.kill('SIGKILL');
}
