import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GraphQLClient } from 'graphql-request';
import { createClient, type Client as SocketClient } from 'graphql-ws';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { expectDocumented } from './documented.ts';
import { createTestDatabase, openClient } from './postgres.ts';

const MADE = /\.(playback|poster|strip|frame-\d+)\.\w+$|\/work\//;
const SECRETS = new Set(['token-secret', 'receipt-key']);
const PROGRAM = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url));
export const ADMIN_KEY = 'invigil_test_admin_key_0123456789';

export interface TestServer {
  url: string;
  api: string;
  dataDir: string;
  databaseUrl: string;
  pid: number;
  /** Its standard error so far. */
  log(): string;
  graphql(credential?: string): GraphQLClient;
  /** A graphql-ws client that is closed with the server. */
  subscribe(credential?: string): SocketClient;
  rest(path: string, init?: RequestInit & { credential?: string | null }): Promise<Response>;
  post(path: string, body: unknown, init?: RequestInit & { credential?: string | null }): Promise<Response>;
  /** Files in storage, including spooled ones, without the files derived from recordings for viewing. */
  storedFiles(): Promise<string[]>;
  /** Like `storedFiles`, but including derived files. */
  allFiles(): Promise<string[]>;
  /** Waits until no files are being derived from any recording. */
  idle(): Promise<void>;
  /** Kills the process immediately, like a power cut. */
  kill(): Promise<void>;
  /** Stops the process like an operator. */
  shutDown(): Promise<void>;
  /** Starts a new process with the same data. */
  restart(): Promise<void>;
  /** A second server with the same database and folder; must be stopped before this one. */
  another(settings?: Record<string, string>): Promise<TestServer>;
  stop(): Promise<void>;
}

/**
 * Starts the built server with a new database and folder on a free port.
 * @param program another build of it
 */
export async function startTestServer(settings: Record<string, string> = {}, program = PROGRAM): Promise<TestServer> {
  const database = settings['DATABASE_URL'] ? { url: settings['DATABASE_URL'], drop: async () => {} } : await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  return serve(program, { DATABASE_URL: database.url, DATA_DIR: dataDir, PORT: '0', ...settings }, async () => {
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });
}

type Environment = Record<string, string> & { DATABASE_URL: string; DATA_DIR: string };

async function serve(program: string, environment: Environment, cleanUp: () => Promise<void>): Promise<TestServer> {
  const dataDir = environment.DATA_DIR;
  const clients: SocketClient[] = [];
  let running = await launch(program, environment).catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });

  const authorization = (credential: string | null) => (credential === null ? {} : { authorization: `Bearer ${credential}` });
  const server: TestServer = {
    get url() {
      return running.url;
    },
    get api() {
      return `${running.url}/api`;
    },
    get pid() {
      return running.pid;
    },
    dataDir,
    databaseUrl: environment.DATABASE_URL,
    log: () => running.log(),
    graphql: (credential = ADMIN_KEY) => new GraphQLClient(`${running.url}/graphql`, { headers: authorization(credential) }),
    subscribe(credential = ADMIN_KEY) {
      const client = createClient({
        url: () => `${running.url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        connectionParams: authorization(credential),
        retryAttempts: 0,
      });
      clients.push(client);
      return client;
    },
    async rest(path, { credential = ADMIN_KEY, headers, ...init } = {}) {
      const response = await fetch(`${running.url}/api${path}`, {
        ...init,
        headers: { ...authorization(credential), ...(headers as Record<string, string>) },
      });
      await expectDocumented(init.method ?? 'GET', path, response);
      return response;
    },
    post(path, body, init = {}) {
      const json = { 'content-type': 'application/json' };
      return server.rest(path, {
        method: 'POST',
        body: JSON.stringify(body),
        ...init,
        headers: { ...json, ...(init.headers as Record<string, string>) },
      });
    },
    storedFiles: async () => (await server.allFiles()).filter((name) => !MADE.test(name)),
    async allFiles() {
      const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile() && !SECRETS.has(entry.name)).map((entry) => join(entry.parentPath, entry.name));
    },
    async idle() {
      const client = await openClient(environment.DATABASE_URL);
      try {
        const waiting = `SELECT 1 FROM "Recording" WHERE playback = 'waiting' AND NOT live`;
        await expect.poll(async () => (await client.query(waiting)).rowCount).toBe(0);
      } finally {
        await client.end();
      }
    },
    kill: () => running.end('SIGKILL'),
    shutDown: () => running.end('SIGTERM'),
    async restart() {
      running = await launch(program, environment);
    },
    another: (settings = {}) => serve(program, { ...environment, ...settings }, async () => {}),
    async stop() {
      for (const client of clients) await client.dispose();
      await running.end('SIGTERM');
      await cleanUp();
    },
  };
  return server;
}

async function launch(program: string, settings: Record<string, string>) {
  const child = spawn(process.execPath, ['--enable-source-maps', program], {
    // Elsewhere than in the clone, whose `.env` is for its owner.
    cwd: tmpdir(),
    env: {
      PATH: process.env['PATH'],
      TMPDIR: tmpdir(),
      BOOTSTRAP_API_KEY: ADMIN_KEY,
      LOG_LEVEL: 'warn',
      VISION_PRELOAD: 'false',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const found = /REST\s+(http\S+)\/api/.exec(output);
      if (found?.[1] && output.includes('Create an exam')) resolve(found[1].replace('localhost', '127.0.0.1'));
    });
    void exited.then((code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    log: () => errors,
    async end(signal: NodeJS.Signals): Promise<void> {
      child.kill(signal);
      await exited;
    },
  };
}

/** Collects the items of a subscription; `take` waits for the requested number. */
export function collect<T>(client: SocketClient, query: string, variables: Record<string, unknown>) {
  const items: T[] = [];
  const errors: unknown[] = [];
  let changed = () => {};
  const state = { ended: false };
  const unsubscribe = client.subscribe<T>(
    { query, variables },
    {
      next: (result) => {
        if (result.errors) errors.push(...result.errors);
        if (result.data) items.push(result.data);
        changed();
      },
      error: (error) => {
        errors.push(error);
        state.ended = true;
        changed();
      },
      complete: () => {
        state.ended = true;
        changed();
      },
    },
  );
  async function until(done: () => boolean): Promise<void> {
    while (!done() && !state.ended) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  }
  return {
    items,
    errors,
    unsubscribe,
    /** The first `count` items, or fewer if the subscription ended. */
    async take(count: number): Promise<T[]> {
      await until(() => items.length >= count);
      return items.slice(0, count);
    },
    find: async (wanted: (item: T) => boolean): Promise<T | undefined> => {
      await until(() => items.some(wanted));
      return items.find(wanted);
    },
    end: () => until(() => false),
  };
}
