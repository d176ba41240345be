import { type Ffmpeg, MAX_DURATION, MediaError, type MediaInfo } from '../../adapters/media/ffmpeg.ts';
import type { MediaFormat } from '../../adapters/media/media-sniff.ts';
import { createSpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import { joinParts, notesOn, readParts } from './media-parts.ts';

/** A local file that holds one recording whose time goes forward. */
export interface OpenMedia {
  path: string;
  format: MediaFormat;
  info: MediaInfo;
  /** What proctors should know of it, one sentence each. */
  notes: string[];
}

interface Tools {
  /** For temporary files. */
  storage: Storage;
  ffmpeg: Ffmpeg;
  signal: AbortSignal;
}

/**
 * Opens a local file for its analysis and for playback. If it holds several recordings, or one whose time goes back, a temporary
 * copy of all of it is made, which exists until `use` settles.
 * @throws MediaError if nothing of it can be read
 */
export async function openMedia<T>(path: string, { storage, ffmpeg, signal }: Tools, use: (media: OpenMedia) => Promise<T>): Promise<T> {
  await using scope = createSpoolScope(storage);
  const tools = { storage, ffmpeg, scope, signal };
  const found = await readParts(path, tools);
  const notes = notesOn('the file', found, ffmpeg);
  let reason = found.left[0]?.reason;
  const whole = await joinParts(found.parts, path, tools, (parts, why) => {
    reason ??= why;
    for (const { run } of parts) notes.push(`Left out, bytes ${run.start} to ${run.end} of the file: ${why}`);
  });
  if (!whole) throw new MediaError(reason ?? 'Nothing of the file can be read.');
  const { file, format, info } = whole;
  // Awaited, because the scope ends with this function.
  if (!file) return await use({ path, format, info, notes });
  return await storage.withLocalFile(file, (local) => use({ path: local, format, info, notes }));
}

/**
 * Measures a local file without joining anything. `duration` is that of all recordings in it together.
 * @throws MediaError if nothing of it can be read
 */
export async function measureMedia(
  path: string,
  { storage, ffmpeg, signal }: Tools,
): Promise<{ format: MediaFormat; duration: number; note: string | null }> {
  await using scope = createSpoolScope(storage);
  const found = await readParts(path, { storage, ffmpeg, scope, signal });
  const [first] = found.parts;
  if (!first) throw new MediaError(found.left[0]?.reason ?? 'Nothing of the file can be read.');
  const duration = found.parts.reduce((sum, { info }) => sum + info.duration, 0);
  if (duration > MAX_DURATION) throw new MediaError(`The recordings in the file last longer than ${MAX_DURATION / 3600} hours together.`);
  return { format: first.format, duration, note: notesOn('the file', found, ffmpeg).join(' ') || null };
}
