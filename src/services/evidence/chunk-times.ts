import type { RecordingChunk } from '../../generated/prisma/client.ts';
import { clockSkewOf } from './clock-skew.ts';

/** When a chunk was recorded, in milliseconds. */
export interface TimedChunk {
  index: number;
  /** Since 1970, by the server's clock. */
  at: number;
  ms: number;
  arrivedAt: number;
  /** Whether the sender said when it was recorded; otherwise that is inferred from its arrival. */
  isGiven: boolean;
}

type Chunk = Pick<RecordingChunk, 'index' | 'startedAt' | 'durationMs' | 'receivedAt'>;

/** The longest duration that is inferred; the statement that stores a chunk does the same. */
const MOST_INFERRED_MS = 60_000;

const inferred = (ms: number) => Math.min(MOST_INFERRED_MS, Math.max(0, ms));

function durationOf(chunk: Chunk, before: Chunk | undefined, after: Chunk | undefined): number {
  if (chunk.durationMs !== null) return chunk.durationMs;
  if (chunk.startedAt && after?.startedAt && after.index === chunk.index + 1)
    return inferred(after.startedAt.getTime() - chunk.startedAt.getTime());
  if (before?.index === chunk.index - 1) return inferred(chunk.receivedAt.getTime() - before.receivedAt.getTime());
  return 0;
}

/**
 * When the chunks of a recording were recorded, and what was added to the sender's times.
 * @param chunks sorted by index
 * @param begun when the recording was registered
 */
export function timesOf(chunks: readonly Chunk[], begun: Date): { chunks: TimedChunk[]; skew: number } {
  const durations = chunks.map((chunk, i) => durationOf(chunk, chunks[i - 1], chunks[i + 1]));
  let earliest = Infinity;
  let leastDelay = Infinity;
  for (const [i, { startedAt, receivedAt }] of chunks.entries()) {
    if (!startedAt) continue;
    earliest = Math.min(earliest, startedAt.getTime());
    leastDelay = Math.min(leastDelay, receivedAt.getTime() - startedAt.getTime() - (durations[i] ?? 0));
  }
  const skew = earliest === Infinity ? null : clockSkewOf({ earliest, leastDelay }, begun.getTime());
  const timed = chunks.map(({ index, startedAt, durationMs, receivedAt }, i) => {
    const ms = durations[i] ?? 0;
    const arrivedAt = receivedAt.getTime();
    const isGiven = skew !== null && startedAt !== null;
    return {
      index,
      ms,
      arrivedAt,
      at: isGiven ? startedAt.getTime() + skew : arrivedAt - ms,
      isGiven: isGiven || durationMs !== null,
    };
  });
  return { chunks: timed, skew: skew ?? 0 };
}
