import type { Pool } from '../../adapters/database/database-transaction.ts';
import { groupBy } from '../../group-by.ts';
import { clockSkewOf } from './clock-skew.ts';
import type { Stretch } from './stretches.ts';

/** For clocks that are not exact. */
const SLACK_MS = 5_000;
/** Per recording; a hostile sender can make as many as it sends chunks. */
const MOST_RUNS = 500;

const ms = (column: string) => `(extract(epoch FROM run."${column}") * 1000)::float8 AS "${column}"`;
const READ = `
SELECT asked.id AS "recordingId", run."isGiven", run."leastDelay", ${['from', 'to', 'arrivedFrom', 'arrivedTo'].map(ms).join(', ')}
  FROM unnest($1::text[]) AS asked(id),
  LATERAL (SELECT * FROM "ChunkRun" WHERE "recordingId" = asked.id ORDER BY "firstIndex" LIMIT ${MOST_RUNS}) run`;

interface Run extends Stretch {
  recordingId: string;
  isGiven: boolean;
  leastDelay: number;
  arrivedFrom: number;
  arrivedTo: number;
}

/** When the chunks of recordings that are not in a file yet were recorded, by the server's clock, by recording. */
export async function readOpenSpans(pool: Pool, recordings: readonly { id: string; createdAt: Date }[]): Promise<Map<string, Stretch[]>> {
  if (recordings.length === 0) return new Map();
  const { rows } = await pool.query<Run>({ name: 'open-spans', text: READ, values: [recordings.map(({ id }) => id)] });
  const runs = groupBy(rows, ({ recordingId }) => recordingId);
  return new Map(recordings.map(({ id, createdAt }) => [id, shifted(runs.get(id) ?? [], createdAt.getTime())]));
}

function shifted(runs: readonly Run[], begun: number): Stretch[] {
  const given = runs.filter(({ isGiven }) => isGiven);
  const times = {
    earliest: given.reduce((least, { from }) => Math.min(least, from), Infinity),
    leastDelay: given.reduce((least, run) => Math.min(least, run.leastDelay), Infinity),
  };
  const skew = given.length === 0 ? null : clockSkewOf(times, begun);
  return runs.flatMap(({ isGiven, from, to, arrivedFrom, arrivedTo }) => {
    const inferred = isGiven ? { from: arrivedFrom, to: arrivedTo } : { from, to };
    const claimed = isGiven && skew !== null ? { from: from + skew, to: to + skew } : inferred;
    // Whatever a sender claims: nothing is recorded before it begins, nor after it has arrived.
    const possible = { from: Math.max(claimed.from, begun - SLACK_MS), to: Math.min(claimed.to, arrivedTo + SLACK_MS) };
    return possible.to > possible.from ? [possible] : [];
  });
}
