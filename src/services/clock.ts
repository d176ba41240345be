import type { Pool } from '../adapters/database/database-transaction.ts';
import { batched } from '../async/batched.ts';

/** The time by the database's clock, by which everything in an exam happens: the clocks of several servers differ. */
export function createClock({ pool }: { pool: Pool }) {
  const read = batched(async (asked: readonly null[]) => {
    const { rows } = await pool.query<{ now: Date }>({ name: 'now', text: 'SELECT clock_timestamp() AS now' });
    return asked.map(() => rows[0]?.now ?? new Date());
  }, Infinity);
  return { now: (): Promise<Date> => read(null) };
}

export type Clock = ReturnType<typeof createClock>;
