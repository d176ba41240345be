import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findFfmpeg } from '../dist/src/adapters/ffmpeg.js';

const run = promisify(execFile);
const DATA = fileURLToPath(new URL('../../shared/data/video/synthetic_60s.webm', import.meta.url));
const SAMPLES = join(dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'demo');

/**
 * A webcam recording with one face, none and two: the data set's where it is present, else made of the sample faces of
 * @vladmandic/face-api.
 */
export async function makeFaceVideo(folder) {
  if (existsSync(DATA)) return { path: DATA, source: 'synthetic_60s.webm' };
  const ffmpeg = await findFfmpeg({ FFMPEG_PATH: process.env.FFMPEG_PATH, production: false });
  const path = join(folder, 'webcam.webm');
  const still = (name, seconds) => ['-loop', '1', '-framerate', '10', '-t', String(seconds), '-i', join(SAMPLES, name)];
  const fit = (input, label, width = 640) =>
    `[${input}:v]scale=${width}:480:force_original_aspect_ratio=decrease,pad=${width}:480:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p[${label}]`;
  const filter = [
    fit(0, 'one'),
    fit(1, 'left', 320),
    fit(2, 'right', 320),
    '[left][right]hstack[two]',
    fit(3, 'again'),
    '[one][4:v][two][again]concat=n=4:v=1[out]',
  ].join(';');
  await run(ffmpeg.path, [
    ...['-y', '-v', 'error'],
    ...[...still('sample1.jpg', 10), ...still('sample1.jpg', 8), ...still('sample2.jpg', 8), ...still('sample1.jpg', 6)],
    ...['-f', 'lavfi', '-t', '6', '-i', 'color=c=gray:s=640x480:r=10'],
    ...['-f', 'lavfi', '-t', '30', '-i', 'anullsrc=r=48000:cl=mono'],
    ...['-filter_complex', filter, '-map', '[out]', '-map', '5:a'],
    ...['-c:v', 'libvpx', '-b:v', '800k', '-deadline', 'realtime', '-c:a', 'libopus', '-shortest', path],
  ]);
  return { path, source: 'made of sample faces' };
}
