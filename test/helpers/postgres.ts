import { randomBytes } from 'node:crypto';
import { Client, Pool, type PoolConfig } from 'pg';
import { expect, inject } from 'vitest';

export interface TestDatabase {
  url: string;
  /** Also disconnects remaining clients. */
  drop(): Promise<void>;
}

/** A new database with all migrations applied, in less than 0.1 s. */
export const createTestDatabase = (): Promise<TestDatabase> => createDatabase(databaseOf(inject('templateUrl')));

/** A new empty database. */
export const createEmptyDatabase = (): Promise<TestDatabase> => createDatabase('template0');

async function createDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: withDatabase(name), drop: async () => void (await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)) };
}

const administer = (sql: string) => runSql({ databaseUrl: withDatabase('postgres') }, sql);

/** Opens a connection. If PostgreSQL ends it, queries fail; without the listener, the whole test process would. */
export async function openClient(url: string): Promise<Client> {
  const client = new Client(url);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Like `openClient`; also connections that are idle or being closed may be lost. */
export function openPool(config: PoolConfig): Pool {
  const pool = new Pool(config);
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const pools = new Map<string, Pool>();

/** Runs a statement. @param of a server, or whatever has a database */
export async function runSql<Row extends object>(of: { databaseUrl: string }, text: string, values: unknown[] = []): Promise<Row[]> {
  // Many tests ask until something is the case: a connection costs PostgreSQL more than the statement.
  const pool = pools.get(of.databaseUrl) ?? openPool({ connectionString: of.databaseUrl, max: 4, idleTimeoutMillis: 500 });
  pools.set(of.databaseUrl, pool);
  return (await pool.query<Row>(text, values)).rows;
}

/**
 * Has all that `send` does to the exam wait for it, so that those behind the first share a transaction.
 * @param client in no transaction
 * @param onWaiting called once the first waits
 */
export async function whileLocked<T>(client: Client, examId: string, send: () => Promise<T>, onWaiting = () => {}): Promise<T> {
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [examId]);
  const sent = send();
  // pg_stat_activity shows a transaction only the connections that it saw there first.
  const waiting = `SELECT 1 FROM pg_locks held JOIN pg_locks waiting USING (transactionid)
    WHERE held.pid = pg_backend_pid() AND held.granted AND NOT waiting.granted`;
  try {
    await expect.poll(async () => (await client.query(waiting)).rowCount, { interval: 5 }).toBeGreaterThan(0);
    onWaiting();
  } finally {
    await client.query('COMMIT');
  }
  return sent;
}

const databaseOf = (url: string) => new URL(url).pathname.slice(1);

function withDatabase(name: string): string {
  const url = new URL(inject('templateUrl'));
  url.pathname = `/${name}`;
  return url.href;
}
