import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/paths.ts';
import { makeMedia, VP8 } from './media.ts';

/** A person in a picture: one of three women from the sample pictures. */
export interface Actor {
  who: 'anna' | 'berta' | 'clara';
  /** Pixels. */
  width: number;
  /** Left and upper edge in pixels, as expressions of ffmpeg's overlay filter, in which `t` is the time in seconds. */
  x: string;
  y: string;
  /** When the actor is present, as such an expression. */
  when?: string;
}

const sample = (number: number) => join(projectRoot, `node_modules/@vladmandic/face-api/demo/sample${number}.jpg`);

/** Their source pictures; `crop` is for ffmpeg's filter: width, height, left, top. */
export const people = {
  anna: { file: sample(6), crop: '340:400:180:420' },
  berta: { file: sample(6), crop: '340:400:640:190' },
  clara: { file: sample(5), crop: '340:400:1043:163' },
} as const;

/** The movements of a live person: never still from one second to the next. */
export const living = (x: number, y: number) => ({ x: `${x}+14*sin(1.3*t)`, y: `${y}+9*sin(2.1*t)` });
export const still = (x: number, y: number) => ({ x: String(x), y: String(y) });

/** Films actors in a room, with camera noise, the same pixels each time. @param after more filters for the whole picture */
export async function stage(path: string, seconds: number, actors: readonly Actor[], after: readonly string[] = []): Promise<void> {
  const room = [
    '-f',
    'lavfi',
    '-i',
    `gradients=size=640x480:rate=2:duration=${seconds}:c0=0x806040:c1=0x405060:x0=0:y0=0:x1=640:y1=480:speed=0.00001:seed=1`,
  ];
  const inputs = actors.flatMap(({ who }) => ['-loop', '1', '-framerate', '2', '-t', String(seconds), '-i', people[who].file]);
  const filters = actors.flatMap(({ who, width, x, y, when = '1' }, index) => [
    `[${index + 1}:v]crop=${people[who].crop},scale=${width}:-2,setsar=1[a${index}]`,
    `[v${index}][a${index}]overlay=x='${x}':y='${y}':enable='${when}'[v${index + 1}]`,
  ]);
  const end = [...after, 'noise=alls=6:allf=t:all_seed=1', 'format=yuv420p'].join(',');
  const graph = ['[0:v]null[v0]', ...filters, `[v${actors.length}]${end}[out]`].join(';');
  await makeMedia(...room, ...inputs, '-filter_complex', graph, '-map', '[out]', ...VP8, '-f', 'webm', path);
}

/** Like `stage`, but as a page sends it: one JPEG per second. */
export async function stageSnapshots(seconds: number, actors: readonly Actor[], after: readonly string[] = []): Promise<Buffer[]> {
  const dir = await mkdtemp(join(tmpdir(), 'invigil-stage-'));
  try {
    const path = join(dir, 'stage.webm');
    await stage(path, seconds, actors, after);
    await makeMedia('-i', path, '-vf', 'fps=1', '-q:v', '4', join(dir, '%03d.jpg'));
    const files = (await readdir(dir)).filter((name) => name.endsWith('.jpg')).toSorted();
    return await Promise.all(files.map((name) => readFile(join(dir, name))));
  } finally {
    await rm(dir, { recursive: true });
  }
}
