import { Readable } from 'node:stream';
import { type Ffmpeg, MediaError, type MediaInfo, planJoin } from '../../../adapters/media/ffmpeg.ts';
import { type MediaFormat, sniffContainer } from '../../../adapters/media/media-sniff.ts';
import type { SpoolScope } from '../../../adapters/storage/spool-scope.ts';
import type { SpooledFile, Storage } from '../../../adapters/storage/storage.ts';
import { type Chunk, describeIndexes, missingIndexes, type RecorderRun, splitRuns } from './recorder-runs.ts';

export interface Assembled {
  /** Null if nothing of the recording can be read. */
  media: { file: SpooledFile; format: MediaFormat; duration: number } | null;
  /** Chunks that are part of it: their own bytes are no longer needed. */
  used: readonly Chunk[];
  /** What is missing from it, for proctors; null if nothing is. */
  note: string | null;
}

interface ReadPart {
  chunks: RecorderRun;
  file: SpooledFile;
  format: MediaFormat;
  info: MediaInfo;
}

/** Seconds by which sound and picture may overlap at the border of two parts, plus one percent for clock differences. */
const TOLERANCE = 1;

interface Tools {
  storage: Storage;
  ffmpeg: Ffmpeg;
  /** Owns all temporary files and the result. */
  scope: SpoolScope;
  signal: AbortSignal;
}

/**
 * Makes one file from the chunks. If the recorder ran without a restart, the file is their bytes as received; otherwise the
 * parts are joined, and decoded only if they differ. A part that cannot be read does not affect the others.
 * @param chunks sorted by index
 */
export async function assemble(chunks: readonly Chunk[], tools: Tools): Promise<Assembled> {
  const notes: string[] = [];
  const missing = missingIndexes(chunks);
  if (missing.length > 0) notes.push(`Never arrived: ${named(missing)}.`);
  const leaveOut = (part: RecorderRun, reason: string) => notes.push(`Left out, ${named(part.map(({ index }) => index))}: ${reason}`);

  const parts: ReadPart[] = [];
  for (const piece of splitRuns(chunks)) {
    const part = await orNull(readPart(piece, tools), (reason) => leaveOut(piece, reason));
    if (part) parts.push(part);
  }
  const joined = await join(parts, tools, leaveOut);
  const note = notes.length > 0 ? notes.join(' ') : null;
  if (!joined) return { media: null, used: [], note };
  const empty = chunks.filter(({ size }) => size === 0n);
  const { file, format, info, sources } = joined;
  return { media: { file, format, duration: info.duration }, used: [...sources.flat(), ...empty], note };
}

const named = (indexes: readonly number[]) => `chunk${indexes.length === 1 ? '' : 's'} ${describeIndexes(indexes)}`;

/** The part's bytes in one spooled file. @throws MediaError */
async function readPart(chunks: RecorderRun, { storage, ffmpeg, scope, signal }: Tools): Promise<ReadPart> {
  const maxBytes = chunks.reduce((sum, { size }) => sum + Number(size), 0);
  const file = await scope.spool(Readable.from(bytesOf(chunks, storage, signal), { objectMode: false }), { maxBytes });
  try {
    const format = sniffContainer(file.head);
    if (!format) throw new MediaError('It does not begin as a WebM or MP4 video.');
    return { chunks, file, format, info: await storage.withLocalFile(file, (path) => ffmpeg.probe(path, format, signal)) };
  } catch (error) {
    await scope.discard(file);
    throw error;
  }
}

async function* bytesOf(chunks: RecorderRun, storage: Storage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const { storageKey } of chunks) {
    for await (const bytes of storage.read(storageKey) as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      yield bytes;
    }
  }
}

interface Joined extends Omit<ReadPart, 'chunks'> {
  sources: RecorderRun[];
}

async function join(
  parts: readonly ReadPart[],
  tools: Tools,
  leaveOut: (part: RecorderRun, reason: string) => void,
): Promise<Joined | null> {
  const [first] = parts;
  if (!first) return null;
  if (parts.length === 1) return { ...first, sources: [first.chunks] };
  const { storage, ffmpeg, scope, signal } = tools;
  const plan = planJoin(parts);
  const probe = (file: SpooledFile) => storage.withLocalFile(file, (path) => ffmpeg.probe(path, plan.format, signal));
  /** The output of ffmpeg is limited by its bit rate and the maximum duration. */
  const spool = (bytes: AsyncIterable<Uint8Array>) =>
    scope.spool(Readable.from(bytes, { objectMode: false }), { maxBytes: Number.MAX_SAFE_INTEGER });
  async function align({ chunks, file, format, info }: ReadPart): Promise<ReadPart> {
    const alignedFile = await storage.withLocalFile(file, (path) => spool(ffmpeg.align(path, format, info, plan, signal)));
    await scope.discard(file);
    return { chunks, file: alignedFile, format: plan.format, info: await probe(alignedFile) };
  }

  const aligned: ReadPart[] = [];
  for (const part of parts) {
    const same = await orNull(align(part), (reason) => leaveOut(part.chunks, reason));
    if (same) aligned.push(same);
  }

  if (aligned.length === 0) return null;
  const file = await withLocalFiles(
    storage,
    aligned.map(({ file }) => file),
    (paths) =>
      spool(
        ffmpeg.concatenate(
          paths.map((path, at) => ({ path, seconds: aligned[at]?.info.duration ?? 0 })),
          plan,
          signal,
        ),
      ),
  );
  for (const part of aligned) await scope.discard(part.file);
  const info = await probe(file);
  const seconds = aligned.reduce((sum, part) => sum + part.info.duration, 0);
  const whole = Math.abs(info.duration - seconds) <= TOLERANCE + seconds / 100;
  if (whole) return { file, format: plan.format, info, sources: aligned.map(({ chunks }) => chunks) };
  leaveOut(
    aligned.flatMap(({ chunks }) => chunks),
    `joined they play for ${Math.round(info.duration)} s instead of ${Math.round(seconds)} s; the chunks are kept in storage.`,
  );
  return { file, format: plan.format, info, sources: [] };
}

/** `Storage.withLocalFile` for several files. */
async function withLocalFiles<T>(storage: Storage, files: readonly SpooledFile[], use: (paths: string[]) => Promise<T>): Promise<T> {
  const [first, ...rest] = files;
  if (!first) return use([]);
  return storage.withLocalFile(first, (path) => withLocalFiles(storage, rest, (paths) => use([path, ...paths])));
}

/** Null for media that cannot be read; any other failure is the server's, so another attempt may succeed. */
async function orNull<T>(work: Promise<T>, onUnreadable: (reason: string) => void): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    onUnreadable(error.message);
    return null;
  }
}
