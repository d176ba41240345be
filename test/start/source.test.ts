import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { projectRoot } from '../../src/paths.ts';

const face = join(projectRoot, 'node_modules/@vladmandic/face-api/demo/sample1.jpg');

test('the program runs from its source without a build, with the threads that look at pictures', async () => {
  const dev = await readFile(join(projectRoot, 'scripts/dev.mjs'), 'utf8');
  const loader = /'--import',\s*'([^']+)'/.exec(dev)?.[1] ?? '';
  const args = ['--import', loader, 'src/cli.ts', 'verify', '--json', face, face];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectRoot, env: { PATH: process.env['PATH'] } });
  expect(JSON.parse(stdout)).toMatchObject({ confidence: expect.any(Number), faceDetected: true });
});
