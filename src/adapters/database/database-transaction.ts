import { Socket } from 'node:net';
import { DatabaseError, type Pool, type PoolClient, type QueryConfig } from 'pg';
import { Prisma } from '../../generated/prisma/client.ts';

/** A connection within a transaction. */
export type Transaction = Pick<PoolClient, 'query'>;
export type { Pool };

/** SQLSTATE classes of errors in the rows themselves: data exception, integrity constraint, refusal by a trigger. */
const FAULT_OF_ROWS = /^(22|23|P0)/;

/** SQLSTATE class of a value that its column cannot store: data exception. */
const FAULT_OF_VALUES = /^22/;

/** The connection was lost, the server is restarting, or two transactions got in each other's way: the same statements may succeed now. */
const PASSING = /^(08|40001|40P01|57P0[123])/;
const PASSING_SOCKET = /^(ECONNRESET|EPIPE)$/;
/** A transaction that failed later is not run again: its sender needs an answer. */
const RETRY_MS = 1_000;

/** The SQLSTATE of an error from pg or Prisma. */
function sqlStateOf(error: unknown): string {
  if (error instanceof DatabaseError) return error.code ?? '';
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return '';
  const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: { originalCode?: string } } };
  return driverAdapterError?.cause?.originalCode ?? '';
}

/** Whether the same transaction could succeed with other rows. */
export const isFaultOfRows = (error: unknown) => FAULT_OF_ROWS.test(sqlStateOf(error));

/** Whether the same statement could succeed with other values. */
export const isFaultOfValues = (error: unknown) => FAULT_OF_VALUES.test(sqlStateOf(error));

/** SQLSTATEs of text with a NUL character, as text and in JSON. */
const NUL = /^22(021|P05)$/;

/** Whether a text of the statement has a character that PostgreSQL cannot store: NUL, because other input is UTF-8. */
export const isUnstorableText = (error: unknown) => NUL.test(sqlStateOf(error));

/** Whether the disk of the database is full. */
export const isDiskFull = (error: unknown) => sqlStateOf(error) === '53100';

/** Whether the user of the database lacks a right. */
export const isNotPermitted = (error: unknown) => sqlStateOf(error) === '42501';

/** Whether the database was too slow, so that nothing was stored: a statement took too long, or there was no connection. */
export const isTooSlow = (error: unknown) =>
  sqlStateOf(error) === '57014' || (error instanceof Error && error.message === 'timeout exceeded when trying to connect');

/** @see https://www.prisma.io/docs/orm/reference/error-reference: conflict of two transactions, connection closed */
const PASSING_IN_PRISMA: ReadonlySet<string> = new Set(['P2034', 'P1017']);

/** Whether the same transaction, of which nothing is stored, may succeed now. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError && PASSING_IN_PRISMA.has(error.code)) return true;
  if (PASSING.test(sqlStateOf(error))) return true;
  if (!(error instanceof Error) || error instanceof DatabaseError) return false;
  return PASSING_SOCKET.test((error as NodeJS.ErrnoException).code ?? '') || error.message.startsWith('Connection terminated');
}

/** A transaction that failed before its commit: nothing of it is stored. */
class RolledBack extends Error {}

/**
 * For statements that are impossible or expensive in Prisma. Commits what `run` wrote, or nothing if it throws. If the connection
 * is lost before the commit, `run` is called once more.
 */
export async function inTransaction<T>(pool: Pool, run: (transaction: Transaction) => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await attempt(pool, run);
  } catch (error) {
    const { cause } = error as Error;
    if (!(error instanceof RolledBack)) throw error;
    if (!isPassing(cause) || performance.now() - begun > RETRY_MS) throw cause;
  }
  return attempt(pool, run).catch((error: unknown) => {
    throw error instanceof RolledBack ? error.cause : error;
  });
}

/** @throws RolledBack if the commit was not even sent */
async function attempt<T>(pool: Pool, run: (transaction: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  let isSent = false;
  try {
    await client.query('BEGIN');
    const result = await run(client);
    isSent = true;
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The next user of the connection must not inherit the transaction: if the rollback fails, the connection is discarded.
    failure = await client.query('ROLLBACK').then(
      () => undefined,
      (cause: Error) => cause,
    );
    throw isSent ? error : new RolledBack('the transaction was rolled back', { cause: error });
  } finally {
    client.release(failure);
  }
}

/** Runs statements of a transaction that may take longer, or wait longer for the next one, than the limits of the connection. */
export async function patiently<T>(transaction: Transaction, ms: number, run: () => Promise<T>): Promise<T> {
  const { stream } = (transaction as PoolClient).connection;
  const silence = stream instanceof Socket ? stream.timeout : undefined;
  const { rows } = await transaction.query<{ statement_timeout: string }>('SHOW statement_timeout');
  await transaction.query(`SET LOCAL statement_timeout = ${ms}`);
  if (stream instanceof Socket) stream.setTimeout(ms + 1_000);
  try {
    const result = await run();
    await transaction.query(`SET LOCAL statement_timeout = '${rows[0]?.statement_timeout ?? '0'}'`);
    return result;
  } finally {
    if (stream instanceof Socket && silence !== undefined) stream.setTimeout(silence);
  }
}

/** The same transaction; calls `progress` after each answer of the database. */
export const watch = (transaction: Transaction, progress: () => void): Transaction => ({
  query: (async (statement: QueryConfig, values?: unknown[]) => {
    const result = await transaction.query(statement, values);
    progress();
    return result;
  }) as Transaction['query'],
});
