import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { createTestDatabase } from '../helpers/postgres.ts';
import { freePort } from '../helpers/redis.ts';
import { ADMIN_KEY } from '../helpers/server.ts';

test('npm run dev serves the pages from their source in front of the server, whose links open them, until Ctrl-C', async () => {
  const database = await createTestDatabase();
  const DATA_DIR = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  const PORT = String(await freePort());
  const child = spawn(process.execPath, ['scripts/dev.mjs'], {
    cwd: projectRoot,
    env: {
      ...{ PATH: process.env['PATH'], TMPDIR: tmpdir(), DATABASE_URL: database.url, DATA_DIR, PORT },
      ...{ BOOTSTRAP_API_KEY: ADMIN_KEY, VISION_PRELOAD: 'false' },
    },
  });
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  await expect.poll(() => output).toContain('Create an exam');
  const address = /pages follow changes of web at (\S+)/.exec(output)?.[1] ?? '';

  const created = await fetch(`${address}/api/exams`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: '{"title":"Algebra","duration":60}',
  });
  const { accessUrl } = (await created.json()) as { accessUrl: string };
  expect(accessUrl.startsWith(`${address}/exam/exam_`)).toBe(true);
  const page = await (await fetch(accessUrl)).text();
  expect(page).toContain('/@vite/client');
  const script = /<script type="module" src="([^"]*room[^"]*)"/.exec(page)?.[1] ?? '';
  expect(await (await fetch(new URL(script, accessUrl))).text()).toContain('react');

  child.kill('SIGINT');
  expect(await exit).toBe(0);
  await expect(fetch(`http://127.0.0.1:${PORT}/healthz`)).rejects.toThrow('fetch failed');
  await rm(DATA_DIR, { recursive: true, force: true });
  await database.drop();
});
