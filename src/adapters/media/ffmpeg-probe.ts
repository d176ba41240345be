import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  AUDIO_CODECS,
  type FfmpegBinary,
  MAX_DURATION,
  MAX_PIXELS,
  MediaError,
  type MediaSource,
  startFfmpeg,
  VIDEO_CODECS,
} from './ffmpeg-run.ts';
import { FORWARD_ONLY, readTurn } from './ffmpeg-times.ts';
import { tooManyPixels } from './media-tracks.ts';

/** Seconds. */
export interface TimeRange {
  start: number;
  end: number;
}

/**
 * The content of a recording. Streams with the same `encoding` text can follow each other in one file without being decoded.
 * Times are seconds from the first packet.
 */
export interface MediaInfo {
  /**
   * Whether its time goes back somewhere: the clock was set back, or chunks are out of order. What follows is then counted as
   * coming after what was before, and only a copy with such times shows all of it.
   */
  turnsBack: boolean;
  /** The end of the last packet of picture or sound; headers are ignored. */
  duration: number;
  /** Times with sound but no picture, in order: the camera hung. A gap in both does not count. */
  stalls: TimeRange[];
  /** As displayed: rotated if the file says so. */
  video: { width: number; height: number; codec: string; encoding: string };
  /** Null if there is no sound, or none that can be decoded. */
  audio: { sampleRate: number; channels: number; codec: string; encoding: string } | null;
}

/** Reading 4 GB from a slow disk takes minutes. */
const PROBE_MS = 600_000;

/**
 * All packets together are hardly larger than their file. But a small file can claim that its packets are compressed, are all in
 * the same place, or are played repeatedly, and could take hours.
 */
const excessOf = (fileBytes: number) => 2 * fileBytes + 1024 * 1024;

/**
 * Reads all packets once, or twice if time goes back, without decoding.
 * @throws MediaError if it cannot be read, has no video, or exceeds a limit.
 */
export async function probeMedia(ffmpeg: FfmpegBinary, source: MediaSource, signal?: AbortSignal): Promise<MediaInfo> {
  const limit = AbortSignal.timeout(PROBE_MS);
  const both = AbortSignal.any([limit, ...(signal ? [signal] : [])]);
  try {
    const info = await readPackets(ffmpeg, source, both, []);
    if (!info.turnsBack || !ffmpeg.setsTimes) return info;
    return { ...(await readPackets(ffmpeg, source, both, FORWARD_ONLY)), turnsBack: true };
  } catch (error) {
    if (limit.aborted && !(error instanceof MediaError)) throw new MediaError('The file takes too long to read.');
    throw error;
  }
}

async function readPackets(ffmpeg: FfmpegBinary, source: MediaSource, signal: AbortSignal, options: string[]): Promise<MediaInfo> {
  const tooMuch = new AbortController();
  const packets = new PacketLog(excessOf((await stat(source.path)).size), () =>
    tooMuch.abort(new MediaError('The file claims to hold more data than it does.')),
  );
  const turns: { stream: number; ticks: number }[] = [];
  let opened = false;
  let quarterTurned = false;
  let tooLarge: string | null = null;
  const run = startFfmpeg(ffmpeg, {
    source,
    // Capital V excludes cover pictures.
    piped: ['-map', '0:V:0?', '-map', '0:a:0?', '-c', 'copy', ...options, '-f', 'framecrc'],
    onLog: (line) => {
      opened ||= line.startsWith('Input #0');
      quarterTurned ||= /displaymatrix: rotation of -?(?:90|270)\b/.test(line);
      const [, width, height] = /Picture size (\d+)x(\d+) exceeds/.exec(line) ?? [];
      if (width) tooLarge = tooManyPixels({ width: Number(width), height: Number(height) });
      const turn = readTurn(line);
      if (turn && turn.ticks > (turns[turn.stream]?.ticks ?? 0)) turns[turn.stream] = turn;
    },
    signal: AbortSignal.any([signal, tooMuch.signal]),
  });
  const [, ended] = await Promise.allSettled([packets.read(run.stdout), run.ended]);
  if (ended.status === 'rejected') throw ended.reason;
  if (!opened)
    throw new MediaError(
      tooLarge ?? `The file cannot be read as ${source.format === 'webm' ? 'WebM' : 'MP4'}: it holds no pictures, or its start is damaged.`,
    );
  const turnsBack = turns.some(({ stream, ticks }) => ticks * packets.secondsPerTick(stream) >= TURN_SECONDS);
  return { ...describe(packets, quarterTurned, tooLarge), turnsBack };
}

/** Less than that is the disorder of a busy recorder. */
const TURN_SECONDS = 0.5;

function describe(packets: PacketLog, quarterTurned: boolean, tooLarge: string | null): Omit<MediaInfo, 'turnsBack'> {
  const video = packets.streams.find((stream) => stream.mediaType === 'video');
  if (!video) throw new MediaError(tooLarge ?? 'The file has no video stream.');
  if (!VIDEO_CODECS.includes(video.codec)) throw new MediaError(`The video codec ${video.codec} is not supported.`);
  if (video.width * video.height > MAX_PIXELS) throw new MediaError(tooManyPixels(video));
  if (video.packets === 0) throw new MediaError('The file contains no pictures.');
  if (video.width * video.height === 0) throw new MediaError(tooLarge ?? 'The file contains no readable video.');
  const duration = Math.max(...packets.streams.map((stream) => stream.end));
  if (duration > MAX_DURATION) throw new MediaError(`The video is longer than ${MAX_DURATION / 3600} hours.`);
  const audio = packets.streams.find((stream) => stream.mediaType === 'audio' && stream.packets > 0 && AUDIO_CODECS.includes(stream.codec));
  const { width, height, codec } = video;
  const encoding = `${encodingOf(video, [width, height])}${quarterTurned ? ' turned' : ''}`;
  return {
    duration,
    stalls: audio ? stallsOf(video, audio, duration) : [],
    video: quarterTurned ? { width: height, height: width, codec, encoding } : { width, height, codec, encoding },
    audio: audio
      ? {
          sampleRate: audio.sampleRate,
          channels: CHANNELS[audio.layout] ?? 2,
          codec: audio.codec,
          encoding: encodingOf(audio, [audio.sampleRate, audio.layout]),
        }
      : null,
  };
}

/** A longer distance between packets is a stall; a poor camera in the dark sends one every second or two. */
const STALL_SECONDS = 5;

/** The gaps in the video during which there was sound throughout. */
function stallsOf(video: PacketStream, audio: PacketStream, duration: number): TimeRange[] {
  const stretches = (stream: PacketStream) => [...stream.silences, { start: stream.last, end: duration }].filter(isStall);
  const quiet = stretches(audio);
  // Both are in order of time, so one pass is enough: a day can hold 17,000 of each.
  let from = 0;
  return stretches(video).flatMap((stall) => {
    while ((quiet[from]?.end ?? Infinity) <= stall.start) from += 1;
    const parts: TimeRange[] = [];
    let { start } = stall;
    for (let at = from, cut = quiet[at]; cut && cut.start < stall.end; cut = quiet[++at]) {
      parts.push({ start, end: cut.start });
      start = cut.end;
    }
    return [...parts, { start, end: stall.end }].filter(isStall);
  });
}

const isStall = ({ start, end }: TimeRange) => end - start >= STALL_SECONDS;

/** Channels by layout name, or by the mask that older builds print. */
const CHANNELS: Record<string, number> = { mono: 1, '4': 1, stereo: 2, '3': 2 };

/** The Opus header contains encoder settings that the decoder does not need, so it is ignored. */
const encodingOf = ({ codec, timeBase, extradata }: PacketStream, shape: readonly (string | number)[]) =>
  [codec, timeBase, ...shape, codec === 'opus' ? '' : extradata].join(' ');

interface PacketStream {
  mediaType: string;
  codec: string;
  /** Seconds per tick. */
  timeBase: number;
  width: number;
  height: number;
  sampleRate: number;
  layout: string;
  /** Length and checksum of the decoder's configuration. */
  extradata: string;
  packets: number;
  /** Seconds. */
  end: number;
  /** Start of its latest packet in seconds. The duration of a packet is not trusted. */
  last: number;
  /** Gaps between packets that are further apart than `STALL_SECONDS`. */
  silences: TimeRange[];
}

/** Parses the output of ffmpeg's framecrc muxer: `#key stream: value` first, then `stream, dts, pts, duration, size, crc` per packet. */
class PacketLog {
  readonly streams: PacketStream[] = [];
  readonly #maxBytes: number;
  readonly #onExcess: () => void;
  #bytes = 0;

  /** @param onExcess called if the packets have more bytes */
  constructor(maxBytes: number, onExcess: () => void) {
    this.#maxBytes = maxBytes;
    this.#onExcess = onExcess;
  }

  /** Of a stream, by its index. */
  secondsPerTick(stream: number): number {
    return this.streams[stream]?.timeBase ?? 0;
  }

  async read(text: Readable): Promise<void> {
    let rest = '';
    for await (const chunk of text.setEncoding('latin1') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#readLine(line);
    }
  }

  #readLine(line: string): void {
    if (line.startsWith('#')) this.#readHeader(line);
    else this.#readPacket(line.split(',', 5).map(Number));
  }

  #readHeader(line: string): void {
    const [, key, index, value = ''] = /^#(\w+) (\d+): (.*)$/.exec(line) ?? [];
    if (!key) return;
    const stream = (this.streams[Number(index)] ??= newStream());
    const [first = 0, second = 0] = value.split(/[/x]/).map(Number);
    if (key === 'media_type') stream.mediaType = value;
    if (key === 'codec_id') stream.codec = value;
    if (key === 'tb') stream.timeBase = first / second;
    if (key === 'dimensions') [stream.width, stream.height] = [first, second];
    if (key === 'sample_rate') stream.sampleRate = first;
    if (key.startsWith('channel_layout')) stream.layout = value;
    if (key === 'extradata') stream.extradata = value;
  }

  #readPacket([index = -1, , pts = NaN, duration = NaN, bytes = 0]: number[]): void {
    this.#bytes += bytes || 0;
    if (this.#bytes > this.#maxBytes) this.#onExcess();
    const stream = this.streams[index];
    if (!stream || Number.isNaN(pts)) return;
    stream.packets += 1;
    const begin = pts * stream.timeBase;
    if (begin - stream.last >= STALL_SECONDS) stream.silences.push({ start: stream.last, end: begin });
    stream.last = Math.max(stream.last, begin);
    stream.end = Math.max(stream.end, (pts + Math.max(0, duration || 0)) * stream.timeBase);
  }
}

const newStream = (): PacketStream => ({
  mediaType: '',
  codec: '',
  timeBase: 0,
  width: 0,
  height: 0,
  sampleRate: 0,
  layout: '',
  extradata: '',
  packets: 0,
  end: 0,
  last: 0,
  silences: [],
});
