import { clockSkewOf } from './clock-skew.ts';
import type { Stretch } from './stretches.ts';

/** For clocks that are not exact. */
const SLACK_MS = 5_000;
/** Per recording; a hostile sender can make as many as it sends chunks. */
const MOST_RUNS = 500;

/** Chunks that followed each other: when they were recorded, as the sender says, and when they arrived, in milliseconds since 1970. */
export interface ChunkRun extends Stretch {
  isGiven: boolean;
  leastDelay: number;
  arrivedFrom: number;
  arrivedTo: number;
}

const ms = (column: string) => `'${column}', (extract(epoch FROM run."${column}") * 1000)::float8`;

/**
 * The runs of a row of "Recording" as JSON, null if there are none. Part of the statement that reads the row, since the runs end in the
 * moment in which the row gets its spans.
 */
export const RUNS = `(SELECT json_agg(json_build_object('isGiven', run."isGiven", 'leastDelay', run."leastDelay",
    ${['from', 'to', 'arrivedFrom', 'arrivedTo'].map(ms).join(', ')}) ORDER BY run."firstIndex")
  FROM (SELECT * FROM "ChunkRun" WHERE "recordingId" = "Recording".id ORDER BY "firstIndex" LIMIT ${MOST_RUNS}) run)`;

/** When the chunks of a recording that is not in a file yet were recorded, by the server's clock. */
export function openSpans(runs: readonly ChunkRun[], createdAt: Date): Stretch[] {
  const begun = createdAt.getTime();
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
