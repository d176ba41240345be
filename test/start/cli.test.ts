import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { makeMedia, tempDir, VP8 } from '../helpers/media.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

const invigil = (...args: string[]): Promise<Ran> => invigilAt(undefined, ...args);

const invigilAt = (home: string | undefined, ...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home };
    const child = execFile(process.execPath, [PROGRAM, ...args], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });

describe('invigil analyze', () => {
  it('shows what was seen and when, without a server', async () => {
    const path = join(tempDir(), 'webcam.webm');
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10:duration=12'];
    await makeMedia(...picture, '-f', 'lavfi', '-i', 'sine=duration=12', '-c:a', 'libopus', ...VP8, path);
    const { code, out } = await invigil('analyze', '--sensitivity', 'high', path);
    expect(code).toBe(0);
    const rows = out.split('\n');
    expect(rows[0]).toMatch(/^webcam\.webm {2}0:12 · 12 frames · \d+\.\d× real time$/);
    const row = (label: string) => rows.find((text) => text.trimStart().startsWith(label)) ?? '';
    expect(row('no face')).toContain(`100.0 % │${'█'.repeat(50)}│`);
    expect(row('face present')).toContain(`0.0 % │${' '.repeat(50)}│`);
    expect(row('talking')).toContain('0.0 %');
    expect(out).toMatch(/Warnings, for a person to judge:\n {2}0:00 {2}no face/);
  });

  it('prints one line of JSON per file, even if one of them cannot be read', async () => {
    const folder = tempDir();
    const [path, text] = [join(folder, 'screen.webm'), join(folder, 'note.webm')];
    await makeMedia('-f', 'lavfi', '-i', 'color=black:size=320x240:rate=10:duration=4', ...VP8, path);
    await writeFile(text, 'no video');
    const { code, out, err } = await invigil('analyze', '--json', '--screen', text, join(folder, 'gone.webm'), path);
    expect(code).toBe(1);
    const [first, second, third] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(first).toEqual({ file: text, error: 'not a WebM or MP4 video' });
    expect(second).toMatchObject({ error: expect.stringContaining('ENOENT') as string });
    expect(third).toMatchObject({ file: path, format: 'webm', sampledFrames: 4, screen: { blank: 1 }, faceDetection: null });
    expect(err).toContain('not a WebM or MP4 video');
  });

  it('ends at once on Ctrl-C, as an interrupted program, and leaves no files', async () => {
    const [folder, home] = [tempDir(), tempDir()];
    const path = join(folder, 'webcam.webm');
    await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=120', ...VP8, path);
    const env = { PATH: process.env['PATH'], TMPDIR: home };
    const child = spawn(process.execPath, [PROGRAM, 'analyze', path], { env, stdio: 'ignore' });
    const exit = once(child, 'exit');
    await expect.poll(() => readdir(home)).not.toEqual([]);
    child.kill('SIGINT');
    expect(await exit).toEqual([null, 'SIGINT']);
    expect(await readdir(home)).toEqual([]);
  });

  it('ends without a complaint when its reader has seen enough', async () => {
    const missing = Array.from({ length: 5_000 }, (_, at) => `/nowhere/${at}.webm`);
    const child = spawn(process.execPath, [PROGRAM, 'analyze', '--json', ...missing], { stdio: ['ignore', 'pipe', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', (chunk) => {
      complaints += String(chunk);
    });
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(complaints).not.toContain('EPIPE');
  });
});

describe('invigil verify', () => {
  it('never shows certainty that it does not have', async () => {
    const face = join(projectRoot, 'node_modules/@vladmandic/face-api/demo/sample1.jpg');
    const { out } = await invigil('verify', face, face);
    expect(out).toContain('confidence 99.9 %');
  });

  it('says why a picture cannot be read, and if it shows no face', async () => {
    const folder = tempDir();
    const [grey, text] = [join(folder, 'grey.png'), join(folder, 'text.png')];
    await makeMedia('-f', 'lavfi', '-i', 'color=gray:size=320x240', '-frames:v', '1', grey);
    await writeFile(text, 'no picture');
    const { code, out } = await invigil('verify', '--json', grey, grey);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ verified: false, faceDetected: false, warnings: ['no_face_reference', 'no_face_verification'] }),
    ]);
    const broken = await invigil('verify', grey, text);
    expect([broken.code, broken.out]).toEqual([1, '']);
    expect(broken.err).toContain('text.png');
  });

  it('leaves no files in the home or temporary folder', async () => {
    const [folder, home] = [tempDir(), tempDir()];
    const grey = join(folder, 'grey.png');
    await makeMedia('-f', 'lavfi', '-i', 'color=gray:size=320x240', '-frames:v', '1', grey);
    expect(await invigilAt(home, 'verify', grey, grey)).toMatchObject({ code: 0 });
    expect(await readdir(home, { recursive: true })).toEqual([]);
  });
});

it.each([
  [[], 'A command is missing'],
  [['watch'], 'There is no command watch'],
  [['analyze'], 'needs a recording'],
  [['verify', 'a.png'], 'needs two pictures'],
  [['analyze', '--loud', 'a.webm'], 'Unknown option'],
  [['analyze', '--sensitivity', 'paranoid', 'a.webm'], 'low, medium or high'],
])('the command line %j is answered with its mistake and the usage', async (args, message) => {
  const { code, out, err } = await invigil(...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(message);
  expect(err).toContain('Usage:');
});

it.each(['--version', '-v'])('%s prints the version of the package', async (option) => {
  const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  expect(await invigil(option)).toEqual({ code: 0, out: `${version}\n`, err: '' });
});
