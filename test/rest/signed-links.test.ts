import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, join, report, tokenIn } from '../helpers/exam.ts';
import { film, pictures } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
/** Paths of the same kind of file: one that is there, and one that never was. */
let doors: Record<string, { id: string; path: (id: string) => string }>;
let warningId: string;
let recordingId: string;
let examId: string;
let token: string;
let stranger: string;
let proctor: string;

beforeAll(async () => {
  server = await startTestServer();
  const exam = await createExam(server, { settings: { aiDetection: { enabled: false } } });
  examId = exam.id;
  token = await join(server, examId, 'user_1');
  stranger = await join(server, (await createExam(server)).id, 'user_1');
  proctor = tokenIn(exam.adminUrl);
  const dir = await mkdtemp(joinPath(tmpdir(), 'invigil-test-'));
  const file = joinPath(dir, 'webcam.webm');
  await film(file, [{ picture: pictures.oneFace, seconds: 1 }], []);
  recordingId = (await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: file })).id;
  await rm(dir, { recursive: true });
  warningId = (await report(server, examId, 'user_1', ['noise']))[0]?.id ?? '';
  await runSql(server, 'UPDATE "Warning" SET "recordingId" = $2, "offsetSeconds" = 0.5 WHERE id = $1', [warningId, recordingId]);
  doors = {
    frame: { id: warningId, path: (id) => `/warnings/${id}/frame` },
    ...Object.fromEntries(
      ['download', 'playback', 'poster', 'thumbnails'].map((what) => [
        what,
        { id: recordingId, path: (id: string) => `/recordings/${id}/${what}` },
      ]),
    ),
  };
});
afterAll(() => server.stop());

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const ownKey = () => readFileSync(joinPath(server.dataDir, 'token-secret'), 'utf8').trim();
const sign = (what: string, id: string, { expires = '1h', key = ownKey(), issuer = 'invigil' } = {}) =>
  new SignJWT({ file: id })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(what)
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(key));
const statusOf = async (path: string, credential: string | null = null) => {
  const response = await fetch(`${server.api}${path}`, credential ? { headers: { authorization: `Bearer ${credential}` } } : {});
  await response.arrayBuffer();
  return response.status;
};
const receiptKey = async () => {
  const response = await fetch(`${server.url}/.well-known/invigil-receipt.json`);
  return ((await response.json()) as { x: string }).x;
};

type Forge = (what: string, id: string) => string | Promise<string>;
const query = (signature: string) => `?sig=${signature}`;
const FORGED: Record<string, Forge> = {
  'no signature': () => '',
  'an empty signature': () => query(''),
  'no algorithm': (file, id) => query(`${encode({ alg: 'none' })}.${encode({ file: id, iss: 'invigil', aud: file, exp: 9e9 })}.`),
  'the public key of receipts': async (file, id) => query(await sign(file, id, { key: await receiptKey() })),
  'a later end': async (file, id) => {
    const [head, payload = '', mac] = (await sign(file, id, { expires: '-1s' })).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    return query(`${head}.${encode({ ...claims, exp: 9e9 })}.${mac}`);
  },
  'an end that has passed': async (file, id) => query(await sign(file, id, { expires: '-1s' })),
  'another issuer': async (file, id) => query(await sign(file, id, { issuer: 'another' })),
  'the signature of another kind of file': async (file, id) => query(await sign(file === 'frame' ? 'download' : 'frame', id)),
  'the signature of another file': async (file) => query(await sign(file, 'rec_another')),
  'an encoded signature': async (file, id) => query(encodeURIComponent(encodeURIComponent(`${await sign(file, id)} `))),
  'the token of the participant': () => query(token),
  'the token of a proctor': () => query(proctor),
};

it.each(Object.entries(FORGED))(
  'a link to a file with %s opens nothing, and does not say whether the file is there',
  async (_what, forge) => {
    const found: Record<string, number[]> = {};
    for (const [what, { id, path }] of Object.entries(doors)) {
      const answers = [id, `${id.split('_')[0]}_none`].flatMap((one) =>
        [null, stranger].map(async (who) => statusOf(`${path(one)}${await forge(what, id)}`, who)),
      );
      found[what] = await Promise.all(answers);
    }
    expect(found).toEqual(Object.fromEntries(Object.keys(doors).map((what) => [what, [401, 404, 401, 404]])));
  },
);

it('a link to a file with its own signature opens that file and no other, whoever shows it', async () => {
  await server.idle();
  for (const [what, { id, path }] of Object.entries(doors)) {
    const signature = await sign(what, id);
    expect([what, await statusOf(`${path(id)}?sig=${signature}`), await statusOf(`${path(id)}?sig=${signature}`, stranger)]).toEqual([
      what,
      200,
      200,
    ]);
    for (const other of [`../${id}`, `x%2f..%2f${id}`, `..%2f${id}`, `..%252f${id}`, `${id}%00`, `${id}/..`])
      expect([other, await statusOf(`${path(other)}?sig=${signature}`)]).not.toEqual([other, 200]);
  }
});

it('the signature of a file is no token', async () => {
  for (const credential of [await sign('download', recordingId), await sign('frame', warningId)])
    expect([await statusOf(`/exams/${examId}`, credential), await statusOf(`/recordings/${recordingId}`, credential)]).toEqual([401, 401]);
});
