import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createExam, report, tokenIn } from '../helpers/exam.ts';
import { makeMedia, tempDir, VP8 } from '../helpers/media.ts';
import { uploadRecording } from '../helpers/recordings.ts';
import { startTestServer } from '../helpers/server.ts';

const disposal: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const dispose of disposal.splice(0).reverse()) await dispose();
});

async function start(settings: Record<string, string> = {}) {
  const server = await startTestServer(settings);
  disposal.push(() => server.stop());
  return server;
}

const linesOf = (log: string) =>
  log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log of a server', () => {
  it('has one line per request that says what was asked and how it ended, without secrets, users or queries', async () => {
    const server = await start({ LOG_LEVEL: 'info' });
    const { id, accessUrl } = await createExam(server);
    await report(server, id, 'anna@example.org', ['noise']);
    await server.rest(`/exams/${id}/participants/anna@example.org/accommodations`, { method: 'PUT', body: '{"suppress":[]}' });
    await server.rest('/recordings/rec_unknown/download?sig=secret-signature', { credential: null });
    await server.rest('/nowhere/secret-path', { credential: tokenIn(accessUrl) });
    const answer = await fetch(`${server.url}/graphql?query={__typename}`, { headers: { authorization: 'Bearer secret-key' } });
    await fetch(`${server.url}/healthz`);
    const requests = () => linesOf(server.log()).filter(({ msg }) => msg === 'request');
    await expect.poll(() => requests().length).toBe(6);
    expect(requests().map(({ method, route, status }) => [method, route, status])).toEqual([
      ['POST', '/api/exams', 200],
      ['POST', `/api/exams/${id}/warnings`, 200],
      ['PUT', `/api/exams/${id}/participants/:userId/accommodations`, 400],
      ['GET', '/api/recordings/rec_unknown/download', 401],
      ['GET', null, 404],
      ['GET', '/graphql', 401],
    ]);
    expect(requests().at(-1)).toMatchObject({ requestId: answer.headers.get('x-request-id'), ms: expect.any(Number) });
    expect(server.log()).not.toMatch(/secret|anna|noise|__typename|eyJ/);
  });

  it('says that a new BOOTSTRAP_API_KEY leaves the earlier admin key valid, and that a revoked one opens nothing', async () => {
    const server = await start();
    const second = await server.another({ BOOTSTRAP_API_KEY: 'invigil_second_admin_key_0123456789' });
    disposal.push(() => second.stop());
    await expect.poll(() => second.log()).toContain('1 earlier admin key stays valid');
    const { apiKeys } = await server.graphql().request<{ apiKeys: { id: string; name: string }[] }>('{ apiKeys { id name } }');
    const newest = apiKeys.at(-1)?.id ?? '';
    await server.graphql().request(`mutation { revokeApiKey(id: "${newest}") { id } }`);
    await second.shutDown();
    await second.restart();
    await expect.poll(() => second.log()).toContain('BOOTSTRAP_API_KEY is a key that was revoked');
    expect(server.log()).not.toContain('BOOTSTRAP_API_KEY');
  });
});

describe('the probes', () => {
  it('name the version', async () => {
    const server = await start();
    const versions = await Promise.all(['healthz', 'readyz'].map(async (path) => (await fetch(`${server.url}/${path}`)).json()));
    const known = { version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string };
    expect(versions).toEqual([
      { status: 'ok', ...known },
      { status: 'ready', ...known },
    ]);
  });

  it('say that recordings wait and no worker is there', async () => {
    const server = await start({ INLINE_WORKER: 'false' });
    const { id } = await createExam(server);
    const path = join(tempDir(), 'webcam.webm');
    await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=5:duration=1', ...VP8, path);
    await uploadRecording(server, { examId: id, userId: 'user_1', type: 'webcam', path });
    const readiness = async () => (await fetch(`${server.url}/readyz`)).json();
    const notes = [expect.stringMatching(/^1 recording waits for analysis and no worker is there: start `npm run worker`/)];
    await expect.poll(readiness).toMatchObject({ status: 'ready', notes });
    expect(server.log()).toContain('no worker is there');
  });

  it.runIf(process.getuid?.() === 0)('say that the disk is full', async ({ skip }) => {
    const mount = await mkdtemp(join(tmpdir(), 'invigil-small-'));
    disposal.push(() => rm(mount, { recursive: true, force: true }));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      skip('may not mount');
    }
    disposal.push(async () => execFileSync('umount', ['-l', mount]));
    const server = await start({ DATA_DIR: mount });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({ status: expect.stringContaining('the disk of DATA_DIR is full') as string }),
    ]);
  });
});
