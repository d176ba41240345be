import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { cut, ended, putChunk, recorded, sendChunks, startLive } from '../helpers/live.ts';
import { tempDir } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

let server: TestServer;
let short: Buffer;
beforeAll(async () => {
  server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '60' });
  short = await recorded(3);
});
afterAll(() => server.stop());

interface RestReceipt {
  submissionId: string;
  userId: string;
  warningsReceived: number;
  warningsStored: number;
  recordings: { id: string; type: string; bytes: number; sha256: string; hashOf: string; complete: boolean }[];
  issuedAt: string;
  signature: string;
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const invigil = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [PROGRAM, ...args], { env: { PATH: process.env['PATH'] } }, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });
const ask = (examId: string, userId: string, credential?: string | null) =>
  server.rest(`/exams/${examId}/participants/${userId}/receipt`, credential === undefined ? {} : { credential });
const receiptOf = async (examId: string, userId = 'user_1'): Promise<RestReceipt> =>
  (await (await ask(examId, userId)).json()) as RestReceipt;

/** A candidate who has sent two of three chunks and submitted, with one new warning of two. */
async function submitted() {
  const { id: examId, accessUrl } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
  const token = await join(server, examId, 'user_1');
  const timestamp = '2026-11-01T10:00:00.000Z';
  await server.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings: [{ type: 'noise', timestamp }] }, { credential: token });
  const { id } = await startLive(server, { examId, userId: 'user_1' }, token);
  const chunks = cut(short, 3);
  await sendChunks(server, id, chunks.slice(0, 2), 0, token);
  const warnings = [{ type: 'noise', timestamp }, { type: 'tab_switch' }];
  expect((await server.post(`/exams/${examId}/submit`, { stats: {}, warnings }, { credential: token })).status).toBe(200);
  return { examId, token, id, chunks, accessUrl };
}

/** The key and the receipt as files. */
async function asFiles(receipt: unknown) {
  const folder = tempDir();
  const [key, file] = [joinPath(folder, 'key.json'), joinPath(folder, 'receipt.json')];
  await writeFile(key, await (await fetch(`${server.url}/.well-known/invigil-receipt.json`)).text());
  await writeFile(file, typeof receipt === 'string' ? receipt : JSON.stringify(receipt));
  return { key, file };
}

describe('a receipt', () => {
  it('says what has come so far, and later what has come since', async () => {
    const { examId, token, id, chunks } = await submitted();
    const first = await receiptOf(examId);
    const list = chunks.slice(0, 2).map((chunk, index) => `${index} ${sha256(chunk)}\n`);
    expect(first).toMatchObject({ userId: 'user_1', warningsReceived: 2, warningsStored: 1 });
    const bytes = chunks.slice(0, 2).reduce((sum, { length }) => sum + length, 0);
    expect(first.recordings).toEqual([{ id, type: 'webcam', bytes, sha256: sha256(list.join('')), hashOf: 'chunks', complete: false }]);
    await putChunk(server, id, 2, chunks[2] ?? short, token);
    await server.post(`/recordings/${id}/finish`, { chunks: 3 }, { credential: token });
    await ended(server, id);
    const second = await receiptOf(examId);
    expect(second.recordings).toEqual([{ id, type: 'webcam', bytes: short.length, sha256: sha256(short), hashOf: 'file', complete: true }]);
    expect(Date.parse(second.issuedAt)).toBeGreaterThan(Date.parse(first.issuedAt));
    expect(second.submissionId).toBe(first.submissionId);
  });

  it('is genuine on another machine, as REST or GraphQL gives it or as its signature alone', async () => {
    const { examId, token } = await submitted();
    const receipt = await receiptOf(examId);
    const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { submission { receipt {
      submissionId warningsReceived warningsStored recordings { id type bytes sha256 complete } issuedAt signature } } } } }`;
    const { exam } = await server.graphql(token).request<{ exam: { participant: { submission: { receipt: object } } } }>(query);
    for (const form of [receipt, exam.participant.submission.receipt, receipt.signature]) {
      const { key, file } = await asFiles(form);
      const { code, out, err } = await invigil('receipt', 'verify', file, '--key', key);
      expect(err).toBe('');
      expect(code).toBe(0);
      expect(out).toContain('Genuine');
      expect(out).toContain(receipt.submissionId);
      expect(out).toContain('2 received, 1 of them new');
      expect(out).toContain('not complete');
    }
    const { file } = await asFiles(receipt);
    const fetched = await invigil('receipt', 'verify', '--json', file, '--url', server.url);
    expect(fetched.code).toBe(0);
    const { signature: _signature, ...said } = receipt;
    expect(JSON.parse(fetched.out)).toEqual({ genuine: true, receipt: said });
  });

  it('that was changed, or signed by somebody else, is not genuine', async () => {
    const { examId } = await submitted();
    const receipt = await receiptOf(examId);
    const [recording] = receipt.recordings;
    const [head = '', payload = '', signature = ''] = receipt.signature.split('.');
    const changedPayload = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace('"complete":false', '"complete":true'),
    ).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
    const changed: [string, unknown][] = [
      ['more bytes beside the signature', { ...receipt, recordings: [{ ...recording, bytes: 1 }] }],
      ['a recording less', { ...receipt, recordings: [] }],
      ['a member that was not signed', { ...receipt, verdict: 'PASSED' }],
      ['another payload', `${head}.${changedPayload}.${signature}`],
      ['no algorithm', `${unsigned}.${payload}.${signature}`],
      ['another signature', `${head}.${payload}.${'A'.repeat(signature.length)}`],
      ['no signature', { ...receipt, signature: '' }],
      ['no receipt', '[]'],
      ['no JSON', 'a receipt'],
    ];
    for (const [what, form] of changed) {
      const { key, file } = await asFiles(form);
      const { code, err, out } = await invigil('receipt', 'verify', file, '--key', key);
      expect(code, what).toBe(1);
      expect(err, what).toContain('Not genuine');
      expect(out, what).toBe('');
    }
    const other = await startTestServer();
    try {
      const { file } = await asFiles(receipt);
      const { code, err } = await invigil('receipt', 'verify', file, '--url', other.url);
      expect(code).toBe(1);
      expect(err).toContain('another key');
    } finally {
      await other.stop();
    }
  });

  it('is only for the candidate and for staff of the exam', async () => {
    const { examId, token, accessUrl } = await submitted();
    const other = await join(server, examId, 'user_2');
    await report(server, examId, 'user_2', ['noise'], other);
    const stranger = await createKey(server, 'LMS', 'stranger');
    const proctor = await createKey(server, 'PROCTOR');
    expect((await ask(examId, 'user_1', token)).status).toBe(200);
    expect((await ask(examId, 'user_1', proctor.key)).status).toBe(200);
    for (const credential of [other, stranger.key, tokenIn(accessUrl)]) expect((await ask(examId, 'user_1', credential)).status).toBe(404);
    expect((await ask(examId, 'user_1', null)).status).toBe(401);
    // Who has not submitted has none.
    for (const credential of [other, proctor.key]) expect((await ask(examId, 'user_2', credential)).status).toBe(404);
  });

  it('of many who ask at once is that of each', async () => {
    const { id: examId } = await createExam(server);
    const users = Array.from({ length: 30 }, (_, i) => `user_${i}`);
    const tokens = new Map(await Promise.all(users.map(async (userId) => [userId, await join(server, examId, userId)] as const)));
    await Promise.all([...tokens.values()].map((credential) => server.post(`/exams/${examId}/submit`, { stats: {} }, { credential })));
    const receipts = await Promise.all(
      users.map(async (userId) => (await (await ask(examId, userId, tokens.get(userId) ?? '')).json()) as RestReceipt),
    );
    expect(receipts.map(({ userId }) => userId)).toEqual(users);
    expect(new Set(receipts.map(({ submissionId }) => submissionId)).size).toBe(users.length);
  });
});

describe('the key of receipts', () => {
  it('is public, cacheable, and the same after a restart and on every server', async () => {
    const read = async (of: TestServer) => fetch(`${of.url}/.well-known/invigil-receipt.json`);
    const response = await read(server);
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    const key = await response.json();
    expect(key).toEqual({ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' });
    const path = joinPath(server.dataDir, 'receipt-key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(key)).not.toContain((await readFile(path, 'utf8')).slice(0, 20));
    const another = await server.another();
    expect(await (await read(another)).json()).toEqual(key);
    await another.stop();
    await server.shutDown();
    await server.restart();
    expect(await (await read(server)).json()).toEqual(key);
  });

  it('is derived from TOKEN_SECRET where servers share that, and not their folder', async () => {
    const shared = { TOKEN_SECRET: 'a secret of all servers of this installation' };
    const servers = await Promise.all([startTestServer(shared), startTestServer(shared)]);
    try {
      const [first, second] = await Promise.all(
        servers.map(async ({ url }) => (await fetch(`${url}/.well-known/invigil-receipt.json`)).json()),
      );
      expect(first).toEqual(second);
    } finally {
      await Promise.all(servers.map((one) => one.stop()));
    }
  });
});

describe('invigil receipt', () => {
  it('says what it needs', async () => {
    for (const args of [
      ['verify'],
      ['verify', 'a.json'],
      ['verify', 'a.json', '--key', 'k', '--url', 'u'],
      ['sign', 'a.json', '--key', 'k'],
    ]) {
      const { code, err } = await invigil('receipt', ...args);
      expect(code, args.join(' ')).toBe(2);
      expect(err).toContain('receipt verify needs');
    }
    const gone = await invigil('receipt', 'verify', joinPath(tempDir(), 'gone.json'), '--url', 'http://127.0.0.1:1');
    expect(gone.code).toBe(1);
  });
});

it('a number that is announced after an empty recording was joined is taken, once', async () => {
  const { id: examId } = await createExam(server);
  const token = await join(server, examId, 'user_1');
  const { id } = await startLive(server, { examId, userId: 'user_1' }, token);
  await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
  // As when the time of silence is over.
  await runSql(server, `UPDATE "Recording" SET "finishDueAt" = now() WHERE id = $1`, [id]);
  await ended(server, id);
  const announce = (chunks: number) => server.post(`/recordings/${id}/finish`, { chunks }, { credential: token });
  expect((await announce(0)).status).toBe(200);
  expect((await receiptOf(examId)).recordings).toMatchObject([{ bytes: 0, complete: true }]);
  expect(await (await announce(3)).json()).toMatchObject({ error: { code: 'conflict' } });
});

it.each([
  { what: 'whoever ended it', body: {}, complete: false },
  { what: 'whose browser says that there is nothing', body: { chunks: 0 }, complete: true },
])('a receipt of a recording of which nothing came says so: $what', async ({ body, complete }) => {
  const { id: examId } = await createExam(server);
  const token = await join(server, examId, 'user_1');
  const { id } = await startLive(server, { examId, userId: 'user_1' }, token);
  await server.post(`/recordings/${id}/finish`, body, { credential: token });
  expect((await ended(server, id)).complete ?? false).toBe(complete);
  await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
  expect((await receiptOf(examId)).recordings).toEqual([{ id, type: 'webcam', bytes: 0, sha256: sha256(''), hashOf: 'chunks', complete }]);
});
