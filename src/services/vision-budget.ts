import type { Database } from '../adapters/database/database.ts';
import { VisionError } from '../adapters/vision/vision.ts';
import type { Logger } from '../log.ts';

interface Dependencies {
  pool: Database['pool'];
  log: Logger;
  /** Most units per calendar month and per day, UTC; no cap if undefined. */
  caps: { month: number | undefined; day: number | undefined };
}

interface Period {
  month: string;
  day: string;
}

/**
 * One statement counts or refuses, so that servers that ask at the same moment stay within the cap together: the second waits for
 * the row of the first and then decides by its new value. A transaction that waited past midnight counts for the day that has
 * begun.
 */
const SPEND = `
  WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day)
  INSERT INTO "VisionSpending" AS spent (month, units, day, "dayUnits")
  SELECT date_trunc('month', day)::date, $1::bigint, day, $1::bigint FROM today
  WHERE $1::bigint <= COALESCE($2::bigint, $1::bigint) AND $1::bigint <= COALESCE($3::bigint, $1::bigint)
  ON CONFLICT (month) DO UPDATE SET
    units = spent.units + $1::bigint,
    day = GREATEST(spent.day, excluded.day),
    "dayUnits" = CASE WHEN spent.day >= excluded.day THEN spent."dayUnits" ELSE 0 END + $1::bigint
  WHERE ($2::bigint IS NULL OR spent.units + $1::bigint <= $2::bigint)
    AND ($3::bigint IS NULL OR CASE WHEN spent.day >= excluded.day THEN spent."dayUnits" ELSE 0 END + $1::bigint <= $3::bigint)
  RETURNING month::text, day::text`;

const GIVE_BACK = `
  UPDATE "VisionSpending"
  SET units = units - $1::bigint, "dayUnits" = CASE WHEN day = $3::date THEN "dayUnits" - $1::bigint ELSE "dayUnits" END
  WHERE month = $2::date`;

const MONTH_UNITS = `
  SELECT units FROM "VisionSpending" WHERE month = date_trunc('month', now() AT TIME ZONE 'UTC')::date`;

/** Counts what a vision service bills, for all servers that share the database, and refuses what would exceed the cap. */
export function createVisionBudget({ pool, log, caps }: Dependencies) {
  const { month, day } = caps;

  async function refuse(units: number): Promise<never> {
    const { rows } = await pool.query<{ units: string }>(MONTH_UNITS);
    const isMonth = month !== undefined && Number(rows[0]?.units ?? 0) + units > month;
    const period = isMonth ? 'month' : 'day';
    log.debug({ period, cap: isMonth ? month : day, units }, 'refused units of Google Vision');
    const message = `The cap on the cost of Google Vision per ${period} is reached; the analysis can be run again when the ${period} is over or the cap is raised`;
    throw new VisionError(message, { isFinal: true });
  }

  return {
    /**
     * Counts units before they are requested. Returns a function that takes them back, for a request that was not billed after
     * all.
     * @throws VisionError if the cap does not leave room for all of them; nothing is counted then.
     */
    async spend(units: number): Promise<() => Promise<void>> {
      const { rows } = await pool.query<Period>(SPEND, [units, month ?? null, day ?? null]);
      const [period] = rows;
      if (!period) return refuse(units);
      return async () => {
        await pool
          .query(GIVE_BACK, [units, period.month, period.day])
          .catch((error) => log.warn({ err: error, units }, 'units of Google Vision stay counted although they were not billed'));
      };
    },
  };
}
