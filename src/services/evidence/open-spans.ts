import type { Pool } from '../../adapters/database/database-transaction.ts';
import { MOST_INFERRED_MS } from './chunk-times.ts';
import { clockSkewOf } from './clock-skew.ts';

/** A stretch of time, in milliseconds since 1970. */
export interface Stretch {
  from: number;
  to: number;
}

/** Per recording; a hostile sender can make as many as it sends chunks. */
const MOST_PER_RECORDING = 200;

const ms = (interval: string) => `(extract(epoch FROM ${interval}) * 1000)::float8`;

/**
 * Chunks that follow each other, as one row. In SQL, because a hall sends a hundred thousand chunks: chunk-times.ts does the same for
 * one recording.
 */
const READ = `
WITH raw AS (
  SELECT c."recordingId", c.index, c."startedAt", c."receivedAt",
         coalesce(c."durationMs", greatest(0, least(${MOST_INFERRED_MS}, coalesce(
           CASE WHEN lead(c.index) OVER w = c.index + 1 THEN ${ms('lead(c."startedAt") OVER w - c."startedAt"')} END,
           CASE WHEN lag(c.index) OVER w = c.index - 1 THEN ${ms('c."receivedAt" - lag(c."receivedAt") OVER w')} END, 0)))) AS ms
    FROM "RecordingChunk" c WHERE c."recordingId" = ANY($1) WINDOW w AS (PARTITION BY c."recordingId" ORDER BY c.index)
), timed AS (
  SELECT *, ${ms(`"receivedAt" - '1970-01-01Z'`)} AS arrived, ${ms(`"startedAt" - '1970-01-01Z'`)} AS given FROM raw
), stepped AS (
  SELECT *, coalesce(given, arrived - ms) AS at,
         CASE WHEN lag(index) OVER w = index - 1 AND (lag(given) OVER w IS NULL) = (given IS NULL)
               AND abs(coalesce(given, arrived - ms) - lag(coalesce(given, arrived - ms) + ms) OVER w) <= 1000 THEN 0 ELSE 1 END AS step
    FROM timed WINDOW w AS (PARTITION BY "recordingId" ORDER BY index)
), numbered AS (
  SELECT *, sum(step) OVER (PARTITION BY "recordingId" ORDER BY index) AS island FROM stepped
)
SELECT "recordingId", min(at) AS "from", max(at + ms) AS "to", bool_and(given IS NOT NULL) AS "isGiven", min(arrived - at - ms) AS delay,
       min(arrived - ms) AS "arrivedFrom", max(arrived) AS "arrivedTo"
  FROM numbered WHERE island <= ${MOST_PER_RECORDING} GROUP BY "recordingId", island ORDER BY "recordingId", island`;

interface Island extends Stretch {
  recordingId: string;
  isGiven: boolean;
  delay: number;
  arrivedFrom: number;
  arrivedTo: number;
}

/** When the chunks that are not part of a file yet were recorded, by the server's clock, by recording. */
export async function readOpenSpans(pool: Pool, recordings: readonly { id: string; createdAt: Date }[]): Promise<Map<string, Stretch[]>> {
  if (recordings.length === 0) return new Map();
  const { rows } = await pool.query<Island>({ name: 'open-spans', text: READ, values: [recordings.map(({ id }) => id)] });
  const islands = new Map<string, Island[]>();
  for (const row of rows) islands.set(row.recordingId, [...(islands.get(row.recordingId) ?? []), row]);
  return new Map(recordings.map(({ id, createdAt }) => [id, shifted(islands.get(id) ?? [], createdAt.getTime())]));
}

function shifted(islands: readonly Island[], begun: number): Stretch[] {
  const given = islands.filter(({ isGiven }) => isGiven);
  const times = {
    earliest: given.reduce((least, { from }) => Math.min(least, from), Infinity),
    leastDelay: given.reduce((least, { delay }) => Math.min(least, delay), Infinity),
  };
  const skew = given.length === 0 ? null : clockSkewOf(times, begun);
  return islands.map(({ isGiven, from, to, arrivedFrom, arrivedTo }) => {
    if (isGiven && skew !== null) return { from: from + skew, to: to + skew };
    return isGiven ? { from: arrivedFrom, to: arrivedTo } : { from, to };
  });
}
