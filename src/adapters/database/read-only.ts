import { Client, DatabaseError } from 'pg';
import { StartupError } from '../../errors.ts';
import { describeTarget, reasonOf } from './database-errors.ts';
import type { Transaction } from './database-transaction.ts';

/** Nothing is changed, also not by mistake; a statement that never ends would keep PostgreSQL from cleaning up. */
const OPTIONS = '-c default_transaction_read_only=on -c statement_timeout=60000';
const CONNECT_MS = 15_000;
/** SQLSTATEs of a table, column or type that the database does not know. */
const OTHER_VERSION = /^42(P01|703|704)$/;

/**
 * Reads from the database of a server, which may run meanwhile, by one connection that cannot write.
 * @throws StartupError with one line that does not contain the password
 */
export async function readDatabase<Result>(url: string, read: (connection: Transaction) => Promise<Result>): Promise<Result> {
  const client = new Client({
    connectionString: url,
    application_name: 'invigil evaluate',
    connectionTimeoutMillis: CONNECT_MS,
    options: OPTIONS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await read(client);
  } catch (error) {
    if (error instanceof DatabaseError && OTHER_VERSION.test(error.code ?? ''))
      throw new StartupError('The database is of another version: start the server of this version once', { cause: error });
    throw new StartupError(`Cannot read the database at ${describeTarget(client)}: ${reasonOf(error)}`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}
