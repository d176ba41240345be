import { dirname, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { promisify } from 'node:util';
import createCommand from 'fluent-ffmpeg';
import type { Sandbox } from './ffmpeg-sandbox.ts';
import type { MediaFormat } from './media-sniff.ts';

/** What is wrong with a recording; the message may be shown to its sender. */
export class MediaError extends Error {
  override readonly name = 'MediaError';
}

/** In ffmpeg's complaint if there is no room for its output. */
export const DISK_FULL = 'No space left on device';

export interface FfmpegBinary {
  /** A path, or the bare name if the one on PATH is used. */
  path: string;
  version: string;
  /** Whether it is the old build from @ffmpeg-installer/ffmpeg, for trying things out only. */
  bundled: boolean;
  /** `-vsync` became `-fps_mode` in 5.1. */
  frameSyncFlag: '-fps_mode' | '-vsync';
  /** Whether its bitstream filter `noise` can drop packets by an expression: since 5.0. */
  dropsPackets: boolean;
  /** Whether it has the bitstream filter `setts`: since 4.4. */
  setsTimes: boolean;
  sandbox: Sandbox;
}

/** Maximum duration of a recording, seconds: that of an exam, which lasts at most a day. */
export const MAX_DURATION = 86_400;
/** Maximum picture size: 7680 × 4320, in any shape. */
export const MAX_PIXELS = 33_177_600;

/** Codecs that browsers and cameras use in WebM and MP4, by ffmpeg's codec names. */
export const VIDEO_CODECS: readonly string[] = ['vp8', 'vp9', 'av1', 'h264', 'hevc', 'mpeg4'];
export const AUDIO_CODECS: readonly string[] = [
  'opus',
  'vorbis',
  'aac',
  'mp3',
  'flac',
  'alac',
  'pcm_s16le',
  'pcm_s16be',
  'pcm_s24le',
  'pcm_f32le',
];
const OTHER_DECODERS = ['libvpx', 'libvpx-vp9', 'libdav1d', 'libaom-av1', 'libopus', 'libvorbis', 'mp3float'];

const DEMUXERS: Record<MediaFormat, string> = { webm: 'matroska', mp4: 'mov' };

export interface MediaSource {
  /** A file on this machine. */
  path: string;
  /** As sniffed from its content. The demuxer is forced, so that a disguised playlist cannot open other files. */
  format: MediaFormat;
}

/** Files written by this program, read one after the other. */
export interface MediaSequence {
  format: MediaFormat;
  parts: readonly { path: string; seconds: number }[];
}

export interface FfmpegJob {
  source: MediaSource | MediaSequence;
  /** Reading stops here, whatever the timestamps say. Not needed if packets are only counted. */
  maxSeconds?: number;
  /** More input options, such as where to start. */
  input?: string[];
  /** Options of the output that is read as `stdout`, if any. */
  piped?: string[];
  /** The output that is written to a file, if any. */
  file?: { path: string; options: string[]; maxBytes?: number };
  onLog: (line: string) => void;
  /** Kills the process. */
  signal: AbortSignal;
}

export interface FfmpegRun {
  /** Empty if nothing is piped. */
  stdout: Readable;
  /** Settles once the process has ended: null on success, else ffmpeg's error message. Rejects only if it was killed or did not start. */
  ended: Promise<string | null>;
}

/** `{ '-t': 5 }` as arguments. */
export const toArguments = (options: Record<string, string | number>): string[] => Object.entries(options).flat().map(String);

/** All limits for untrusted media; every build since 2018 supports them. */
const inputOptions = (source: MediaSource | MediaSequence, maxSeconds?: number) =>
  toArguments({
    '-loglevel': 'info',
    '-max_alloc': 128 * 1024 * 1024,
    // More threads would only wait for each other, because other recordings and the detectors keep the processors busy.
    '-threads': 1,
    '-filter_threads': 1,
    '-max_pixels': MAX_PIXELS,
    '-max_streams': 8,
    '-protocol_whitelist': 'file,pipe',
    '-codec_whitelist': [...VIDEO_CODECS, ...AUDIO_CODECS, ...OTHER_DECODERS].join(','),
    ...(maxSeconds !== undefined && { '-t': maxSeconds }),
    ...('parts' in source
      ? { '-format_whitelist': `concat,${DEMUXERS[source.format]}`, '-safe': 0, '-f': 'concat' }
      : { '-f': DEMUXERS[source.format] }),
  });

/** The script for ffmpeg's concat demuxer. Files written to a pipe do not contain their duration, so it is given here. */
const listOf = (parts: MediaSequence['parts']) =>
  [
    'ffconcat version 1.0',
    ...parts.flatMap(({ path, seconds }) => [`file ${quoted(`file:${resolve(path)}`)}`, `duration ${seconds}`]),
    '',
  ].join('\n');

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * fluent-ffmpeg queries the capabilities of its program before the first run and caches them. They are queried here, because
 * later it runs the sandbox instead of ffmpeg.
 */
export async function learnCapabilities(path: string): Promise<void> {
  const command = createCommand().setFfmpegPath(path);
  await Promise.all([promisify(command.availableFormats.bind(command))(), promisify(command.availableEncoders.bind(command))()]);
}

/** Starts one ffmpeg for one file. */
export function startFfmpeg(ffmpeg: FfmpegBinary, job: FfmpegJob): FfmpegRun {
  // Without `emitClose: false`, fluent-ffmpeg mistakes the end of the stream for a closed one and kills a process that is about to end.
  const stdout = new PassThrough({ emitClose: false });
  stdout.on('error', () => {});
  const { source } = job;
  const reads = ('parts' in source ? source.parts : [source]).map(({ path }) => resolve(path));
  const { command: program, prefix } = ffmpeg.sandbox.wrap({
    reads,
    ...(job.file && { writes: dirname(resolve(job.file.path)) }),
    ...(job.file?.maxBytes && { maxFileBytes: job.file.maxBytes }),
  });
  const command = createCommand().setFfmpegPath(program);
  command
    // The list is passed through standard input: no file is needed, and no other program sees it.
    .input('parts' in source ? Readable.from([listOf(source.parts)]) : `file:${reads[0]}`)
    // fluent-ffmpeg puts these first on the command line, so that the sandbox can precede ffmpeg.
    .inputOptions(...prefix, '-hide_banner', '-nostdin', '-nostats', ...inputOptions(source, job.maxSeconds), ...(job.input ?? []));
  // The file comes first, so that it is closed before the pipe.
  if (job.file) command.output(resolve(job.file.path)).outputOptions(...job.file.options);
  if (job.piped) command.output(stdout).outputOptions(...job.piped);
  else stdout.end();
  command.on('stderr', job.onLog);
  return { stdout, ended: waitForEnd(command, stdout, job.signal) };
}

function waitForEnd(command: createCommand.FfmpegCommand, stdout: PassThrough, signal: AbortSignal): Promise<string | null> {
  let started = false;
  const kill = () => {
    // With an error, because nothing else ends its reader: see `emitClose`.
    stdout.destroy(signal.reason as Error);
    if (started) command.kill('SIGKILL');
  };
  const ended = new Promise<string | null>((settle, reject) => {
    command.on('start', () => {
      started = true;
      if (signal.aborted) kill();
    });
    command.on('end', () => settle(null));
    command.on('error', (error: Error) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (error.message.startsWith('ffmpeg exited with code')) settle(error.message);
      else reject(error);
      // If there is no process, nothing else ends the stream.
      if (!started) stdout.destroy(error);
    });
  });
  signal.addEventListener('abort', kill, { once: true });
  command.run();
  return ended.finally(() => signal.removeEventListener('abort', kill));
}
