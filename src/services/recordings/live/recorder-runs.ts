import { startsContainer } from '../../../adapters/media/media-sniff.ts';
import type { RecordingChunk } from '../../../generated/prisma/client.ts';

export type Chunk = Pick<RecordingChunk, 'index' | 'size' | 'storageKey' | 'head' | 'startedAt' | 'durationMs' | 'receivedAt' | 'joined'>;

/** Chunks of one run of the browser's recorder: concatenated they are one file. */
export type RecorderRun = readonly Chunk[];

/** Bytes that are needed to recognise the start of a container. */
const MAGIC_BYTES = 8;

/**
 * Splits the chunks at restarts of the recorder, after a reload or a stop: its first chunk starts with a container header. A gap
 * does not split: what follows it in the same file still has its place in time.
 * @param chunks sorted by index
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

/** The first bytes from this chunk on, including those of the following chunks if it is too short. */
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

/**
 * Indexes that are missing.
 * @param expected how many there are; null to look below the highest one received
 */
export function missingIndexes(chunks: readonly Pick<Chunk, 'index'>[], expected: number | null): number[] {
  const came = new Set(chunks.map(({ index }) => index));
  const count = expected ?? chunks.reduce((most, { index }) => Math.max(most, index + 1), 0);
  return Array.from({ length: count }, (_, index) => index).filter((index) => !came.has(index));
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
