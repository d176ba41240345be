import { Readable } from 'node:stream';
import { MediaError } from '../../../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../../../adapters/media/media-sniff.ts';
import type { SpooledFile, Storage } from '../../../adapters/storage/storage.ts';
import { joinParts, type MediaPart, type MediaTools, notesOn, readParts } from '../media-parts.ts';
import { type Chunk, describeIndexes, type RecorderRun, splitRuns } from './recorder-runs.ts';

export interface Assembled {
  /** Null if nothing of the recording can be read. */
  media: { file: SpooledFile; format: MediaFormat; duration: number } | null;
  /** Chunks that are part of it. */
  used: readonly Chunk[];
  /** What of it cannot be used and what was mended, for proctors: a sentence each. */
  notes: readonly string[];
  /** Its parts, in order; none if it plays for another time than they do together. */
  parts: readonly { seconds: number; chunks: RecorderRun }[];
}

interface ChunkPart extends MediaPart {
  chunks: RecorderRun;
}

/**
 * Makes one file from the chunks. If the recorder ran without a restart, the file is their bytes as received; otherwise the
 * parts are joined, and decoded only if they differ. A part that cannot be read does not affect the others.
 * @param chunks sorted by index
 */
export async function assemble(chunks: readonly Chunk[], tools: MediaTools): Promise<Assembled> {
  const notes: string[] = [];
  const lost = new Set<Chunk>();
  const leaveOut = (part: RecorderRun, reason: string) => {
    for (const chunk of part) lost.add(chunk);
    notes.push(`Left out, ${named(part.map(({ index }) => index))}: ${reason}`);
  };

  const parts: ChunkPart[] = [];
  for (const piece of splitRuns(chunks)) parts.push(...(await readPiece(piece, tools, { leaveOut, notes })));
  const sourcesOf = (list: readonly MediaPart[]) => list.flatMap((part) => (part as ChunkPart).chunks);
  // As received, also if its time goes back: whoever reads it mends that in a copy.
  const [only] = parts;
  const whole =
    parts.length === 1 && only
      ? { ...only, sources: [only] }
      : await joinParts(parts, null, tools, (list, reason) => leaveOut(sourcesOf(list), reason));
  if (!whole?.file) return { media: null, used: [], notes, parts: [] };
  const empty = chunks.filter(({ size }) => size === 0n);
  // A chunk that was used in part is kept.
  const used = new Set([...sourcesOf(whole.sources), ...empty].filter((chunk) => !lost.has(chunk)));
  const media = { file: whole.file, format: whole.format, duration: whole.info.duration };
  const inFile = whole.sources.map((part) => ({ seconds: part.info.duration, chunks: (part as ChunkPart).chunks }));
  return { media, used: [...used], notes, parts: inFile };
}

/** `chunks 3, 5 to 9`. */
export const named = (indexes: readonly number[]) => `chunk${indexes.length === 1 ? '' : 's'} ${describeIndexes(indexes)}`;

interface Told {
  leaveOut: (part: RecorderRun, reason: string) => void;
  notes: string[];
}

/** The recordings in consecutive chunks: one, or more if the recorder restarted within a chunk. */
async function readPiece(chunks: RecorderRun, tools: MediaTools, { leaveOut, notes }: Told): Promise<ChunkPart[]> {
  const { storage, scope, signal } = tools;
  const maxBytes = chunks.reduce((sum, { size }) => sum + Number(size), 0);
  const file = await scope.spool(Readable.from(bytesOf(chunks, storage, signal), { objectMode: false }), { maxBytes });
  const within = chunksWithin(chunks);
  try {
    const found = await storage.withLocalFile(file, (path) => readParts(path, tools));
    for (const { run, reason } of found.left) leaveOut(within(run), reason);
    notes.push(...notesOn(named(chunks.map(({ index }) => index)), { ...found, left: [] }, tools.ffmpeg));
    const isWhole = found.parts.length === 1 && found.parts[0]?.file === null;
    if (!isWhole) await scope.discard(file);
    return found.parts.map((part) => Object.assign(part, { file: part.file ?? file, chunks: within(part.run) }));
  } catch (error) {
    await scope.discard(file);
    if (!(error instanceof MediaError)) throw error;
    leaveOut(chunks, error.message);
    return [];
  }
}

/** Tells which chunks have bytes of a run. */
function chunksWithin(chunks: RecorderRun): (run: MediaPart['run']) => RecorderRun {
  let at = 0;
  const placed = chunks.map((chunk) => ({ chunk, start: at, end: (at += Number(chunk.size)) }));
  return (run) => placed.filter(({ start, end }) => start < run.end && end > run.start).map(({ chunk }) => chunk);
}

async function* bytesOf(chunks: RecorderRun, storage: Storage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const { storageKey } of chunks) {
    for await (const bytes of storage.read(storageKey) as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      yield bytes;
    }
  }
}
