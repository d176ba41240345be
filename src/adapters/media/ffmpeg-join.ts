import type { MediaInfo } from './ffmpeg-probe.ts';
import {
  type FfmpegBinary,
  type FfmpegJob,
  type FfmpegRun,
  MAX_DURATION,
  MediaError,
  type MediaSource,
  startFfmpeg,
  toArguments,
} from './ffmpeg-run.ts';
import { FORWARD_ONLY } from './ffmpeg-times.ts';
import type { MediaFormat } from './media-sniff.ts';

/** The common encoding that all parts need before they can follow each other in one file. */
export interface JoinPlan {
  format: MediaFormat;
  /** The name of ffmpeg's muxer. */
  muxer: 'webm' | 'matroska' | 'mp4';
  /** Streams with this encoding are copied, others are re-encoded. */
  video: { encoding: string; codec: string; width: number; height: number };
  /** Null if no part has sound. */
  audio: { encoding: string; sampleRate: number; channels: number } | null;
}

/** If ffmpeg logs and writes nothing for this long, it is stuck. Time taken by the reader does not count. */
const STALL_MS = 60_000;
const ENCODERS: Record<string, string> = { vp8: 'libvpx', vp9: 'libvpx-vp9' };
const OPUS_RATE = 48_000;
/** Bits per second and pixel, enough for text on a screen. */
const BITS_PER_PIXEL = 4;
const LEAST_BITRATE = 500_000;
const MOST_BITRATE = 6_000_000;

/**
 * Chooses the common encoding: the one that most of the time already has. If all parts agree, nothing is decoded. Otherwise the
 * target is WebM with VP8 or VP9 and Opus, the only one that every build of ffmpeg can encode.
 */
export function planJoin(parts: readonly { format: MediaFormat; info: MediaInfo }[]): JoinPlan {
  const video = longest(parts.map(({ info }) => ({ stream: info.video, seconds: info.duration })));
  const audio = longest(parts.flatMap(({ info }) => (info.audio ? [{ stream: info.audio, seconds: info.duration }] : [])));
  if (!video) throw new Error('there is nothing to join');
  const [first] = parts;
  const agree = parts.every(
    ({ format, info }) => format === first?.format && info.video.encoding === video.encoding && info.audio?.encoding === audio?.encoding,
  );
  if (agree && first) return { ...containerFor(first.format, video.codec, audio?.codec), video, audio };
  return {
    format: 'webm',
    muxer: 'webm',
    video: video.codec in ENCODERS ? video : { ...even(video), codec: 'vp8', encoding: '' },
    audio: audio && (audio.codec === 'opus' ? audio : { channels: audio.channels, sampleRate: OPUS_RATE, encoding: '' }),
  };
}

/** The codecs that have a place in these containers; Matroska has one for all. */
const WEBM_CODECS = ['vp8', 'vp9', 'av1', 'opus', 'vorbis'];
const MP4_CODECS = ['vp9', 'av1', 'h264', 'hevc', 'mpeg4', 'aac', 'mp3', 'opus', 'alac', 'flac'];

function containerFor(format: MediaFormat, ...codecs: (string | undefined)[]): Pick<JoinPlan, 'format' | 'muxer'> {
  const fits = (known: readonly string[]) => codecs.every((codec) => codec === undefined || known.includes(codec));
  if (format === 'mp4' && fits(MP4_CODECS)) return { format, muxer: 'mp4' };
  return { format: 'webm', muxer: fits(WEBM_CODECS) ? 'webm' : 'matroska' };
}

/** Converts a part according to the plan: the same streams in the same order with the same time base. */
export function alignPart(
  ffmpeg: FfmpegBinary,
  source: MediaSource,
  info: MediaInfo,
  plan: JoinPlan,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const piped = [...videoOptions(ffmpeg, info, plan), ...audioOptions(info, plan), ...containerOptions(plan)];
  return output(ffmpeg, { source, maxSeconds: MAX_DURATION, piped }, signal);
}

/** The container that `straighten` writes. */
export const straightFormat = (format: MediaFormat, { video, audio }: MediaInfo): MediaFormat =>
  containerFor(format, video.codec, audio?.codec).format;

/** Copies a part so that its time never goes back, see `MediaInfo.turnsBack`. */
export function straighten(
  ffmpeg: FfmpegBinary,
  source: MediaSource,
  { video, audio }: MediaInfo,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const container = containerOptions(containerFor(source.format, video.codec, audio?.codec));
  const piped = ['-map', '0:V:0', ...(audio ? ['-map', '0:a:0'] : []), '-c', 'copy', ...FORWARD_ONLY, ...container];
  return output(ffmpeg, { source, maxSeconds: MAX_DURATION, piped }, signal);
}

export const concatenateParts = (
  ffmpeg: FfmpegBinary,
  parts: readonly { path: string; seconds: number }[],
  { format, muxer, audio }: JoinPlan,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> =>
  output(
    ffmpeg,
    {
      source: { format, parts },
      piped: ['-map', '0:V:0', ...(audio ? ['-map', '0:a:0'] : []), '-c', 'copy', ...containerOptions({ muxer })],
    },
    signal,
  );

/** To a pipe, so that it goes directly to storage; without anything that would differ between runs. */
const containerOptions = ({ muxer }: Pick<JoinPlan, 'muxer'>) => [
  ...toArguments({ '-map_metadata': -1, '-fflags': '+bitexact', '-flags': '+bitexact', '-f': muxer }),
  ...(muxer === 'mp4' ? ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'] : []),
];

function videoOptions(ffmpeg: FfmpegBinary, { video }: MediaInfo, plan: JoinPlan): string[] {
  const { codec, width, height, encoding } = plan.video;
  if (video.encoding === encoding) return ['-map', '0:V:0', '-c:v', 'copy'];
  const bitrate = Math.min(MOST_BITRATE, Math.max(LEAST_BITRATE, width * height * BITS_PER_PIXEL));
  const fitted = `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1,setsar=1,format=yuv420p`;
  return [
    ...['-filter_complex', `[0:V:0]${fitted}[picture]`, '-map', '[picture]', ffmpeg.frameSyncFlag, 'passthrough'],
    ...['-c:v', ENCODERS[codec] ?? 'libvpx'],
    ...toArguments({ '-deadline': 'realtime', '-cpu-used': 8, '-b:v': bitrate }),
  ];
}

function audioOptions({ audio, duration }: MediaInfo, plan: JoinPlan): string[] {
  if (!plan.audio) return [];
  const { sampleRate, channels, encoding } = plan.audio;
  if (audio?.encoding === encoding) return ['-map', '0:a:0', '-c:a', 'copy'];
  const sound = audio
    ? // Fills gaps with silence, so that sound and picture stay in sync.
      '[0:a:0]aresample=async=1:first_pts=0[sound]'
    : `anullsrc=r=${sampleRate}:cl=${channels === 1 ? 'mono' : 'stereo'},atrim=duration=${duration}[sound]`;
  return [
    '-filter_complex',
    sound,
    '-map',
    '[sound]',
    ...toArguments({ '-c:a': 'libopus', '-b:a': 64_000, '-ar': sampleRate, '-ac': channels }),
  ];
}

async function* output(ffmpeg: FfmpegBinary, job: Omit<FfmpegJob, 'onLog' | 'signal'>, outer: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  let alive = () => {};
  const run = startFfmpeg(ffmpeg, { ...job, onLog: () => alive(), signal: AbortSignal.any([outer, stop.signal]) });
  run.ended.catch(() => {});
  const stall = () => stop.abort(new MediaError('A part of the recording takes too long to join.'));
  try {
    yield* watched(run, stall, (sign) => {
      alive = sign;
    });
    const complaint = await run.ended;
    if (complaint !== null) throw new MediaError('A part of the recording cannot be joined to the others.', { cause: complaint });
  } finally {
    stop.abort();
    await run.ended.catch(() => {});
  }
}

/** Calls `stall` if nothing arrives while the reader waits. */
async function* watched({ stdout }: FfmpegRun, stall: () => void, listen: (sign: () => void) => void): AsyncGenerator<Uint8Array> {
  let watchdog = setTimeout(stall, STALL_MS);
  listen(() => watchdog.refresh());
  try {
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
      clearTimeout(watchdog);
      yield chunk;
      watchdog = setTimeout(stall, STALL_MS);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

function longest<T extends { encoding: string }>(streams: readonly { stream: T; seconds: number }[]): T | null {
  const totals = new Map<string, { stream: T; seconds: number }>();
  for (const { stream, seconds } of streams) {
    const total = totals.get(stream.encoding);
    totals.set(stream.encoding, { stream: total?.stream ?? stream, seconds: (total?.seconds ?? 0) + seconds });
  }
  return [...totals.values()].toSorted((a, b) => b.seconds - a.seconds)[0]?.stream ?? null;
}

/** The encoders do not accept odd sizes in 4:2:0. */
const even = <T extends { width: number; height: number }>(video: T): T => ({
  ...video,
  width: video.width + (video.width % 2),
  height: video.height + (video.height % 2),
});
