import { join } from 'node:path';
import type { Frame } from '../vision/vision.ts';
import { cutFrames, FrameMemory, FrameTimes } from './ffmpeg-frames.ts';
import type { MediaInfo } from './ffmpeg-probe.ts';
import { DISK_FULL, type FfmpegBinary, MAX_DURATION, MediaError, type MediaSource, startFfmpeg, toArguments } from './ffmpeg-run.ts';
import { Growth, readGrowing } from './growing-file.ts';
import { readSoundBlocks } from './sound-blocks.ts';

/** Sample rate in hertz of `MediaSamples.sound`: mono, 16 bits. */
export const SOUND_RATE = 16_000;

/** Time without sound, longer than a few seconds, in samples: hours of zeros would cost memory and time. Shorter lapses are zeros. */
export interface Silence {
  silence: number;
}

export interface SampledFrame {
  /** Seconds from the start of the file, by the frame's own timestamp. */
  time: number;
  frame: Frame;
  /**
   * Returns the buffer for a later frame; further calls do nothing. Nobody may read this frame afterwards. A buffer that is never
   * returned is garbage-collected as usual.
   */
  release(): void;
}

export interface SampleOptions {
  /** The result of `probe`. */
  info: MediaInfo;
  /** Frames are scaled down to fit, keeping their aspect ratio; never up. */
  fit: { width: number; height: number };
  /** Maximum frames per second. */
  fps: number;
  /** An existing folder for the decoded sound, 32 kB per second; the caller removes it. */
  workDir: string;
  signal: AbortSignal;
}

export interface MediaSamples {
  /**
   * The first frame of every sampling interval, in order; can be iterated once. Leaving the loop early kills ffmpeg.
   * @throws MediaError if no frame can be decoded. A damaged or truncated file is used as far as it can be decoded.
   */
  frames: AsyncIterable<SampledFrame>;
  /**
   * Mono samples at `SOUND_RATE`, split anywhere, each in its place in time. While `frames` is being read, they follow its decoding; once it is read, they
   * continue to the end. May be called once. Null without sound.
   */
  sound: (() => AsyncIterable<Int16Array | Silence>) | null;
}

/** No frame for this long means that ffmpeg is stuck, or that the file was made to keep it busy. */
const STALL_MS = 25_000;

/** Decodes a recording with one ffmpeg process, at the speed of its reader. */
export function sampleMedia(ffmpeg: FfmpegBinary, source: MediaSource, options: SampleOptions): MediaSamples {
  const soundFile = { path: join(options.workDir, 'sound.mka'), growth: new Growth() };
  return {
    frames: readFrames(ffmpeg, source, options, soundFile),
    sound: options.info.audio ? () => readSound(soundFile) : null,
  };
}

async function* readFrames(
  ffmpeg: FfmpegBinary,
  source: MediaSource,
  options: SampleOptions,
  soundFile: SoundFile,
): AsyncGenerator<SampledFrame> {
  const { info, fps } = options;
  const size = fitWithin(info.video, options.fit);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const times = new FrameTimes();
  const memory = new FrameMemory(size.width * size.height * 3);
  const run = startFfmpeg(ffmpeg, {
    source,
    maxSeconds: MAX_DURATION,
    piped: frameOptions(ffmpeg, size, fps),
    ...(info.audio && { file: { path: soundFile.path, options: soundOptions, maxBytes: soundBytes(info) } }),
    onLog: times.readLine,
    signal,
  });
  const ended = run.ended.finally(times.end);
  ended.catch(() => {});
  const watch = () => setTimeout(() => stop.abort(new MediaError('The video takes too long to decode.')), STALL_MS);
  let watchdog = watch();
  let lastInterval = -1;
  try {
    for await (const data of cutFrames(run.stdout, memory, signal)) {
      const time = await times.next();
      // The filters restart when the picture size changes, and then `select` forgets what it has chosen.
      let isLent = true;
      const release = () => {
        if (isLent) memory.giveBack(data);
        isLent = false;
      };
      if (time === null || Math.floor(time * fps) <= lastInterval) {
        release();
        continue;
      }
      lastInterval = Math.floor(time * fps);
      clearTimeout(watchdog);
      soundFile.growth.tell();
      yield { time, frame: { data, ...size }, release };
      watchdog = watch();
    }
    const complaint = await ended;
    if (complaint?.includes(DISK_FULL)) throw new Error(complaint);
    if (lastInterval < 0) throw new MediaError('No frame of the video can be decoded.');
  } finally {
    clearTimeout(watchdog);
    stop.abort();
    await ended.catch(() => {});
    soundFile.growth.end();
  }
}

/**
 * The first frame of each interval, by timestamp. The `fps` filter would repeat frames to fill gaps, without limit.
 * A frame without a timestamp is only accepted as the first.
 */
function frameOptions(ffmpeg: FfmpegBinary, { width, height }: { width: number; height: number }, fps: number): string[] {
  const firstOfInterval = `if(isnan(prev_selected_t),not(isnan(t))+eq(n,0),gt(floor(t*${fps}),floor(prev_selected_t*${fps})))`;
  return toArguments({
    '-map': '0:V:0',
    '-vf': `select='${firstOfInterval}',scale=${width}:${height}:flags=bilinear,showinfo`,
    [ffmpeg.frameSyncFlag]: 'passthrough',
    '-frames:v': Math.ceil(MAX_DURATION * fps) + 1,
    '-pix_fmt': 'rgb24',
    '-c:v': 'rawvideo',
    '-f': 'rawvideo',
  });
}

/**
 * In a container, whose times show the gaps. ffmpeg's `async=1` would fill them with silence, but only up to some minutes: after a
 * longer one all sound would be too early.
 */
const soundOptions = toArguments({
  '-map': '0:a:0',
  '-af': `aresample=${SOUND_RATE}`,
  '-ac': 1,
  '-ar': SOUND_RATE,
  '-t': MAX_DURATION,
  '-c:a': 'pcm_s16le',
  '-f': 'matroska',
});

/** Bytes of decoded sound, with room for the heads of its blocks: a tenth if they hold 2.5 ms each, the shortest that Opus has. */
const soundBytes = ({ duration }: MediaInfo) => Math.ceil((duration + 60) * SOUND_RATE * 2 * 1.2);

function fitWithin(video: { width: number; height: number }, fit: { width: number; height: number }) {
  const scale = Math.min(1, fit.width / video.width, fit.height / video.height);
  return { width: Math.max(16, Math.round(video.width * scale)), height: Math.max(16, Math.round(video.height * scale)) };
}

interface SoundFile {
  path: string;
  growth: Growth;
}

/** 10 s. */
const SOUND_CHUNK = SOUND_RATE * 20;
/** Samples. What is closer to its place is where the sample before it ends: times are rounded, and clocks differ. */
const JITTER = SOUND_RATE / 10;
const LONGEST_ZEROS = SOUND_RATE * 10;

async function* readSound({ path, growth }: SoundFile): AsyncGenerator<Int16Array | Silence> {
  let next = 0;
  for await (const { at, samples } of readSoundBlocks(readGrowing(path, growth, SOUND_CHUNK))) {
    const gap = Math.round((at * SOUND_RATE) / 1_000) - next;
    if (gap > JITTER) {
      yield gap > LONGEST_ZEROS ? { silence: gap } : new Int16Array(gap);
      next += gap;
    }
    yield samples;
    next += samples.length;
  }
}
