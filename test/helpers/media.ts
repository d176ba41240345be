import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { findFfmpeg } from '../../src/adapters/media/ffmpeg.ts';
import { projectRoot } from '../../src/paths.ts';

const run = promisify(execFile);

export const ffmpeg = await findFfmpeg({ production: false });

/** A file of the real test data, which may exist next to the project; else null. */
export function dataFile(path: string): string | null {
  const file = join(projectRoot, '../shared/data', path);
  return existsSync(file) ? file : null;
}

/** A file of the cases from the field, which may exist next to the project; else null. */
export function caseFile(path: string): string | null {
  const file = join(projectRoot, '../shared/cases', path);
  return existsSync(file) ? file : null;
}

const CLUSTER = Buffer.from('1f43b675', 'hex');

/** A WebM before its pictures, and its clusters of pictures. */
export function clustersOf(webm: Buffer): { head: Buffer; clusters: Buffer[] } {
  const starts: number[] = [];
  for (let at = webm.indexOf(CLUSTER); at >= 0; at = webm.indexOf(CLUSTER, at + 1)) starts.push(at);
  return { head: webm.subarray(0, starts[0]), clusters: starts.map((start, index) => webm.subarray(start, starts[index + 1])) };
}

/** A fragmented MP4 before its pictures, and its boxes of pictures. */
export function fragmentsOf(mp4: Buffer): { head: Buffer; fragments: Buffer[] } {
  const boxes: { type: string; bytes: Buffer }[] = [];
  for (let at = 0; at < mp4.length; at += mp4.readUInt32BE(at)) {
    boxes.push({ type: mp4.toString('latin1', at + 4, at + 8), bytes: mp4.subarray(at, at + mp4.readUInt32BE(at)) });
  }
  const of = (types: readonly string[]) => boxes.filter(({ type }) => types.includes(type)).map(({ bytes }) => bytes);
  return { head: Buffer.concat(of(['ftyp', 'moov'])), fragments: of(['moof', 'mdat']) };
}

/** A folder that is removed after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'invigil-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs ffmpeg on files made by the test; returns its standard output. */
export async function makeMedia(...args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 } as const;
  const { stdout } = await run(ffmpeg.path, ['-nostdin', '-v', 'error', '-y', ...args], options);
  return stdout;
}

/**
 * VP8, fast rather than small. One thread, because libvpx's threads busy-wait for each other; a fixed speed (negative), because at a
 * positive one a busy machine chooses coarser pictures, in which small faces are not to be seen.
 */
export const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '-5', '-b:v', '1M', '-threads', '1', '-pix_fmt', 'yuv420p'];
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1', '-pix_fmt', 'yuv420p'];

/** Keeps timestamps unchanged. */
export const passthrough = [ffmpeg.frameSyncFlag, 'passthrough'];

/** What is in front of the camera, and for how long. */
export interface Scene {
  picture: Picture;
  seconds: number;
}

interface Picture {
  file: string;
  /** Argument of ffmpeg's crop filter. */
  crop?: string;
}

const sample = (number: number, crop?: string): Picture => ({
  file: join(projectRoot, `node_modules/@vladmandic/face-api/demo/sample${number}.jpg`),
  ...(crop && { crop }),
});

const picture = (path: string, otherwise: Picture): Picture => {
  const file = dataFile(path);
  return file ? { file } : otherwise;
};

export const pictures = {
  oneFace: picture('pose/frontal_stock_emotions_a_5.jpg', sample(5, '606:455:154:814')),
  turnedAway: picture('pose/away_ai_upper.jpg', sample(5, '545:409:399:346')),
  severalFaces: picture('facecount/2plus_face_recog_two_people.jpg', sample(3)),
  /** A bedroom, or a part of a staircase: nobody, and no part of anybody. */
  noFace: picture('facecount/0_coco128_yo_000000000632.jpg', sample(5, '320:240:20:20')),
  /** Null without the test data. */
  phone: dataFile('phone/yes_Active-p_images__14_.jpg'),
};

/** Films the scenes one after the other, like a browser: WebM without duration, written to a pipe. */
export async function film(path: string, scenes: readonly Scene[], sound: string[] = []): Promise<void> {
  const inputs = scenes.flatMap(({ picture, seconds }) => ['-loop', '1', '-framerate', '10', '-t', String(seconds), '-i', picture.file]);
  const shots = scenes.map(
    ({ picture: { crop } }, index) =>
      `[${index}:v]${crop ? `crop=${crop},` : ''}scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:-1:-1,setsar=1,format=yuv420p[v${index}]`,
  );
  const joined = `${scenes.map((_scene, index) => `[v${index}]`).join('')}concat=n=${scenes.length}[v]`;
  const soundMap = sound.length > 0 ? ['-map', `${scenes.length}:a`, '-c:a', 'libopus', '-b:a', '48k'] : [];
  const webm = await makeMedia(
    ...inputs,
    ...sound,
    '-filter_complex',
    [...shots, joined].join(';'),
    '-map',
    '[v]',
    ...soundMap,
    ...VP8,
    '-f',
    'webm',
    'pipe:1',
  );
  await writeFile(path, webm);
}

/** Input options for 5 s of speech that starts after `delay` seconds; null if there is neither recorded nor synthetic speech. */
export async function speech(dir: string, delay: number): Promise<string[] | null> {
  const recorded = dataFile('audio/speech_noise_mix.ogg');
  const spoken = join(dir, 'speech.wav');
  const source = recorded ?? (await speak(spoken));
  if (!source) return null;
  const delayed = join(dir, 'delayed.wav');
  const delayMs = delay * 1000;
  await makeMedia(
    '-t',
    '5',
    '-i',
    source,
    '-af',
    `adelay=${delayMs}|${delayMs},apad=pad_dur=30`,
    '-ac',
    '1',
    '-t',
    String(delay + 8),
    delayed,
  );
  return ['-i', delayed];
}

async function speak(path: string): Promise<string | null> {
  const words = 'The answer to the third question is the second one, and the answer to the fourth question is the first one, I believe.';
  return run('espeak-ng', ['-w', path, words]).then(
    () => path,
    () => null,
  );
}

/** Child processes of this process that are still running. */
export const childProcesses = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
