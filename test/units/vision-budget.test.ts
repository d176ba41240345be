import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/adapters/database/database.ts';
import { VisionError } from '../../src/adapters/vision/vision.ts';
import { createLogger } from '../../src/log.ts';
import { createVisionBudget } from '../../src/services/vision-budget.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';

const log = createLogger('silent');
let database: TestDatabase;
let connection: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connectDatabase(database.url, { log });
});
afterAll(async () => {
  await connection.close();
  await database.drop();
});
beforeEach(() => connection.pool.query('TRUNCATE "VisionSpending"'));

const budget = (caps: { month?: number; day?: number }) =>
  createVisionBudget({ pool: connection.pool, log, caps: { month: caps.month, day: caps.day } });

async function counted(): Promise<{ units: number; dayUnits: number }[]> {
  const { rows } = await connection.pool.query<{ units: string; dayUnits: string }>('SELECT units, "dayUnits" FROM "VisionSpending"');
  return rows.map(({ units, dayUnits }) => ({ units: Number(units), dayUnits: Number(dayUnits) }));
}

describe('the count of billed vision units', () => {
  it('is exact with many requests at the same time', async () => {
    const [one, other] = [budget({ month: 100 }), budget({ month: 100 })];
    const asked = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => (i % 2 ? one : other).spend(3)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(33);
    expect(await counted()).toEqual([{ units: 99, dayUnits: 99 }]);
    await one.spend(1);
    const refused = await other.spend(1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(VisionError);
    expect(refused).toMatchObject({ isFinal: true, message: expect.stringContaining('per month is reached') as string });
  });

  it('restarts every day, except the count of the month', async () => {
    const both = budget({ month: 10, day: 6 });
    await both.spend(6);
    await expect(both.spend(1)).rejects.toThrow('per day is reached');
    await expect(budget({ day: 0 }).spend(1)).rejects.toThrow('per day is reached');
    await connection.pool.query(`UPDATE "VisionSpending" SET day = day - 1`);
    await both.spend(4);
    expect(await counted()).toEqual([{ units: 10, dayUnits: 4 }]);
    await expect(both.spend(1)).rejects.toThrow('per month is reached');
    await connection.pool.query(`UPDATE "VisionSpending" SET month = month - INTERVAL '1 month'`);
    await both.spend(6);
    expect(await counted()).toHaveLength(2);
  });

  it('gives back units that were not billed, on the day for which they were counted', async () => {
    const free = budget({});
    const giveBack = await free.spend(5);
    await free.spend(2);
    await giveBack();
    expect(await counted()).toEqual([{ units: 2, dayUnits: 2 }]);
    const late = await free.spend(5);
    await connection.pool.query(`UPDATE "VisionSpending" SET day = day + 1, "dayUnits" = 1`);
    await late();
    expect(await counted()).toEqual([{ units: 2, dayUnits: 1 }]);
  });
});
