import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findFfmpeg } from '#built/adapters/media/ffmpeg.js';

const run = promisify(execFile);
const DATA = fileURLToPath(new URL('../../shared/data/video/synthetic_60s.webm', import.meta.url));
const SAMPLES = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'demo');

const find = () => findFfmpeg({ FFMPEG_PATH: process.env.FFMPEG_PATH, production: false });

/**
 * A webcam recording with one face, none and several: from the data set if it is present, else made from the sample faces of
 * @vladmandic/face-api.
 */
export async function makeFaceVideo(folder) {
  if (existsSync(DATA)) return { path: DATA, source: 'synthetic_60s.webm' };
  const ffmpeg = await find();
  const path = join(folder, 'webcam.webm');
  const still = (name, seconds) => ['-loop', '1', '-framerate', '10', '-t', String(seconds), '-i', join(SAMPLES, name)];
  /** Crop that shows only the woman in front. */
  const alone = 'crop=606:455:154:814,';
  const fit = (input, label, crop = '') =>
    `[${input}:v]${crop}scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p[${label}]`;
  const filter = [
    fit(0, 'one', alone),
    fit(1, 'many'),
    fit(2, 'again', alone),
    '[3:v]format=yuv420p,setsar=1[none]',
    '[one][none][many][again]concat=n=4:v=1[out]',
  ].join(';');
  await run(ffmpeg.path, [
    ...['-y', '-v', 'error'],
    ...[...still('sample5.jpg', 10), ...still('sample3.jpg', 8), ...still('sample5.jpg', 6)],
    ...['-f', 'lavfi', '-t', '6', '-i', 'color=c=gray:s=640x480:r=10'],
    ...['-f', 'lavfi', '-t', '30', '-i', 'anullsrc=r=48000:cl=mono'],
    ...['-filter_complex', filter, '-map', '[out]', '-map', '4:a'],
    ...['-c:v', 'libvpx', '-b:v', '800k', '-deadline', 'realtime', '-c:a', 'libopus', '-shortest', path],
  ]);
  return { path, source: 'made from sample faces' };
}

/** What MediaRecorder gives with a `timeslice` of one second: parts of one WebM file of unknown length, cut anywhere. */
export async function makeChunks(folder, seconds) {
  const ffmpeg = await find();
  const path = join(folder, 'live.webm');
  await run(ffmpeg.path, [
    ...['-y', '-v', 'error', '-f', 'lavfi', '-i', `testsrc=size=320x240:rate=15:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `anullsrc=r=48000:cl=mono`, '-t', String(seconds), '-c:a', 'libopus', '-b:a', '48k'],
    ...['-c:v', 'libvpx', '-b:v', '300k', '-deadline', 'realtime', '-cpu-used', '8', '-g', '30'],
    ...['-f', 'webm', '-live', '1', '-cluster_time_limit', '1000', path],
  ]);
  const bytes = await readFile(path);
  const size = Math.ceil(bytes.length / seconds);
  return Array.from({ length: seconds }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
