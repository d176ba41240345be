import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { tempDir } from '../helpers/media.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PRESENCE_GRACE_SECONDS: '1' });
});
afterAll(() => server.stop());

const play = (settings: Record<string, string>, folder = tempDir()): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], TMPDIR: folder, ...settings };
    const child = execFile(process.execPath, [join(projectRoot, 'scripts/demo.mjs')], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });

it('the demo plays a whole exam, from the roster to the answer to a contest, and leaves nothing behind', async () => {
  const folder = tempDir();
  const { code, out, err } = await play({ INVIGIL_URL: server.url, INVIGIL_API_KEY: ADMIN_KEY }, folder);
  expect(err).toBe('');
  expect(code).toBe(0);
  for (const line of [
    /Roster +Anna Example, Ben Example, Cleo Example/,
    /event +anna +status: WAITING → ACTIVE, by Petra Proctor/,
    /event +ben +status: ACTIVE → PAUSED, by Petra Proctor {2}“Fire drill”/,
    /event +anna +hand: .* “May I go to the bathroom\?”/,
    /event +ben +status: ACTIVE → DISCONNECTED/,
    /Credit +\d+\.\d s for Ben/,
    /event +cleo +status: TERMINATED → ACTIVE, by Quentin Proctor {2}“It was a calculator”/,
    /Submitted +ben[^]*chunk 5 of 6 has arrived[^]*Complete +6\.\d s/,
    /disconnected +\d\d:\d\d:\d\d +\d+\.\d/,
    /Genuine: the server with this key signed it\./,
    /Tampered +with one byte more: Not genuine/,
    /event +anna +review: VIOLATION → CONTESTED/,
    /Anna reads +overturned: .* We are sorry\. \(staff\)/,
  ])
    expect(out).toMatch(line);
  expect(await readdir(folder)).toEqual([]);
});

it('the demo that cannot go on says why, in one line, and fails', async () => {
  const refused = await play({ INVIGIL_URL: server.url, INVIGIL_API_KEY: 'invigil_wrong' });
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/^\nThe demo stopped: \/exams: .+\n$/) as string });
  const missing = await play({});
  expect(missing).toMatchObject({ code: 1, err: 'Set INVIGIL_API_KEY to the key that `npm start` printed.\n' });
});
