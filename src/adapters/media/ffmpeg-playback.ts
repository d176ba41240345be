import { buffer } from 'node:stream/consumers';
import { type FfmpegBinary, type FfmpegJob, MAX_DURATION, MediaError, type MediaSource, startFfmpeg, toArguments } from './ffmpeg-run.ts';
import type { MediaFormat } from './media-sniff.ts';

export interface CopyOptions {
  /** Maximum size of the new file in bytes. */
  maxBytes: number;
  signal: AbortSignal;
}

/** The layout of many pictures in one, row by row from the top left. */
export interface StripLayout {
  everySeconds: number;
  count: number;
  columns: number;
  rows: number;
  /** Width of each picture; the height follows from the recording. */
  width: number;
}

const STRIP_SECONDS = 60;
const STRIP_COLUMNS = 10;
const STRIP_WIDTH = 160;
const POSTER_WIDTH = 640;
/** Not at the start, which is often black. */
const POSTER_SECONDS = 10;
/** Seconds to go back: a recording's last picture may come before the end of its sound. */
const EARLIER = [0, 1, 10, MAX_DURATION];

/** Where the picture of each minute is. @param duration seconds */
export function stripLayout(duration: number): StripLayout {
  const count = Math.max(1, Math.ceil(Math.min(duration, MAX_DURATION) / STRIP_SECONDS));
  const columns = Math.min(STRIP_COLUMNS, count);
  return { everySeconds: STRIP_SECONDS, count, columns, rows: Math.ceil(count / columns), width: STRIP_WIDTH };
}

const toJpeg = (filters: string[]) => [
  ...['-map', '0:V:0', '-vf', filters.join(',')],
  ...toArguments({ '-frames:v': 1, '-pix_fmt': 'yuvj420p', '-c:v': 'mjpeg', '-q:v': 4, '-f': 'mjpeg' }),
];

const CONTAINER: Record<MediaFormat, string[]> = {
  // With the index at the front, a player needs no second request to find it.
  mp4: ['-movflags', '+faststart', '-f', 'mp4'],
  webm: ['-f', 'webm'],
};

/** Copies all or some packets of a recording. */
async function copy(ffmpeg: FfmpegBinary, source: MediaSource, outPath: string, options: string[], { maxBytes, signal }: CopyOptions) {
  await collect(ffmpeg, {
    source,
    maxSeconds: MAX_DURATION,
    file: { path: outPath, options: ['-c', 'copy', ...options], maxBytes },
    signal,
  });
}

export const remux = (ffmpeg: FfmpegBinary, source: MediaSource, outPath: string, options: CopyOptions): Promise<void> =>
  copy(ffmpeg, source, outPath, ['-map', '0:V:0', '-map', '0:a:0?', '-map_metadata', '-1', ...CONTAINER[source.format]], options);

export function readPoster(ffmpeg: FfmpegBinary, source: MediaSource, duration: number, signal: AbortSignal): Promise<Buffer> {
  return readStill(ffmpeg, source, Math.min(POSTER_SECONDS, duration / 10), signal, `scale='min(${POSTER_WIDTH},iw)':-2`);
}

/** Made from key frames only, which takes a hundredth of the work. */
export async function readStrip(
  ffmpeg: FfmpegBinary,
  source: MediaSource,
  { everySeconds, count, columns, rows, width }: StripLayout,
  keysPath: string,
  options: CopyOptions,
): Promise<Buffer> {
  // Not every decoder can skip the other frames: VP9's decodes all of them.
  const keys = ffmpeg.dropsPackets ? await takeKeys(ffmpeg, source, keysPath, options) : source;
  // `fps` takes the last picture up to each minute and repeats it over gaps, so that each one is in its place, but not past the end.
  const filters = [
    `fps=fps=1/${everySeconds}:start_time=0:round=up`,
    `tpad=stop_mode=clone:stop=${count},trim=end_frame=${count}`,
    `scale=${width}:-2`,
    `tile=${columns}x${rows}`,
  ];
  const { signal } = options;
  const strip = await collect(ffmpeg, {
    source: keys,
    maxSeconds: MAX_DURATION,
    input: ['-skip_frame', 'nokey'],
    piped: toJpeg(filters),
    signal,
  });
  if (strip.length === 0) throw new MediaError('No picture of the video can be decoded.');
  return strip;
}

async function takeKeys(ffmpeg: FfmpegBinary, source: MediaSource, path: string, options: CopyOptions): Promise<MediaSource> {
  await copy(ffmpeg, source, path, ['-map', '0:V:0', '-bsf:v', 'noise=amount=0:drop=not(key)', '-f', 'matroska'], options);
  return { path, format: 'webm' };
}

/** @param filter ffmpeg filter for the picture */
export async function readStill(
  ffmpeg: FfmpegBinary,
  source: MediaSource,
  seconds: number,
  signal: AbortSignal,
  filter = 'null',
): Promise<Buffer> {
  for (const earlier of EARLIER) {
    const at = Math.max(0, seconds - earlier);
    const still = await collect(ffmpeg, { source, input: ['-ss', at.toFixed(3)], piped: toJpeg([filter]), signal });
    if (still.length > 0) return still;
    if (at === 0) break;
  }
  throw new MediaError('No picture of the video can be decoded.');
}

/** Everything that ffmpeg writes to its pipe; for pictures. */
async function collect(ffmpeg: FfmpegBinary, job: Omit<FfmpegJob, 'onLog'>): Promise<Buffer> {
  const run = startFfmpeg(ffmpeg, { ...job, onLog() {} });
  run.ended.catch(() => {});
  const bytes = await buffer(run.stdout);
  const complaint = await run.ended;
  if (complaint !== null && (job.file || bytes.length > 0)) {
    throw new MediaError('The recording cannot be prepared for playback.', { cause: complaint });
  }
  return bytes;
}
