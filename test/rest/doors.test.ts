import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, tokenIn } from '../helpers/exam.ts';
import { startLive } from '../helpers/live.ts';
import { FORM, formStart, openRequest } from '../helpers/raw-request.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

const GB = 1024 ** 3;

let server: TestServer;
let examId: string;
let otherExam: string;
let accessLink: string;
let proctorLink: string;
let candidate: string;
let recordingOfOther: string;

beforeAll(async () => {
  // What is held open sends nothing for as long as the machine needs.
  server = await startTestServer({ SLOW_REQUEST_SECONDS: '3600' });
  const exam = await createExam(server);
  examId = exam.id;
  otherExam = (await createExam(server)).id;
  accessLink = tokenIn(exam.accessUrl);
  proctorLink = tokenIn(exam.adminUrl);
  candidate = await join(server, examId, 'candidate');
  await join(server, examId, 'neighbour');
  recordingOfOther = (await startLive(server, { examId, userId: 'neighbour' })).id;
});
afterAll(() => server.stop());

const bearer = (credential: string | null): Record<string, string> =>
  credential === null ? {} : { authorization: `Bearer ${credential}` };

interface Door {
  path: string;
  method?: string;
  type: string;
  more?: Record<string, string>;
}

/** Every door that takes a body. */
const doors = (): Door[] => [
  { path: '/graphql', type: 'application/json' },
  { path: '/graphql?x=1', type: 'application/json' },
  { path: '/graphql', type: FORM },
  { path: '/api/exams', type: 'application/json' },
  { path: `/api/exams/${examId}/warnings`, type: 'application/json' },
  { path: `/api/exams/${examId}/submit`, type: 'application/json' },
  { path: `/api/exams/${examId}/submit`, type: FORM },
  { path: `/api/exams/${examId}/snapshots`, type: 'image/jpeg' },
  { path: `/api/exams/${examId}/snapshots`, type: FORM },
  { path: `/api/exams/${examId}/heartbeat`, type: 'text/plain' },
  { path: `/api/exams/${examId}/participants/candidate/accommodations`, method: 'PUT', type: 'application/json' },
  ...['pause', 'terminate', 'readmit', 'time'].map((what) => ({
    path: `/api/exams/${examId}/participants/candidate/${what}`,
    type: 'application/json',
  })),
  ...['pause', 'resume', 'time'].map((what) => ({ path: `/api/exams/${examId}/${what}`, type: 'application/json' })),
  { path: '/api/recordings', type: FORM },
  { path: '/api/recordings/live', type: 'application/json' },
  { path: `/api/recordings/${recordingOfOther}/chunks/0`, method: 'PUT', type: 'video/webm' },
  { path: `/api/recordings/${recordingOfOther}/finish`, type: 'text/plain' },
  { path: '/api/verify/user', type: 'application/json' },
  { path: '/api/uploads', type: 'application/offset+octet-stream', more: { 'tus-resumable': '1.0.0', 'upload-length': '100' } },
  {
    path: `/api/uploads/${'0'.repeat(32)}`,
    method: 'PATCH',
    type: 'application/offset+octet-stream',
    more: { 'tus-resumable': '1.0.0', 'upload-offset': '0' },
  },
];

/** Sends the headers of a large request and not a byte of its body. */
function knock({ path, method = 'POST', type, more = {} }: Door, credential: string | null) {
  const headers = { 'content-type': type, 'content-length': String(GB), ...more, ...bearer(credential) };
  return openRequest(server, { path, method, headers });
}

async function expectRefusal(door: Door, credential: string | null, code: string): Promise<void> {
  const request = knock(door, credential);
  const { status, body } = await request.answer;
  request.destroy();
  expect([door.path, status], body).toEqual([door.path, 401]);
  const { error, errors } = JSON.parse(body) as { error?: { code: string }; errors?: { extensions: { code: string } }[] };
  expect(error?.code ?? errors?.[0]?.extensions.code.toLowerCase()).toBe(code);
}

describe('the body of a request', () => {
  it('without credentials is refused at every endpoint before it is read', async () => {
    await Promise.all(doors().map((door) => expectRefusal(door, null, 'unauthorized')));
    await Promise.all(doors().map((door) => expectRefusal(door, 'eyJhbGciOiJub25lIn0.e30.', 'unauthorized')));
  });

  it('with only an access link is refused before it is read, except to join', async () => {
    // tus looks at the metadata first, GraphQL at the operation.
    const others = doors().filter(({ path }) => !path.startsWith('/graphql') && !path.startsWith('/api/uploads'));
    await Promise.all(others.map((door) => expectRefusal(door, accessLink, 'forbidden')));
  });

  it('of 300 MB, sent ten times without a key, stores nothing and takes no memory', async () => {
    const requests = Array.from({ length: 10 }, () => {
      const request = openRequest(server, { path: '/graphql', headers: { 'content-type': FORM, 'transfer-encoding': 'chunked' } });
      request.write(formStart({ operations: `{"query":"${'x'.repeat(1024 * 1024)}"}`, map: '{"0":["variables.f"]}' }, '0'));
      request.write(Buffer.alloc(1024 * 1024));
      return request;
    });
    expect((await Promise.all(requests.map(({ answer }) => answer))).map(({ status }) => status)).toEqual(Array(10).fill(401));
    expect(await server.allFiles()).toEqual([]);
    for (const request of requests) request.destroy();
  });
});

describe('a file that its sender may not send', () => {
  const UPLOAD = 'mutation($i: UploadRecordingInput!) { uploadRecording(input: $i) { id } }';
  const SNAPSHOT = 'mutation($e: ID!, $u: ID, $f: Upload!) { submitSnapshot(examId: $e, userId: $u, image: $f) { userId } }';
  const CHUNK = 'mutation($r: ID!, $f: Upload!) { appendRecordingChunk(recordingId: $r, index: 0, chunk: $f) { index } }';
  const SUBMIT = 'mutation($e: ID!, $i: SubmitExamInput!) { submitExam(examId: $e, input: $i) { id } }';
  const input = (examId: string, userId: string) => ({ i: { examId, userId, type: 'WEBCAM', file: null } });

  const cases = (): [what: string, credential: string, query: string, variables: object, place: string, code: string][] => [
    ['a recording of another user', candidate, UPLOAD, input(examId, 'neighbour'), 'i.file', 'FORBIDDEN'],
    ['a recording of an access link', accessLink, UPLOAD, input(examId, 'candidate'), 'i.file', 'FORBIDDEN'],
    ['a snapshot of an access link', accessLink, SNAPSHOT, { e: examId, u: 'candidate', f: null }, 'f', 'FORBIDDEN'],
    ['a submission of an access link', accessLink, SUBMIT, { e: examId, i: { stats: {}, webcam: null } }, 'i.webcam', 'FORBIDDEN'],
    ['a recording of another exam', candidate, UPLOAD, input(otherExam, 'candidate'), 'i.file', 'NOT_FOUND'],
    [
      'a recording by fragment',
      candidate,
      `mutation($i: UploadRecordingInput!) { ...F } fragment F on Mutation { a: uploadRecording(input: $i) { id } }`,
      input(examId, 'neighbour'),
      'i.file',
      'FORBIDDEN',
    ],
    ['a snapshot of another user', candidate, SNAPSHOT, { e: examId, u: 'neighbour', f: null }, 'f', 'FORBIDDEN'],
    ['a snapshot of a proctor', proctorLink, SNAPSHOT, { e: examId, u: 'candidate', f: null }, 'f', 'FORBIDDEN'],
    ['a chunk of another user', candidate, CHUNK, { r: recordingOfOther, f: null }, 'f', 'NOT_FOUND'],
    ['a chunk of a proctor', proctorLink, CHUNK, { r: recordingOfOther, f: null }, 'f', 'FORBIDDEN'],
    ['a recording of a proctor', proctorLink, UPLOAD, input(examId, 'candidate'), 'i.file', 'FORBIDDEN'],
    ['a submission of a proctor', proctorLink, SUBMIT, { e: examId, i: { userId: 'x', stats: {}, webcam: null } }, 'i.webcam', 'FORBIDDEN'],
    [
      'a submission of another user',
      candidate,
      SUBMIT,
      { e: examId, i: { userId: 'neighbour', stats: {}, webcam: null } },
      'i.webcam',
      'FORBIDDEN',
    ],
    ['a submission to another exam', candidate, SUBMIT, { e: otherExam, i: { stats: {}, webcam: null } }, 'i.webcam', 'NOT_FOUND'],
    ['an unknown field', candidate, 'mutation($f: Upload!) { nothing(file: $f) }', { f: null }, 'f', 'INVALID_REQUEST'],
    ['a file of no variable', accessLink, 'mutation { __typename }', { f: null }, 'f', 'INVALID_REQUEST'],
    ['a file of no variable of a proctor', proctorLink, 'mutation { __typename @skip(if: true) }', { f: null }, 'f', 'INVALID_REQUEST'],
    [
      'a file as JSON',
      candidate,
      'mutation($f: JSON!) { createExam(input: { title: "T", duration: 1, settings: { extra: $f } }) { id } }',
      { f: null },
      'f',
      'INVALID_REQUEST',
    ],
    [
      'a file within JSON',
      candidate,
      'mutation($s: JSON!) { createExam(input: { title: "T", duration: 1, settings: { extra: $s } }) { id } }',
      { s: { f: null } },
      's.f',
      'INVALID_REQUEST',
    ],
    ['a query', candidate, 'query($f: Upload) { warningTypes { type } }', { f: null }, 'f', 'INVALID_REQUEST'],
    ['a document of 1,001 tokens', candidate, `mutation($f: Upload!) { ${'a '.repeat(1_001)} }`, { f: null }, 'f', 'INVALID_REQUEST'],
  ];

  it('is refused by GraphQL before a byte of it is stored', async () => {
    for (const [what, credential, query, variables, place, code] of cases()) {
      const request = openRequest(server, {
        path: '/graphql',
        headers: { 'content-type': FORM, 'transfer-encoding': 'chunked', ...bearer(credential) },
      });
      request.write(formStart({ operations: JSON.stringify({ query, variables }), map: `{"0":["variables.${place}"]}` }, '0'));
      request.write(Buffer.alloc(300_000));
      const { body } = await request.answer;
      expect([what, (JSON.parse(body) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code], body).toEqual([
        what,
        code,
      ]);
      expect(await server.allFiles()).toEqual([]);
      request.destroy();
    }
  });

  it('is refused by REST before a byte of it is stored, if the fields come first', async () => {
    const attempts = [
      { path: '/api/recordings', fields: { examId, userId: 'neighbour', type: 'webcam' }, file: 'file', status: 401 },
      { path: '/api/recordings', fields: { examId: otherExam, userId: 'candidate', type: 'webcam' }, file: 'file', status: 404 },
      { path: `/api/exams/${examId}/submit`, fields: { userId: 'neighbour' }, file: 'webcam', status: 401 },
      { path: `/api/exams/${examId}/submit?userId=neighbour`, fields: {}, file: 'webcam', status: 401 },
      { path: `/api/exams/${otherExam}/submit`, fields: {}, file: 'webcam', status: 404 },
    ];
    for (const { path, fields, file, status } of attempts) {
      const request = openRequest(server, {
        path,
        headers: { 'content-type': FORM, 'transfer-encoding': 'chunked', ...bearer(candidate) },
      });
      request.write(formStart(fields, file));
      request.write(Buffer.alloc(300_000));
      expect([path, (await request.answer).status]).toEqual([path, status]);
      expect(await server.allFiles()).toEqual([]);
      request.destroy();
    }
  });
});

describe('uploads of one participant', () => {
  const hold = (token: string, userId: string) => {
    const request = openRequest(server, {
      path: '/api/recordings',
      headers: { 'content-type': FORM, 'transfer-encoding': 'chunked', ...bearer(token) },
    });
    request.write(formStart({ examId, userId, type: 'webcam' }, 'file'));
    request.write(Buffer.alloc(1_000));
    return request;
  };

  it('are limited to eight at a time, which does not affect anybody else', async () => {
    const neighbour = await join(server, examId, 'neighbour');
    const held = Array.from({ length: 8 }, () => hold(candidate, 'candidate'));
    await expect.poll(() => server.storedFiles()).toHaveLength(8);

    const ninth = await hold(candidate, 'candidate').answer;
    expect([ninth.status, ninth.headers['retry-after']]).toEqual([429, '2']);
    expect(JSON.parse(ninth.body)).toMatchObject({ error: { code: 'rate_limited' } });
    const byGraphql = openRequest(server, {
      path: '/graphql',
      headers: { 'content-type': FORM, 'transfer-encoding': 'chunked', ...bearer(candidate) },
    });
    expect((await byGraphql.answer).status).toBe(429);
    // Small ones go on: a warning, a heartbeat.
    expect((await server.post(`/exams/${examId}/warnings`, { warnings: [{ type: 'noise' }] }, { credential: candidate })).status).toBe(200);

    const others = [hold(neighbour, 'neighbour'), hold(ADMIN_KEY, 'candidate')];
    await expect.poll(() => server.storedFiles()).toHaveLength(10);
    held.pop()?.destroy();
    await expect.poll(() => server.storedFiles()).toHaveLength(9);
    held.push(hold(candidate, 'candidate'));
    await expect.poll(() => server.storedFiles()).toHaveLength(10);
    for (const request of [...held, ...others]) request.destroy();
    await expect.poll(() => server.storedFiles()).toEqual([]);
  });

  it('that are aborted at any moment no longer count', async () => {
    for (let i = 0; i < 60; i++) {
      const request = hold(candidate, 'candidate');
      // Before the server has heard of it, while it looks up whose it is, or later.
      if (i % 3 > 0) await new Promise((resolve) => setTimeout(resolve, i % 3));
      request.destroy();
    }
    await expect.poll(() => server.storedFiles()).toEqual([]);
    const held = Array.from({ length: 8 }, () => hold(candidate, 'candidate'));
    await expect.poll(() => server.storedFiles()).toHaveLength(8);
    for (const request of held) request.destroy();
    await expect.poll(() => server.storedFiles()).toEqual([]);
  });
});
