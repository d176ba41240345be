import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join as joinExam, report } from '../helpers/exam.ts';
import { film, pictures } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { form } from '../helpers/recordings.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let folder: string;
let video: string;
let base64: string;

const STATS = { duration: 3600, startTime: '2025-03-26T14:30:00Z', browserInfo: { userAgent: 'Mozilla/5.0', platform: 'MacOS' } };
const WARNINGS = [{ timestamp: '2025-03-26T14:35:22Z', type: 'tab_switch', details: 'User switched to another tab' }];
const LIMIT_MB = 2;

beforeAll(async () => {
  server = await startTestServer({ MAX_SUBMIT_FILE_BYTES: String(LIMIT_MB * 1024 * 1024) });
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  video = join(folder, 'webcam.webm');
  await film(video, [{ picture: pictures.oneFace, seconds: 2 }]);
  base64 = (await readFile(video)).toString('base64');
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const off = { settings: { aiDetection: { enabled: false } } };
const submitForm = async (examId: string, fields: Parameters<typeof form>[0], init: RequestInit & { credential?: string } = {}) =>
  server.rest(`/exams/${examId}/submit`, { method: 'POST', body: await form(fields), ...init });

/** That a refused submission left nothing: no file, no row, no event. */
async function expectUntouched(examId: string, act: () => Promise<void>): Promise<void> {
  await server.idle();
  const before = await server.storedFiles();
  await act();
  await expect.poll(() => server.storedFiles()).toEqual(before);
  const query = `{ exam(id: "${examId}") { lastSeq recordings { edges { cursor } } participants { edges { cursor } } warnings { edges { cursor } } } }`;
  const nothing = { edges: [] };
  expect(await server.graphql().request(query)).toEqual({
    exam: { lastSeq: 0, recordings: nothing, participants: nothing, warnings: nothing },
  });
}

describe('a submission', () => {
  it.each(['text/plain', 'application/octet-stream', 'text/json', ''])(
    'whose fields arrive as files of type "%s", as from a Blob or open() in Python, is stored completely',
    async (type) => {
      const { id: examId } = await createExam(server, off);
      const body = new FormData();
      const fields = { userId: 'user_1', stats: JSON.stringify(STATS), warnings: JSON.stringify(WARNINGS) };
      for (const [name, value] of Object.entries(fields)) body.set(name, new Blob([value], { type }), `${name}.json`);
      const response = await server.rest(`/exams/${examId}/submit`, { method: 'POST', body });
      expect(await response.json()).toMatchObject({ userId: 'user_1', warnings: { received: 1, stored: 1 } });
    },
  );

  it('as multipart/form-data is stored completely', async () => {
    const { id: examId } = await createExam(server, off);
    const response = await submitForm(examId, {
      webcam: { path: video },
      userId: 'user_1',
      stats: JSON.stringify(STATS),
      screen: { path: video },
      warnings: JSON.stringify(WARNINGS),
    });
    const size = (await readFile(video)).length;
    const recording = (type: string) => ({ id: expect.stringMatching(/^rec_/), type, size, status: 'uploaded' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^sub_/),
      examId,
      userId: 'user_1',
      status: 'received',
      submittedAt: expect.any(String),
      warnings: { received: 1, stored: 1 },
      recordings: [recording('webcam'), recording('screen')],
    });
    const { exam } = await server
      .graphql()
      .request<{ exam: { participant: object } }>(
        `{ exam(id: "${examId}") { participant(userId: "user_1") { status submission { stats recordings { type duration } } } } }`,
      );
    expect(exam.participant).toEqual({
      status: 'SUBMITTED',
      submission: {
        stats: STATS,
        recordings: [
          { type: 'WEBCAM', duration: expect.closeTo(2, 0) },
          { type: 'SCREEN', duration: expect.closeTo(2, 0) },
        ],
      },
    });
  });

  it('as JSON with base64, bare or as a data URL, gives the same result', async () => {
    const { id: examId } = await createExam(server, off);
    const response = await server.post(`/exams/${examId}/submit`, {
      userId: 'user_1',
      webcam: { data: `data:video/webm;codecs=vp8;base64,${base64}`, filename: 'webcam-recording.webm', mimeType: 'video/webm' },
      stats: STATS,
      warnings: WARNINGS,
      screen: { data: base64 },
    });
    expect(response.status).toBe(200);
    const { recordings } = (await response.json()) as { recordings: { id: string; size: number }[] };
    for (const { id } of recordings) {
      const stored = await server.rest(`/recordings/${id}/download`);
      expect(Buffer.from(await stored.arrayBuffer()).equals(await readFile(video))).toBe(true);
    }
  });

  it('needs only stats', async () => {
    const { id: examId } = await createExam(server);
    expect((await server.post(`/exams/${examId}/submit`, { userId: 'user_1', stats: {} })).status).toBe(200);
    const missing = await server.post(`/exams/${(await createExam(server)).id}/submit`, { userId: 'user_1' });
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({ error: { details: [{ field: 'stats' }] } });
  });

  it('belongs to the user of the token, the named user, or the only participant', async () => {
    const { id: examId } = await createExam(server);
    const token = await joinExam(server, examId, 'user_1');
    const byToken = await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
    expect(await byToken.json()).toMatchObject({ userId: 'user_1' });
    const byQuery = await server.post(`/exams/${examId}/submit?userId=user_2`, { stats: {} });
    expect(await byQuery.json()).toMatchObject({ userId: 'user_2' });
    const unclear = await server.post(`/exams/${examId}/submit`, { stats: {} });
    expect(unclear.status).toBe(400);
    expect(await unclear.json()).toMatchObject({ error: { details: [{ field: 'userId' }] } });
    const single = (await createExam(server)).id;
    await report(server, single, 'user_3', ['noise']);
    expect(await (await server.post(`/exams/${single}/submit`, { stats: {} })).json()).toMatchObject({ userId: 'user_3' });
  });

  it('does not store warnings again that were reported live', async () => {
    const { id: examId } = await createExam(server);
    const live = [{ type: 'noise', clientEventId: 'a' }, ...WARNINGS];
    await server.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings: live });
    const response = await server.post(`/exams/${examId}/submit`, {
      userId: 'user_1',
      stats: {},
      warnings: [...live, { type: 'books', clientEventId: 'b' }],
    });
    expect(await response.json()).toMatchObject({ warnings: { received: 3, stored: 1 } });
  });

  it('tells nobody by how many of its warnings were new what the server itself has found', async () => {
    const { id } = await createExam(server, { settings: { ...off.settings, candidateView: 'never' } });
    const token = await joinExam(server, id, 'user_1');
    const timestamp = '2025-03-26T14:35:22.123Z';
    await server.post(`/exams/${id}/warnings`, { userId: 'user_1', warnings: ['no_face', 'noise'].map((type) => ({ type, timestamp })) });
    await runSql(server, `UPDATE "Warning" SET source = 'ANALYSIS' WHERE "examId" = $1 AND type = 'no_face'`, [id]);
    const body = { stats: {}, warnings: ['no_face', 'multiple_faces', 'noise'].map((type) => ({ type, timestamp })) };
    const response = await server.post(`/exams/${id}/submit`, body, { credential: token });
    expect(await response.json()).toMatchObject({ warnings: { received: 3, stored: 2 } });
  });

  it('is accepted once; a repeat with the same Idempotency-Key gets the first answer, whatever the boundary', async () => {
    const { id: examId } = await createExam(server, off);
    const fields = { userId: 'user_1', stats: '{}', webcam: { path: video } };
    const headers = { 'idempotency-key': 'submit-1' };
    const first = await (await submitForm(examId, fields, { headers })).json();
    await server.idle();
    const files = await server.storedFiles();
    expect(await (await submitForm(examId, fields, { headers })).json()).toEqual(first);
    const second = await submitForm(examId, fields);
    expect(second.status).toBe(400);
    expect(await second.json()).toMatchObject({ error: { code: 'conflict' } });
    await expect.poll(() => server.storedFiles()).toEqual(files);
  });

  it('over GraphQL accepts files and warnings', async () => {
    const { id: examId } = await createExam(server, off);
    const query =
      'mutation ($examId: ID!, $input: SubmitExamInput!) { submitExam(examId: $examId, input: $input) { userId stats recordings { type } } }';
    const operations = JSON.stringify({
      query,
      variables: { examId, input: { userId: 'user_1', stats: STATS, warnings: WARNINGS, webcam: null, screen: null } },
    });
    const map = JSON.stringify({ a: ['variables.input.screen'], b: ['variables.input.webcam'] });
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      body: await form({ operations, map, a: { path: video }, b: { path: video } }),
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(await response.json()).toEqual({
      data: { submitExam: { userId: 'user_1', stats: STATS, recordings: [{ type: 'WEBCAM' }, { type: 'SCREEN' }] } },
    });
  });
});

describe('a submission that is refused', () => {
  it('for a file above the limit says so as documented', async () => {
    const { id: examId } = await createExam(server);
    const big = new Uint8Array((LIMIT_MB + 1) * 1024 * 1024);
    await expectUntouched(examId, async () => {
      for (const response of [
        await submitForm(examId, { userId: 'user_1', stats: '{}', webcam: { bytes: big } }),
        await server.post(`/exams/${examId}/submit`, {
          userId: 'user_1',
          stats: {},
          webcam: { data: Buffer.from(big).toString('base64') },
        }),
      ]) {
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({
          error: {
            code: 'invalid_request',
            details: [{ field: 'webcam', issue: `File size exceeds the maximum allowed (${LIMIT_MB}MB)` }],
          },
        });
      }
    });
  });

  it('for one bad file does not store the good one either', async () => {
    const { id: examId } = await createExam(server);
    await expectUntouched(examId, async () => {
      const response = await submitForm(examId, {
        userId: 'user_1',
        stats: '{}',
        webcam: { path: video },
        screen: { bytes: new TextEncoder().encode('text') },
      });
      expect(await response.json()).toMatchObject({ error: { details: [{ field: 'screen' }] } });
    });
  });

  const bad: [string, object, string][] = [
    ['stats that are a string', { stats: 'none' }, 'stats'],
    ['warnings that are not a list', { stats: {}, warnings: {} }, 'warnings'],
    ['a warning without type', { stats: {}, warnings: [{}] }, 'warnings[0].type'],
    ['a file that is not base64', { stats: {}, webcam: { data: 'data:video/webm;base64,***' } }, 'webcam'],
    ['a file without data', { stats: {}, webcam: { filename: 'x.webm' } }, 'webcam'],
    ['base64 of a text', { stats: {}, screen: { data: Buffer.from('some text').toString('base64') } }, 'screen'],
  ];
  it.each(bad)('for %s names the field', async (_name, body, field) => {
    const { id: examId } = await createExam(server);
    await expectUntouched(examId, async () => {
      const response = await server.post(`/exams/${examId}/submit`, { userId: 'user_1', ...body });
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: { details: { field: string }[] } };
      expect(error.details.map((detail) => detail.field)).toContain(field);
    });
  });

  it('for fields that are not JSON names them', async () => {
    const { id: examId } = await createExam(server);
    const response = await submitForm(examId, { userId: 'user_1', stats: '{"duration":' });
    expect(await response.json()).toMatchObject({ error: { details: [{ field: 'stats' }] } });
  });

  it('because the client hung up leaves nothing behind, and the server keeps working', async () => {
    const { id: examId } = await createExam(server);
    await expectUntouched(examId, async () => {
      for (const [type, start] of [
        ['multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="webcam"; filename="a.webm"\r\n\r\n'],
        ['application/json', '{"stats":{},"userId":"user_1","webcam":{"data":"'],
      ] as const) {
        await hangUp(`/api/exams/${examId}/submit`, type, start + base64);
      }
    });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('because its body ends too early gets a 400', async () => {
    const { id: examId } = await createExam(server);
    const body = `--x\r\nContent-Disposition: form-data; name="webcam"; filename="a.webm"\r\n\r\n${base64}`;
    const response = await server.rest(`/exams/${examId}/submit`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_request' } });
  });

  it('for its content type or an unknown exam gets a 400 or 404', async () => {
    const { id: examId } = await createExam(server);
    const text = await server.rest(`/exams/${examId}/submit`, { method: 'POST', body: 'hello', headers: { 'content-type': 'text/plain' } });
    expect(text.status).toBe(400);
    expect((await submitForm('exam_unknown', { userId: 'user_1', stats: '{}', webcam: { path: video } })).status).toBe(404);
  });
});

/** Sends the start of a body and cuts the connection once the server has begun to read it. */
function hangUp(path: string, type: string, start: string): Promise<void> {
  return new Promise((resolve) => {
    const req = request(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type, 'content-length': start.length * 2 },
    });
    req.on('error', () => resolve());
    req.write(start, () => req.destroy(new Error('gone')));
  });
}
