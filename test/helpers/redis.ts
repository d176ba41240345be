import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Whether tests can start a Redis. In CI a missing one is a failure, elsewhere the tests are skipped with a message. */
export const hasRedis = ((): boolean => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env['CI']) throw new Error('redis-server is not installed', { cause: error });
    console.warn('redis-server is not installed: the tests that need it are skipped');
    return false;
  }
})();

export interface TestRedis {
  url: string;
  /** Kills it immediately; all its data is lost. */
  kill(): Promise<void>;
  /** Restarts it at the same address. */
  start(): Promise<void>;
  /** Keeps its connections open without answering. */
  freeze(): void;
  thaw(): void;
  /** Runs a command like an operator. */
  command(name: string, ...args: string[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** A Redis on a free port of this machine; with `cluster`, the only node of a cluster. */
export async function startTestRedis({ cluster = false, settings = [] as string[] } = {}): Promise<TestRedis> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'invigil-test-redis-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no', ...settings];
  if (cluster) args.push('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', `${await freePort()}`);
  let running: ChildProcess | undefined;

  const redis: TestRedis = {
    url: `${cluster ? 'redis+cluster' : 'redis'}://127.0.0.1:${port}`,
    async start() {
      running = spawn('redis-server', args, { stdio: 'ignore' });
      await untilListening(port, running);
      if (!cluster) return;
      // A restarted node still has its slots.
      await redis.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383').catch(() => {});
      while (!String(await redis.command('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    },
    async kill() {
      const child = running;
      running = undefined;
      if (!child || child.exitCode !== null) return;
      const exited = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.kill('SIGKILL');
      await exited;
    },
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
    async command(name, ...rest) {
      const client = new Redis({ port, lazyConnect: true, retryStrategy: () => null });
      client.on('error', () => {});
      try {
        await client.connect();
        return await client.call(name, ...rest);
      } finally {
        client.disconnect();
      }
    },
    async stop() {
      await redis.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await redis.start();
  return redis;
}

/** Answers like Redis 6, which current packages no longer provide. */
export async function startOldRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const info = 'redis_version:6.2.14\r\nredis_mode:standalone\r\n';
  const answers: Record<string, string> = { info: `$${info.length}\r\n${info}\r\n`, hello: '-NOPROTO unsupported protocol version\r\n' };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // Each command is an array whose first element is its name.
    socket.setEncoding('latin1').on('data', (text: string) => {
      for (const [, name = ''] of text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) socket.write(answers[name.toLowerCase()] ?? '+OK\r\n');
    });
  });
  const port = await listen(server);
  return { url: `redis://127.0.0.1:${port}`, stop: () => close(server) };
}

/** A port below those that the system assigns automatically, so that it is still free when it is used, and after a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await listen(server, randomInt(10_000, 32_000)).catch(() => null);
    if (port === null) continue;
    await close(server);
    return port;
  }
}

const listen = (server: Server, port = 0) =>
  new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
const close = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
  });

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    const listening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (listening) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
