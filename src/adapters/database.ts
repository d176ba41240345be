import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Pool, type PoolClient } from 'pg';
import { StartupError } from '../errors.ts';
import { PrismaClient } from '../generated/prisma/client.ts';
import type { Logger } from '../log.ts';
import { describeTarget, reasonOf } from './database-errors.ts';

const OLDEST_VERSION = 14;
const CONNECTIONS = 20;
const CONNECT_MS = 2_000;
/** The server gives up a statement itself, before we give up the server, and both before a client gives up its request. */
const STATEMENT_MS = 2_500;
const SILENCE_MS = 3_000;

export interface Database {
  readonly prisma: PrismaClient;
  /** The same connections for what Prisma cannot say. */
  readonly pool: Pool;
  close(): Promise<void>;
}

/**
 * Opens the database after a look at whether it answers and is new enough. A statement may take 2.5 s; a server that is
 * silent for 3 s, within a statement or between two of a transaction, loses the connection.
 * @throws StartupError of one line without the password.
 */
export async function connectDatabase(url: string, { log }: { log: Logger }): Promise<Database> {
  await assertUsable(url);
  const pool = new Pool({
    connectionString: url,
    application_name: 'invigil',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    keepAlive: true,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'lost a connection to PostgreSQL'));
  cutSilentConnections(pool);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    prisma,
    pool,
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/**
 * A frozen PostgreSQL keeps its connections open and answers nothing. pg's own `query_timeout` only abandons the query:
 * Prisma then returns the connection to the pool with its transaction open, and what the next user writes is lost.
 * A connection that is cut cannot be used again.
 */
function cutSilentConnections(pool: Pool): void {
  const inUse = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => inUse.add(client));
  pool.on('release', (_error, client) => inUse.delete(client));
  pool.on('connect', (client) => {
    // Its users learn of the loss by their queries; unheard, the event would end the process.
    client.on('error', () => {});
    const { stream } = client.connection;
    if (!(stream instanceof Socket)) return;
    stream.setTimeout(SILENCE_MS).on('timeout', () => {
      if (inUse.has(client)) stream.destroy(new Error(`PostgreSQL has not answered for ${SILENCE_MS / 1_000} s`));
    });
  });
}

async function assertUsable(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'invigil',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  });
  client.on('error', () => {});
  const version = await readVersion(client).catch((error: unknown) => {
    throw new StartupError(`Cannot use the database at ${describeTarget(client)}: ${reasonOf(error)}`, { cause: error });
  });
  if (version >= OLDEST_VERSION) return;
  throw new StartupError(`The database at ${describeTarget(client)} is PostgreSQL ${version}: ${OLDEST_VERSION} or newer is needed`);
}

async function readVersion(client: Client): Promise<number> {
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
    return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  } finally {
    void client.end().catch(() => {});
  }
}
