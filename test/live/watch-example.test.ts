import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { createExam, createKey, report } from '../helpers/exam.ts';
import { createTestDatabase } from '../helpers/postgres.ts';
import { startFreezableProxy } from '../helpers/proxy.ts';
import { freePort } from '../helpers/redis.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

const disposal: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const dispose of disposal.splice(0).reverse()) await dispose();
});

/** Runs the example as the README shows it, and collects its lines. */
function watch(server: TestServer, examId: string, key = ADMIN_KEY) {
  const env = { PATH: process.env['PATH'], KEY: key, API: server.api };
  const child = spawn(process.execPath, ['examples/watch.mjs', examId], { env });
  const lines: string[] = [];
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const exited = once(child, 'close');
  disposal.push(async () => {
    child.kill();
    await exited;
  });
  const types = () => lines.map((line) => (JSON.parse(line) as { type: string }).type);
  return { types, complaints, exited };
}

describe('the example of the README that watches an exam', () => {
  it('misses nothing and repeats nothing when the server is restarted', async () => {
    // A port that stays the same.
    const server = await startTestServer({ PORT: String(await freePort()) });
    disposal.push(() => server.stop());
    const { id } = await createExam(server);
    await report(server, id, 'user_1', ['noise', 'books']);
    const { types, complaints } = watch(server, id);
    await expect.poll(types).toEqual(['noise', 'books']);
    await server.shutDown();
    await server.restart();
    await report(server, id, 'user_1', ['tab_switch']);
    await expect.poll(types).toEqual(['noise', 'books', 'tab_switch']);
    expect(complaints[0]).toMatch(/^Service restart \(1012\): trying again in \d\.\d s$/);
  });

  it('ends at once with the reason if the key is wrong', async () => {
    const server = await startTestServer();
    disposal.push(() => server.stop());
    const { id } = await createExam(server);
    const { complaints, exited } = watch(server, id, 'invigil_wrong');
    expect(await exited).toEqual([1, null]);
    expect(complaints).toEqual(['The API key or access token is unknown, revoked or expired (4401)']);
  });

  it('keeps trying while the server cannot look up the key', async () => {
    const database = await createTestDatabase();
    disposal.push(() => database.drop());
    const proxy = await startFreezableProxy(database.url);
    disposal.push(() => proxy.stop());
    const server = await startTestServer({ DATABASE_URL: proxy.url });
    disposal.push(() => server.stop());
    const { id } = await createExam(server);
    await report(server, id, 'user_1', ['noise']);
    const { key } = await createKey(server, 'PROCTOR');
    await proxy.cut();
    const { types, complaints } = watch(server, id, key);
    await expect.poll(() => complaints.length).toBeGreaterThan(0);
    await proxy.restore();
    await expect.poll(types).toEqual(['noise']);
    expect(complaints[0]).toContain('Try again later (1013)');
  });
});
