import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { StartupError } from '../../errors.ts';
import { alignPart, concatenateParts, type JoinPlan, straighten } from './ffmpeg-join.ts';
import { type CopyOptions, readPoster, readStill, readStrip, remux, type StripLayout } from './ffmpeg-playback.ts';
import { type MediaInfo, probeMedia } from './ffmpeg-probe.ts';
import { type FfmpegBinary, learnCapabilities } from './ffmpeg-run.ts';
import { type MediaSamples, sampleMedia, type SampleOptions } from './ffmpeg-sample.ts';
import { findSandbox } from './ffmpeg-sandbox.ts';
import type { MediaFormat } from './media-sniff.ts';

export { playbackFormat, type StripLayout, stripLayout } from './ffmpeg-playback.ts';
export { planJoin, straightFormat } from './ffmpeg-join.ts';
export { type FileRun, findRuns } from './media-runs.ts';
export type { MediaInfo, TimeRange } from './ffmpeg-probe.ts';
export { MAX_DURATION, MediaError } from './ffmpeg-run.ts';

/** The ffmpeg in use, found once at start. There is no ffprobe, because the bundled build has none. */
export interface Ffmpeg extends FfmpegBinary {
  /**
   * Reads all packets of a file once, without decoding. Pass the sniffed format.
   * @throws MediaError if it cannot be read, has no video, or exceeds a limit.
   */
  probe(path: string, format: MediaFormat, signal?: AbortSignal): Promise<MediaInfo>;
  /** Decodes frames and sound with one process, at the speed of the reader. */
  sample(path: string, format: MediaFormat, options: SampleOptions): MediaSamples;
  /**
   * Writes the recording to a new file in which a player can seek, in the format of `playbackFormat`. The picture is copied; sound
   * that has no place in that container is encoded again.
   * @throws MediaError if the streams do not fit into the container.
   */
  remux(path: string, format: MediaFormat, info: MediaInfo, outPath: string, options: CopyOptions): Promise<void>;
  /** A picture from near the beginning, at most 640 pixels wide, as a JPEG. @param duration seconds. @throws MediaError */
  poster(path: string, format: MediaFormat, duration: number, signal: AbortSignal): Promise<Buffer>;
  /**
   * One picture per minute, side by side in one JPEG.
   * @param keysPath a temporary file, which the caller removes. @throws MediaError if nothing can be decoded.
   */
  strip(path: string, format: MediaFormat, layout: StripLayout, keysPath: string, options: CopyOptions): Promise<Buffer>;
  /** The picture at that second as a JPEG, or the last one if the video ends earlier. @throws MediaError */
  still(path: string, format: MediaFormat, seconds: number, signal: AbortSignal): Promise<Buffer>;
  /**
   * Copies a file whose time goes back, so that it only goes forward; `straightFormat` is its format.
   * @throws MediaError if nothing of it can be read.
   */
  straighten(path: string, format: MediaFormat, info: MediaInfo, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Rewrites one part of a recording according to the plan. @throws MediaError if nothing of it can be read. */
  align(path: string, format: MediaFormat, info: MediaInfo, plan: JoinPlan, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Writes aligned parts one after the other into one file. @throws MediaError if they do not fit together. */
  concatenate(parts: readonly { path: string; seconds: number }[], plan: JoinPlan, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * Finds ffmpeg: `FFMPEG_PATH`, else the one on PATH, else the one inside @ffmpeg-installer/ffmpeg.
 * @throws StartupError if `FFMPEG_PATH` does not run, if none is found, or if production would use the bundled one.
 */
export async function findFfmpeg(settings: { FFMPEG_PATH?: string | undefined; production: boolean }): Promise<Ffmpeg> {
  if (settings.FFMPEG_PATH) {
    const named = await tryFfmpeg(settings.FFMPEG_PATH, false);
    if (!named) throw new StartupError(`FFMPEG_PATH is ${settings.FFMPEG_PATH}, which does not run as ffmpeg`);
    return named;
  }
  const installed = await tryFfmpeg('ffmpeg', false);
  if (installed) return installed;
  const bundledPath = await bundledFfmpegPath();
  const bundled = bundledPath && (await tryFfmpeg(bundledPath, true));
  if (!bundled) throw new StartupError('No ffmpeg found: install it, or set FFMPEG_PATH');
  if (settings.production) {
    throw new StartupError('The bundled ffmpeg is a build from 2018, too old for untrusted media: install ffmpeg, or set FFMPEG_PATH');
  }
  return bundled;
}

async function tryFfmpeg(path: string, bundled: boolean): Promise<Ffmpeg | null> {
  try {
    // In parallel, because each start of ffmpeg takes a tenth of a second.
    const [found] = await Promise.all([findSandbox(path), learnCapabilities(path)]);
    const version = found && /^ffmpeg version (\S+)/.exec(found.help)?.[1];
    if (!version) return null;
    const isRecent = found.help.includes('-fps_mode');
    const frameSyncFlag = isRecent ? '-fps_mode' : '-vsync';
    return withMethods({ path, version, bundled, frameSyncFlag, dropsPackets: isRecent, setsTimes: isRecent, sandbox: found.sandbox });
  } catch {
    return null;
  }
}

/**
 * Limits concurrent runs for requests: twenty uploads may end at the same time, or a console may ask for sixty pictures, and
 * starting a process blocks the server for up to 60 ms if the processors are busy.
 */
const inTurn = pLimit(Math.max(2, availableParallelism()));

const withMethods = (binary: FfmpegBinary): Ffmpeg => ({
  ...binary,
  probe: (path, format, signal) => inTurn(() => probeMedia(binary, { path, format }, signal)),
  sample: (path, format, options) => sampleMedia(binary, { path, format }, options),
  remux: (path, format, info, outPath, options) => remux(binary, { path, format }, info, outPath, options),
  poster: (path, format, duration, signal) => readPoster(binary, { path, format }, duration, signal),
  strip: (path, format, layout, keysPath, options) => readStrip(binary, { path, format }, layout, keysPath, options),
  still: (path, format, seconds, signal) => inTurn(() => readStill(binary, { path, format }, seconds, signal)),
  straighten: (path, format, info, signal) => straighten(binary, { path, format }, info, signal),
  align: (path, format, info, plan, signal) => alignPart(binary, { path, format }, info, plan, signal),
  concatenate: (parts, plan, signal) => concatenateParts(binary, parts, plan, signal),
});

/** The package throws on import if it has no binary for this platform. */
async function bundledFfmpegPath(): Promise<string | null> {
  try {
    const { default: installer } = await import('@ffmpeg-installer/ffmpeg');
    return installer.path;
  } catch {
    return null;
  }
}
