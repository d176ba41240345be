import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Pool } from 'pg';
import { StartupError } from '../errors.ts';
import { PrismaClient } from '../generated/prisma/client.ts';
import type { Logger } from '../log.ts';
import { describeTarget, reasonOf } from './database-errors.ts';

const OLDEST_VERSION = 14;
/** A frozen PostgreSQL keeps its connections open and answers nothing: only our own clock ends the wait. */
const CONNECT_MS = 3_000;
const QUERY_MS = 5_000;
const CONNECTIONS = 20;

export interface Database {
  readonly prisma: PrismaClient;
  /** The same connections for what Prisma cannot say. */
  readonly pool: Pool;
  close(): Promise<void>;
}

/**
 * Opens the database after a look at whether it answers and is new enough.
 * @throws StartupError of one line without the password.
 */
export async function connectDatabase(url: string, { log }: { log: Logger }): Promise<Database> {
  await assertReachable(url);
  const pool = new Pool({
    connectionString: url,
    application_name: 'invigil',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    // The server gives up as well, or an abandoned query would go on and hold its locks.
    statement_timeout: QUERY_MS,
    idle_in_transaction_session_timeout: 2 * QUERY_MS,
    keepAlive: true,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'lost a connection to PostgreSQL'));
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

async function assertReachable(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'invigil',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
  });
  client.on('error', () => {});
  const version = await readVersion(client)
    .catch((error: unknown) => {
      throw new StartupError(`Cannot use the database at ${describeTarget(client)}: ${reasonOf(error)}`, { cause: error });
    })
    .finally(() => client.end().catch(() => {}));
  if (version < OLDEST_VERSION) {
    throw new StartupError(`The database at ${describeTarget(client)} is PostgreSQL ${version}: ${OLDEST_VERSION} or newer is needed`);
  }
}

async function readVersion(client: Client): Promise<number> {
  await client.connect();
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
}
