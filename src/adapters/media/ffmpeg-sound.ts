import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { FfmpegBinary } from './ffmpeg-run.ts';
import { SOUND_RATE } from './ffmpeg-sample.ts';

/** Sixteen hours. */
const MAX_BYTES = SOUND_RATE * 2 * 3_600 * 16;

/**
 * Decodes a whole trusted sound file of any format: mono samples at `SOUND_RATE`. ffmpeg is not sandboxed here, so never pass
 * it files from others.
 */
export async function decodeOwnSound(ffmpeg: FfmpegBinary, path: string): Promise<Int16Array> {
  const args = ['-nostdin', '-v', 'error', '-i', `file:${path}`, '-ac', '1', '-ar', String(SOUND_RATE), '-f', 's16le', 'pipe:1'];
  const { stdout } = await promisify(execFile)(ffmpeg.path, args, { encoding: 'buffer', maxBuffer: MAX_BYTES });
  return new Int16Array(new Uint8Array(stdout).buffer, 0, stdout.length >> 1);
}
