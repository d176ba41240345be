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
/** These override `postgresql.conf`. Durability is left at PostgreSQL's defaults. */
const SETTINGS = {
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // Logs the server's own errors only; failed statements are reported to the clients that sent them.
  log_min_messages: 'log',
  cluster_name: 'invigil',
};

export interface Postmaster {
  /** Settles when PostgreSQL has ended, on request or not. */
  readonly exited: Promise<void>;
  isRunning(): boolean;
  /** The reason for its end or its silence, from its log. */
  lastWords(): string;
  /** Ends open sessions, writes everything to disk and waits for the exit. */
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
 * Runs PostgreSQL in its own session: Ctrl-C in a terminal goes to the whole foreground group and would end PostgreSQL
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
    // Its last lines come through the pipe, which a session that is slow to end may keep open.
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

/** A fast shutdown: cuts off sessions, writes everything out. Harsher signals only if it hangs; the next start replays the log. */
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
 * Ends PostgreSQL soon after this process, even if that is killed: the kernel then closes the pipe that the small shell
 * reads. If that fails too, the next start finds PostgreSQL as an orphan.
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
