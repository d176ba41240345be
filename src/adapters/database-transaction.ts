import { DatabaseError, type Pool, type PoolClient } from 'pg';

/** A connection within a transaction. */
export type Transaction = Pick<PoolClient, 'query'>;
export type { Pool };

/** SQLSTATE classes of what is wrong with the rows themselves: data exception, integrity constraint, a trigger's refusal. */
const FAULT_OF_ROWS = /^(22|23|P0)/;

/** Whether the same transaction could succeed with other rows. */
export const isFaultOfRows = (error: unknown) => error instanceof DatabaseError && FAULT_OF_ROWS.test(error.code ?? '');

/** For statements that Prisma cannot say, or only dearly. Commits what `run` wrote, or nothing where it throws. */
export async function inTransaction<T>(pool: Pool, run: (transaction: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The next user of the connection must not inherit the transaction: where it cannot be rolled back it is given up.
    failure = await client.query('ROLLBACK').then(
      () => undefined,
      (cause: Error) => cause,
    );
    throw error;
  } finally {
    client.release(failure);
  }
}
