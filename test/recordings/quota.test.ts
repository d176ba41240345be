import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, join as joinExam } from '../helpers/exam.ts';
import { startLive } from '../helpers/live.ts';
import { film, pictures } from '../helpers/media.ts';
import { form } from '../helpers/recordings.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { tusHeaders } from '../helpers/tus.ts';

let server: TestServer;
let limited: TestServer;
let folder: string;
let path: string;

beforeAll(async () => {
  server = await startTestServer({ MAX_PARTICIPANT_BYTES: '1' });
  limited = await startTestServer({ MAX_PARTICIPANT_BYTES: String(1024 * 1024) });
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  path = join(folder, 'webcam.webm');
  await film(path, [{ picture: pictures.oneFace, seconds: 1 }]);
});
afterAll(async () => {
  await server.stop();
  await limited.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a participant who has stored as much as is allowed begins no recording at any door, and others are not affected', async () => {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
  const [greedy, modest] = [await joinExam(server, examId, 'greedy'), await joinExam(server, examId, 'modest')];
  const upload = async (userId: string, credential: string) =>
    (
      await server.rest('/recordings', { method: 'POST', credential, body: await form({ examId, userId, type: 'webcam', file: { path } }) })
    ).json();
  expect(await upload('greedy', greedy)).toMatchObject({ status: 'uploaded' });

  const refused = { error: { code: 'conflict', details: [{ field: 'userId', issue: 'has reached the limit of 1 bytes' }] } };
  const metadata = Object.entries({ examId, userId: 'greedy', type: 'webcam' });
  const encoded = metadata.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(',');
  const headers = { ...tusHeaders(greedy), 'upload-length': '10', 'upload-metadata': encoded };
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, () => upload('greedy', greedy)),
    server.post('/recordings/live', { examId, userId: 'greedy', type: 'screen' }, { credential: greedy }).then((answer) => answer.json()),
    fetch(`${server.api}/uploads`, { method: 'POST', headers }).then((answer) => answer.json()),
  ]);
  for (const answer of answers) expect(answer).toMatchObject(refused);

  expect(await upload('modest', modest)).toMatchObject({ status: 'uploaded' });
  expect(await upload('greedy', ADMIN_KEY)).toMatchObject({ status: 'uploaded' });
  expect((await startLive(server, { examId, userId: 'greedy' })).id).toMatch(/^rec_/);
});

it('a participant cannot store more by many recordings at the same moment, by chunks, or by uploads that it never finishes', async () => {
  const { id: examId } = await createExam(limited, { settings: { aiDetection: { enabled: false } } });
  const greedy = await joinExam(limited, examId, 'greedy');
  const tooMuch = { error: { code: 'conflict', details: [{ field: 'userId', issue: 'has reached the limit of 1MB' }] } };

  const metadata = Object.entries({ examId, userId: 'greedy', type: 'webcam' })
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
  const headers = { ...tusHeaders(greedy), 'upload-length': '400000', 'upload-metadata': metadata };
  const begin = () => fetch(`${limited.api}/uploads`, { method: 'POST', headers });
  const begun = await Promise.all(Array.from({ length: 10 }, begin));
  const refused = begun.filter(({ status }) => status !== 201);
  // Each is admitted while the others are below the limit.
  expect(refused.length).toBeGreaterThanOrEqual(7);
  for (const answer of refused) expect(await answer.json()).toMatchObject(tooMuch);
  for (const { headers } of begun) {
    const place = headers.get('location');
    if (place) await fetch(new URL(place, limited.url), { method: 'DELETE', headers: tusHeaders(greedy) });
  }
  const again = await begin();
  expect(again.status).toBe(201);
  await fetch(new URL(again.headers.get('location') ?? '', limited.url), { method: 'DELETE', headers: tusHeaders(greedy) });

  const start = () => limited.post('/recordings/live', { examId, userId: 'greedy', type: 'screen' }, { credential: greedy });
  const started = await Promise.all(Array.from({ length: 250 }, start));
  // A busy machine may have refused some for that reason.
  for (let last = await start(); last.status !== 400; last = await start()) started.push(last);
  const accepted = await Promise.all(started.filter(({ status }) => status === 200).map((answer) => answer.json()));
  expect(accepted).toHaveLength(200);
  const open = (accepted as { id: string }[]).map(({ id }) => id);
  const head = await readFile(path);
  const chunk = new Uint8Array(Buffer.concat([head.subarray(0, 4_096), Buffer.alloc(500_000)]));
  const send = (id: string | undefined, credential: string) =>
    limited.rest(`/recordings/${id}/chunks/0`, { method: 'PUT', credential, headers: { 'content-type': 'video/webm' }, body: chunk });
  expect((await send(open[0], greedy)).status).toBe(200);
  expect((await send(open[1], greedy)).status).toBe(200);
  expect(await (await send(open[2], greedy)).json()).toMatchObject(tooMuch);
  expect((await send(open[2], ADMIN_KEY)).status).toBe(200);
});
