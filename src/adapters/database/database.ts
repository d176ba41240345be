import { Socket } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import { StartupError } from '../../errors.ts';
import { PrismaClient } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import { describeTarget, reasonOf } from './database-errors.ts';

const OLDEST_VERSION = 14;
const CONNECTIONS = 20;
const INTAKE_CONNECTIONS = 8;
const CONNECT_MS = 2_000;
/** At the start nobody waits for an answer, and a busy machine needs more time. */
const FIRST_CONNECT_MS = 15_000;
/** PostgreSQL aborts a statement before we give up the connection, and both happen before a client gives up its request. */
const STATEMENT_MS = 2_500;
const SILENCE_MS = 3_000;
/**
 * Columns that no query reads unless it selects them. Statistics with a million names take seconds to parse, in which nobody else is
 * served: `readStats` (src/services/reads/hot-reads.ts) passes them on as text.
 */
const OMITTED = { submission: { stats: true } } as const;

export interface Database {
  readonly prisma: PrismaClient;
  /** The same connections, for statements that Prisma cannot express. */
  readonly pool: Pool;
  /**
   * A few separate connections for the intake of warnings. Planning its statements takes as long as running them, and
   * PostgreSQL would plan them again each time, although the plans do not depend on the parameters.
   */
  readonly intakePool: Pool;
  close(): Promise<void>;
}

/**
 * Opens the database after checking that it answers and is new enough. A statement may take 2.5 s; if the server is silent for
 * 3 s, within a statement or between two statements of a transaction, the connection is cut.
 * @throws StartupError with one line that does not contain the password.
 */
export async function connectDatabase(url: string, { log }: { log: Logger }): Promise<Database> {
  await assertUsable(url);
  const pool = openPool({ connectionString: url, max: CONNECTIONS }, log);
  const intakePool = openPool({ connectionString: url, max: INTAKE_CONNECTIONS, options: '-c plan_cache_mode=force_generic_plan' }, log);
  await Promise.all([warmUp(pool), warmUp(intakePool)]);
  // As the common type, because the transactions of Prisma's generated client have that too.
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), omit: OMITTED }) as unknown as PrismaClient;
  return {
    prisma,
    pool,
    intakePool,
    async close() {
      await prisma.$disconnect();
      await Promise.all([pool.end(), intakePool.end()]);
    },
  };
}

function openPool(config: PoolConfig, log: Logger): Pool {
  const pool = new Pool({
    application_name: 'invigil',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    keepAlive: true,
    ...config,
  });
  // Without a listener, the loss of an idle connection would crash the process. The error contains the whole client, so only its
  // message is logged.
  pool.on('error', ({ message }) => {
    // At a shutdown PostgreSQL may be faster than the goodbye of a connection.
    if (!pool.ending) log.warn({ reason: message }, 'lost a connection to PostgreSQL');
  });
  cutSilentConnections(pool);
  return pool;
}

/**
 * A frozen PostgreSQL keeps its connections open but does not answer. pg's own `query_timeout` only abandons the query: Prisma
 * then returns the connection to the pool with an open transaction, and the writes of its next user are lost. A connection that
 * was cut cannot be reused.
 */
function cutSilentConnections(pool: Pool): void {
  const inUse = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => inUse.add(client));
  pool.on('release', (_error, client) => inUse.delete(client));
  pool.on('connect', (client) => {
    // Users notice the loss by their failing queries; without a listener, the event would crash the process.
    client.on('error', () => {});
    const { stream } = client.connection;
    if (!(stream instanceof Socket)) return;
    stream.setTimeout(SILENCE_MS).on('timeout', () => {
      if (inUse.has(client)) stream.destroy(new Error(`PostgreSQL has not answered for ${SILENCE_MS / 1_000} s`));
    });
  });
}

/** Opens the first connection patiently, so that what starts next does not fail on a busy machine. */
async function warmUp(pool: Pool): Promise<void> {
  const deadline = performance.now() + FIRST_CONNECT_MS;
  for (;;) {
    try {
      await pool.query('SELECT 1');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new StartupError(`The database does not answer: ${reasonOf(error)}`, { cause: error });
    }
  }
}

async function assertUsable(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'invigil',
    connectionTimeoutMillis: FIRST_CONNECT_MS,
    query_timeout: FIRST_CONNECT_MS,
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
