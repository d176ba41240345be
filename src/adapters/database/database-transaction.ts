import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { Prisma } from '../../generated/prisma/client.ts';

/** A connection within a transaction. */
export type Transaction = Pick<PoolClient, 'query'>;
export type { Pool };

/** SQLSTATE classes of errors in the rows themselves: data exception, integrity constraint, refusal by a trigger. */
const FAULT_OF_ROWS = /^(22|23|P0)/;

/** SQLSTATE class of a value that its column cannot store: data exception. */
const FAULT_OF_VALUES = /^22/;

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

/** For statements that are impossible or expensive in Prisma. Commits what `run` wrote, or nothing if it throws. */
export async function inTransaction<T>(pool: Pool, run: (transaction: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The next user of the connection must not inherit the transaction: if the rollback fails, the connection is discarded.
    failure = await client.query('ROLLBACK').then(
      () => undefined,
      (cause: Error) => cause,
    );
    throw error;
  } finally {
    client.release(failure);
  }
}
