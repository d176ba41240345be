import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type Ffmpeg, type FileRun, findRuns, MediaError, type MediaInfo, planJoin, straightFormat } from '../../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../../adapters/media/media-sniff.ts';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { SpooledFile, Storage } from '../../adapters/storage/storage.ts';

export interface MediaTools {
  storage: Storage;
  ffmpeg: Ffmpeg;
  /** Owns all temporary files. */
  scope: SpoolScope;
  signal: AbortSignal;
}

/** What one run of a recorder wrote. */
export interface MediaPart {
  /** Null if the file holds nothing else: then the part is the file. */
  file: SpooledFile | null;
  /** Where it is in the file. */
  run: Pick<FileRun, 'start' | 'end'>;
  format: MediaFormat;
  info: MediaInfo;
}

/** Bytes of a file that cannot be used. */
export interface LeftOut {
  run: Pick<FileRun, 'start' | 'end'>;
  reason: string;
}

export interface MediaParts {
  parts: MediaPart[];
  left: LeftOut[];
}

/** Reads what is in a local file: one recording, or several that follow each other. One that cannot be read does not affect the others. */
export async function readParts(path: string, tools: MediaTools): Promise<MediaParts> {
  const { storage, ffmpeg, scope, signal } = tools;
  const runs = await findRuns(path);
  const [first] = runs;
  if (!first) return { parts: [], left: [{ run: { start: 0, end: Infinity }, reason: NO_START }] };
  const left: LeftOut[] = first.start === 0 ? [] : [{ run: { start: 0, end: first.start }, reason: NO_START }];
  const isWhole = runs.length === 1 && first.start === 0;
  const parts: MediaPart[] = [];
  for (const run of runs) {
    const file = isWhole ? null : await scope.spool(createReadStream(path, { start: run.start, end: run.end - 1 }), { maxBytes: Infinity });
    const probe = (local: string) => ffmpeg.probe(local, run.format, signal);
    const info = await orNull(file ? storage.withLocalFile(file, probe) : probe(path), (reason) => left.push({ run, reason }));
    if (info) parts.push({ file, run, format: run.format, info });
    else if (file) await scope.discard(file);
  }
  return { parts, left };
}

const NO_START = 'It does not begin as a WebM or MP4 video.';

/** What proctors should know of a file, one sentence each. `what` it is called: `the file`. */
export function notesOn(what: string, { parts, left }: MediaParts, { setsTimes }: Pick<Ffmpeg, 'setsTimes'>): string[] {
  const notes: string[] = [];
  if (parts.length + left.length > 1 && parts.length > 0) {
    const from = parts.length === 1 ? 'one recording' : `${parts.length} recordings, one after the other, analysed and shown as one`;
    notes.push(`In ${what} were found: ${from}.`);
    for (const { run, reason } of left) notes.push(`Left out, bytes ${run.start} to ${run.end} of ${what}: ${reason}`);
  }
  if (parts.some(({ info }) => info.turnsBack)) notes.push(setsTimes ? TURNED : TURNED_AND_LOST);
  return notes;
}

const TURNED =
  'Time goes back within it, as if a clock was set back or parts were sent in another order: everything is analysed and shown in the order in which it was received.';
const TURNED_AND_LOST =
  'Time goes back within it: what follows could not be analysed, because the installed ffmpeg is too old (5.1 or newer can).';

/** A recording that ffmpeg reads from beginning to end. */
export interface WholeMedia {
  /** Null for the file itself. */
  file: SpooledFile | null;
  format: MediaFormat;
  info: MediaInfo;
  /** Its parts; empty if they play for another time than together. */
  sources: MediaPart[];
}

export type LeaveOut = (parts: readonly MediaPart[], reason: string) => void;

/** Seconds by which sound and picture may overlap at the border of two parts, plus one percent for clock differences. */
const TOLERANCE = 1;

/**
 * Makes one recording of parts, which is decoded only if they differ.
 * @param localOf the local file of parts without one of their own
 */
export async function joinParts(
  parts: readonly MediaPart[],
  localOf: string | null,
  tools: MediaTools,
  leaveOut: LeaveOut,
): Promise<WholeMedia | null> {
  const { storage, ffmpeg, scope, signal } = tools;
  const local = <T>({ file }: Pick<MediaPart, 'file'>, use: (path: string) => Promise<T>): Promise<T> => {
    if (file) return storage.withLocalFile(file, use);
    if (localOf === null) throw new Error('a part without a file');
    return use(localOf);
  };
  /** The output of ffmpeg is limited by its bit rate and the maximum duration. */
  const spool = (bytes: AsyncIterable<Uint8Array>) =>
    scope.spool(Readable.from(bytes, { objectMode: false }), { maxBytes: Number.MAX_SAFE_INTEGER });
  /** Replaces the file of a part. */
  async function rewritten(part: MediaPart, format: MediaFormat, write: (path: string) => AsyncIterable<Uint8Array>): Promise<MediaPart> {
    const file = await local(part, (path) => spool(write(path)));
    if (part.file) await scope.discard(part.file);
    return { ...part, file, format, info: await storage.withLocalFile(file, (path) => ffmpeg.probe(path, format, signal)) };
  }
  async function eachOf(list: readonly MediaPart[], change: (part: MediaPart) => Promise<MediaPart>): Promise<MediaPart[]> {
    const changed: MediaPart[] = [];
    for (const part of list) {
      const next = await orNull(change(part), (reason) => leaveOut([part], reason));
      if (next) changed.push(next);
    }
    return changed;
  }

  const straight = await eachOf(parts, async (part) => {
    const { format, info } = part;
    if (!info.turnsBack || !ffmpeg.setsTimes) return part;
    return rewritten(part, straightFormat(format, info), (path) => ffmpeg.straighten(path, format, info, signal));
  });
  const [first] = straight;
  if (!first) return null;
  if (straight.length === 1) return { ...first, sources: [first] };

  const plan = planJoin(straight);
  const aligned = await eachOf(straight, (part) =>
    rewritten(part, plan.format, (path) => ffmpeg.align(path, part.format, part.info, plan, signal)),
  );
  if (aligned.length === 0) return null;
  const file = await withLocalFiles(
    storage,
    aligned.flatMap((part) => (part.file ? [part.file] : [])),
    (paths) =>
      spool(
        ffmpeg.concatenate(
          paths.map((path, at) => ({ path, seconds: aligned[at]?.info.duration ?? 0 })),
          plan,
          signal,
        ),
      ),
  );
  for (const part of aligned) if (part.file) await scope.discard(part.file);
  const info = await storage.withLocalFile(file, (path) => ffmpeg.probe(path, plan.format, signal));
  const seconds = aligned.reduce((sum, part) => sum + part.info.duration, 0);
  if (Math.abs(info.duration - seconds) <= TOLERANCE + seconds / 100) return { file, format: plan.format, info, sources: aligned };
  leaveOut(
    aligned,
    `joined they play for ${Math.round(info.duration)} s instead of ${Math.round(seconds)} s; their bytes are kept in storage.`,
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
