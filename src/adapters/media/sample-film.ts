import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { Frame } from '../vision/vision.ts';

/** Drawn pictures for the sample exam: of nobody, and each says what it is. */

export type SampleView = 'webcam' | 'screen';

const WIDTH = 320;
const HEIGHT = 240;
const PER_SECOND = 5;

/** Five by seven dots, a row a string: servers may have no fonts. */
const LETTERS: Readonly<Record<string, readonly string[]>> = {
  S: ['.####', '#....', '#....', '.###.', '....#', '....#', '####.'],
  A: ['.###.', '#...#', '#...#', '#####', '#...#', '#...#', '#...#'],
  M: ['#...#', '##.##', '#.#.#', '#.#.#', '#...#', '#...#', '#...#'],
  P: ['####.', '#...#', '#...#', '####.', '#....', '#....', '#....'],
  L: ['#....', '#....', '#....', '#....', '#....', '#....', '#####'],
  E: ['#####', '#....', '#....', '####.', '#....', '#....', '#####'],
};
const WORD = 'SAMPLE';
const DOT = 6;
const LEFT = (WIDTH - WORD.length * 6 * DOT) / 2;
const TOP = HEIGHT - 9 * DOT;

type Colour = readonly [red: number, green: number, blue: number];
const INK: Colour = [200, 30, 30];

function isInWord(x: number, y: number): boolean {
  const column = Math.floor((x - LEFT) / DOT);
  const row = Math.floor((y - TOP) / DOT);
  if (column < 0 || row < 0 || row > 6) return false;
  return LETTERS[WORD[Math.floor(column / 6)] ?? '']?.[row]?.[column % 6] === '#';
}

/** A head that moves a little before a wall. */
function person(x: number, y: number, at: number): Colour {
  const centre = WIDTH / 2 + 12 * Math.sin(at / 2);
  const head = ((x - centre) / 42) ** 2 + ((y - 85) / 54) ** 2;
  if (head < 1) return [226, 188, 158];
  const body = ((x - centre) / 95) ** 2 + ((y - 230) / 90) ** 2;
  return body < 1 ? [70, 96, 140] : [214, 218, 222];
}

/** A page with lines, of which one more is written each second. */
function page(x: number, y: number, at: number): Colour {
  if (y < 22) return [50, 60, 80];
  const line = Math.floor((y - 34) / 14);
  const isLine = (y - 34) % 14 < 5 && line >= 0 && line < Math.min(10, 2 + at / 2);
  return isLine && x > 24 && x < 296 - ((line * 37) % 90) ? [120, 128, 140] : [250, 250, 250];
}

/** @param second of the film */
export function drawSample(view: SampleView, second: number): Frame {
  const data = Buffer.alloc(WIDTH * HEIGHT * 3);
  const colourAt = view === 'webcam' ? person : page;
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) data.set(isInWord(x, y) ? INK : colourAt(x, y, second), (y * WIDTH + x) * 3);
  return { data, width: WIDTH, height: HEIGHT };
}

async function* frames(view: SampleView, count: number): AsyncGenerator<Uint8Array> {
  for (let frame = 0; frame < count; frame++) {
    yield drawSample(view, frame / PER_SECOND).data;
    // Drawing takes milliseconds: others are served between two pictures.
    await setImmediate();
  }
}

/** A film of a few seconds as WebM. @param ffmpeg path of the program. @throws Error with what ffmpeg says */
export async function filmSample(ffmpeg: string, view: SampleView, seconds: number): Promise<Buffer> {
  const source = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(PER_SECOND), '-i', 'pipe:0'];
  const output = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '150k', '-g', '25', '-f', 'webm', 'pipe:1'];
  const child = spawn(ffmpeg, ['-hide_banner', '-loglevel', 'error', ...source, ...output], { stdio: 'pipe' });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject);
  });
  const written = Promise.all([buffer(child.stdout), text(child.stderr), ended]);
  // It may end before it has read everything; then its code tells.
  await pipeline(Readable.from(frames(view, seconds * PER_SECOND)), child.stdin).catch(() => {});
  const [bytes, complaint, code] = await written;
  if (code !== 0) throw new Error(`ffmpeg could not make the sample: ${complaint.trim()}`);
  return bytes;
}
