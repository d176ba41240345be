import { buffer } from 'node:stream/consumers';
import type { MediaInfo } from './ffmpeg-probe.ts';
import {
  DISK_FULL,
  type FfmpegBinary,
  type FfmpegJob,
  MAX_DURATION,
  MediaError,
  type MediaSource,
  startFfmpeg,
  toArguments,
} from './ffmpeg-run.ts';
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
/** A longer recording gets one picture per two minutes, per three…, because a JPEG has at most 65,535 rows. */
const MOST_PICTURES = 240;
const STRIP_COLUMNS = 10;
const STRIP_WIDTH = 160;
/** A picture that would be taller than this in the strip is narrower instead. */
const STRIP_HEIGHT = 320;
const TALL = STRIP_HEIGHT / STRIP_WIDTH;
const POSTER_WIDTH = 640;
/** Not at the start, which is often black. */
const POSTER_SECONDS = 10;
/** Seconds to go back: a recording's last picture may come before the end of its sound. */
const EARLIER = [0, 1, 10, MAX_DURATION];

/** Where the picture of each minute is. @param duration seconds */
export function stripLayout(duration: number): StripLayout {
  const seconds = Math.min(duration, MAX_DURATION);
  const everySeconds = STRIP_SECONDS * Math.max(1, Math.ceil(seconds / STRIP_SECONDS / MOST_PICTURES));
  const count = Math.max(1, Math.ceil(seconds / everySeconds));
  const columns = Math.min(STRIP_COLUMNS, count);
  return { everySeconds, count, columns, rows: Math.ceil(count / columns), width: STRIP_WIDTH };
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

const WEBM_VIDEO = new Set(['vp8', 'vp9', 'av1']);
/** Sound that browsers play in each container, and the encoder for any other. */
const SOUND: Record<MediaFormat, { played: readonly string[]; encoder: string[] }> = {
  webm: { played: ['opus', 'vorbis'], encoder: ['-c:a', 'libopus', '-b:a', '64k', '-ac', '2'] },
  mp4: { played: ['aac', 'mp3', 'opus', 'flac', 'alac'], encoder: ['-c:a', 'aac', '-b:a', '96k', '-ac', '2'] },
};

/** A browser that records H.264 into Matroska plays it from MP4. */
export const playbackFormat = (format: MediaFormat, { video }: MediaInfo): MediaFormat =>
  format === 'webm' && WEBM_VIDEO.has(video.codec) ? 'webm' : 'mp4';

export function remux(ffmpeg: FfmpegBinary, source: MediaSource, info: MediaInfo, outPath: string, options: CopyOptions): Promise<void> {
  const format = playbackFormat(source.format, info);
  const { played, encoder } = SOUND[format];
  const sound = info.audio ? ['-map', '0:a:0', ...(played.includes(info.audio.codec) ? [] : encoder)] : [];
  return copy(ffmpeg, source, outPath, ['-map', '0:V:0', ...sound, '-map_metadata', '-1', ...CONTAINER[format]], options);
}

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
  // It drops a picture that nothing follows, hence the first `tpad`.
  const filters = [
    `tpad=stop_mode=clone:stop=1`,
    `fps=fps=1/${everySeconds}:start_time=0:round=up`,
    `tpad=stop_mode=clone:stop=${count},trim=end_frame=${count}`,
    `scale='if(gt(ih,${TALL}*iw),max(2,trunc(${STRIP_HEIGHT}*iw/ih/2)*2),${width})':'if(gt(ih,${TALL}*iw),${STRIP_HEIGHT},-2)'`,
    `pad=${width}:ih:-1:-1`,
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
  // Not the recording's fault: there may be room later.
  if (complaint?.includes(DISK_FULL)) throw new Error(complaint);
  if (complaint !== null && (job.file || bytes.length > 0)) {
    throw new MediaError('The recording cannot be prepared for playback.', { cause: complaint });
  }
  return bytes;
}
