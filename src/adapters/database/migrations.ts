import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';
import { StartupError } from '../../errors.ts';
import { projectRoot } from '../../paths.ts';
import { describeTarget, reasonOf } from './database-errors.ts';

/** The advisory lock that Prisma's schema engine also takes. */
const LOCK = 72_707_369;
const LOCK_PATIENCE = '60s';
const INSUFFICIENT_PRIVILEGE = '42501';

/** The same table as the schema engine of Prisma 7 creates (`sql_migration_persistence.rs`). */
const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hexadecimal. */
  checksum: string;
}

interface AppliedMigration {
  name: string;
  checksum: string;
  finished: boolean;
}

const SHIPPED = join(projectRoot, 'prisma/migrations');

export interface MigrationOptions {
  folder?: string;
  /** Tells whoever waits for the start what takes time. */
  say?(line: string): void;
}

/**
 * Brings the database up to date and returns the names of the migrations that it applied. Records them like
 * `prisma migrate deploy`, so that either may be used. But a migration and its record commit together, so a failed one leaves
 * no trace and is tried again at the next start. Servers that start at the same time wait for each other.
 * @throws StartupError if a migration fails, was edited after it was applied, or is from a newer Invigil.
 */
export async function applyMigrations(url: string, { folder = SHIPPED, say = () => {} }: MigrationOptions = {}): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = await connectPatiently(url);
  try {
    await takeLock(client);
    await client.query(CREATE_TABLE).catch((error: unknown) => {
      throw deniedError(error, client);
    });
    const applied = await readApplied(client);
    assertConsistent(migrations, applied);
    const missing = migrations.filter(({ name }) => !applied.some((known) => known.name === name));
    if (missing.length > 0) say(`Applying ${missing.length} ${missing.length === 1 ? 'migration' : 'migrations'} to the database.`);
    for (const migration of missing) await apply(client, migration);
    return missing.map(({ name }) => name);
  } finally {
    // Ends the session, which releases the lock.
    await client.end();
  }
}

/** Since PostgreSQL 15, only the owner of a database may create tables in it, unless others are allowed to. */
function deniedError(error: unknown, client: Client): unknown {
  if (!(error instanceof DatabaseError) || error.code !== INSUFFICIENT_PRIVILEGE) return error;
  const advice = `make the user ${client.user} the owner of the database ${client.database}, or grant it CREATE on the database and its schema`;
  return new StartupError(`Cannot migrate the database at ${describeTarget(client)}: ${reasonOf(error)}: ${advice}`, { cause: error });
}

/** A connection without our time limits, because a migration may take long. */
async function connectPatiently(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'invigil-migrations', connectionTimeoutMillis: 5_000 });
  // A broken connection also fails the running query, which reports it.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw new StartupError(`Cannot migrate the database at ${describeTarget(client)}: ${reasonOf(error)}`, { cause: error });
  });
  return client;
}

async function takeLock(client: Client): Promise<void> {
  await client.query(`SET client_min_messages = warning; SET statement_timeout = 0; SET lock_timeout = '${LOCK_PATIENCE}'`);
  await client.query('SELECT pg_advisory_lock($1)', [LOCK]).catch((error: unknown) => {
    throw new StartupError(`Another server has been migrating the database for ${LOCK_PATIENCE}: ${reasonOf(error)}`, { cause: error });
  });
}

/** Sorted by name, which begins with the time. */
async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function readApplied(client: Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return rows;
}

function assertConsistent(migrations: readonly Migration[], applied: readonly AppliedMigration[]): void {
  for (const { name, checksum, finished } of applied) {
    const known = migrations.find((migration) => migration.name === name);
    if (!finished) {
      throw new StartupError(
        `Migration ${name} failed, or is still running elsewhere: repair the database, then run "npx prisma migrate resolve"`,
      );
    }
    if (!known) throw new StartupError(`The database has migration ${name} of a newer Invigil: start that version, or restore a backup`);
    if (known.checksum !== checksum) {
      throw new StartupError(
        `Migration ${name} was edited after it was applied: restore the file, and put the change into a new migration`,
      );
    }
  }
}

async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())', [
      randomUUID(),
      checksum,
      name,
    ]);
    await client.query(sql);
    await client.query(
      `UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1
        WHERE migration_name = $1 AND finished_at IS NULL AND rolled_back_at IS NULL`,
      [name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const denied = deniedError(error, client);
    if (denied instanceof StartupError) throw denied;
    const hint = error instanceof DatabaseError && error.code === '42710' ? ' (is the database used by another program?)' : '';
    throw new StartupError(`Migration ${name} failed and was rolled back: ${reasonOf(error)}${hint}`, { cause: error });
  }
}
