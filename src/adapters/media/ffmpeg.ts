import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { StartupError } from '../../errors.ts';
import { alignPart, concatenateParts, type JoinPlan } from './ffmpeg-join.ts';
import { type CopyOptions, readPoster, readStill, readStrip, remux, type StripLayout } from './ffmpeg-playback.ts';
import { type MediaInfo, probeMedia } from './ffmpeg-probe.ts';
import { type FfmpegBinary, learnCapabilities } from './ffmpeg-run.ts';
import { type MediaSamples, sampleMedia, type SampleOptions } from './ffmpeg-sample.ts';
import { findSandbox } from './ffmpeg-sandbox.ts';
import type { MediaFormat } from './media-sniff.ts';

export { type StripLayout, stripLayout } from './ffmpeg-playback.ts';
export { planJoin } from './ffmpeg-join.ts';
export type { MediaInfo, TimeRange } from './ffmpeg-probe.ts';
export { MAX_DURATION, MediaError } from './ffmpeg-run.ts';

/** The ffmpeg that decodes; found once at start. There is no ffprobe: the bundled build has none. */
export interface Ffmpeg extends FfmpegBinary {
  /**
   * Reads all packets of a file once, decoding none. Give the format that was sniffed.
   * @throws MediaError for what cannot be read, has no video, or is over a limit.
   */
  probe(path: string, format: MediaFormat, signal?: AbortSignal): Promise<MediaInfo>;
  /** Decodes frames and sound with one process, at the pace of the reader. */
  sample(path: string, format: MediaFormat, options: SampleOptions): MediaSamples;
  /**
   * Writes the recording to a new file in which a player can seek. Nothing of it is decoded.
   * @throws MediaError where it does not fit into its container.
   */
  remux(path: string, format: MediaFormat, outPath: string, options: CopyOptions): Promise<void>;
  /** A picture from near the beginning, 640 pixels wide at most, as a JPEG. @param duration seconds. @throws MediaError */
  poster(path: string, format: MediaFormat, duration: number, signal: AbortSignal): Promise<Buffer>;
  /**
   * One picture a minute, side by side in one JPEG.
   * @param keysPath a file that is written on the way, for who called to remove. @throws MediaError where nothing can be decoded.
   */
  strip(path: string, format: MediaFormat, layout: StripLayout, keysPath: string, options: CopyOptions): Promise<Buffer>;
  /** The picture at that second as a JPEG; the last one where there is none so late. @throws MediaError */
  still(path: string, format: MediaFormat, seconds: number, signal: AbortSignal): Promise<Buffer>;
  /** Writes one part of a recording anew, as the plan has it. @throws MediaError where nothing of it can be read. */
  align(path: string, format: MediaFormat, info: MediaInfo, plan: JoinPlan, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Writes aligned parts one after the other, as one file. @throws MediaError where they do not fit. */
  concatenate(parts: readonly { path: string; seconds: number }[], plan: JoinPlan, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * Finds ffmpeg: `FFMPEG_PATH`, else the one on PATH, else the one inside @ffmpeg-installer/ffmpeg.
 * @throws StartupError where `FFMPEG_PATH` does not run, where none is found, and where production would use the bundled one.
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
    // Each start of ffmpeg takes a tenth of a second.
    const [found] = await Promise.all([findSandbox(path), learnCapabilities(path)]);
    const version = found && /^ffmpeg version (\S+)/.exec(found.help)?.[1];
    if (!version) return null;
    const isRecent = found.help.includes('-fps_mode');
    const frameSyncFlag = isRecent ? '-fps_mode' : '-vsync';
    return withMethods({ path, version, bundled, frameSyncFlag, dropsPackets: isRecent, sandbox: found.sandbox });
  } catch {
    return null;
  }
}

/**
 * Runs that a request waits for take turns: twenty uploads end at once, or a console asks for sixty pictures, and while a
 * process is started the server answers nobody, 60 ms where the processors are busy.
 */
const inTurn = pLimit(Math.max(2, availableParallelism()));

const withMethods = (binary: FfmpegBinary): Ffmpeg => ({
  ...binary,
  probe: (path, format, signal) => inTurn(() => probeMedia(binary, { path, format }, signal)),
  sample: (path, format, options) => sampleMedia(binary, { path, format }, options),
  remux: (path, format, outPath, options) => remux(binary, { path, format }, outPath, options),
  poster: (path, format, duration, signal) => readPoster(binary, { path, format }, duration, signal),
  strip: (path, format, layout, keysPath, options) => readStrip(binary, { path, format }, layout, keysPath, options),
  still: (path, format, seconds, signal) => inTurn(() => readStill(binary, { path, format }, seconds, signal)),
  align: (path, format, info, plan, signal) => alignPart(binary, { path, format }, info, plan, signal),
  concatenate: (parts, plan, signal) => concatenateParts(binary, parts, plan, signal),
});

/** The package throws on import where it has no binary for this platform. */
async function bundledFfmpegPath(): Promise<string | null> {
  try {
    const { default: installer } = await import('@ffmpeg-installer/ffmpeg');
    return installer.path;
  } catch {
    return null;
  }
}
