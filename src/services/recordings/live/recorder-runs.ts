import { startsContainer } from '../../../adapters/media/media-sniff.ts';
import type { RecordingChunk } from '../../../generated/prisma/client.ts';

export type Chunk = Pick<RecordingChunk, 'index' | 'size' | 'storageKey' | 'head'>;

/** Chunks that one run of the browser's recorder made: put together they are one file. */
export type RecorderRun = readonly Chunk[];

/** As many bytes as tell whether a container begins. */
const MAGIC_BYTES = 8;

/**
 * Where the recorder began anew, after a reload of the page or a stop, its first chunk begins with a container's head.
 * A gap ends no part: what follows it in the same file still has its place in time.
 * @param chunks in order.
 */
export function splitRuns(chunks: readonly Chunk[]): RecorderRun[] {
  const parts: Chunk[][] = [];
  const filled = chunks.filter(({ size }) => size > 0n);
  for (const [at, chunk] of filled.entries()) {
    const part = parts.at(-1);
    if (part && !startsContainer(headFrom(filled, at))) part.push(chunk);
    else parts.push([chunk]);
  }
  return parts;
}

/** The first bytes from a chunk on; the next ones lend theirs to one that is shorter than that. */
function headFrom(chunks: readonly Chunk[], at: number): Uint8Array {
  let head = Buffer.alloc(0);
  for (let next = at; head.length < MAGIC_BYTES; next += 1) {
    const chunk = chunks[next];
    if (!chunk || (next > at && chunk.index !== (chunks[next - 1]?.index ?? 0) + 1)) break;
    head = Buffer.concat([head, chunk.head]);
    if (chunk.size > BigInt(chunk.head.length)) break;
  }
  return head;
}

/** Positions below the highest that came of which nothing came. */
export function missingIndexes(chunks: readonly Pick<Chunk, 'index'>[]): number[] {
  const came = new Set(chunks.map(({ index }) => index));
  const end = Math.max(-1, ...came);
  return Array.from({ length: end + 1 }, (_, index) => index).filter((index) => !came.has(index));
}

const MOST_RANGES = 20;

/** `3, 5 to 9`. */
export function describeIndexes(indexes: readonly number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last && index === last.to + 1) last.to = index;
    else ranges.push({ from: index, to: index });
  }
  const shown = ranges.slice(0, MOST_RANGES).map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  return ranges.length > MOST_RANGES ? `${shown.join(', ')} and more` : shown.join(', ');
}
