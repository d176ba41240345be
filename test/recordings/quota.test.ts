import { mkdtemp, rm } from 'node:fs/promises';
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
let folder: string;
let path: string;

beforeAll(async () => {
  server = await startTestServer({ MAX_PARTICIPANT_BYTES: '1' });
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  path = join(folder, 'webcam.webm');
  await film(path, [{ picture: pictures.oneFace, seconds: 1 }]);
});
afterAll(async () => {
  await server.stop();
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
