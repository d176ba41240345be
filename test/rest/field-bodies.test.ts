import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { film, pictures } from '../helpers/media.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let folder: string;
let video: Buffer<ArrayBuffer>;
let base64: string;
let examId: string;

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  const path = join(folder, 'webcam.webm');
  await film(path, [{ picture: pictures.oneFace, seconds: 1 }]);
  video = Buffer.from(await readFile(path));
  base64 = video.toString('base64');
  examId = (await createExam(server, { settings: { aiDetection: { enabled: false } } })).id;
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

let users = 0;
const newUser = () => `user_${++users}`;

interface Answer {
  status: number;
  body: {
    userId?: string;
    recordings?: { id: string; type: string }[];
    warnings?: { received: number; stored: number };
    ignored?: { field: string; issue: string }[];
    error?: { code: string; details: { field: string; issue: string }[] };
  };
}

async function submit(body: string | Uint8Array<ArrayBuffer>, type: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await server.rest(`/exams/${examId}/submit`, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const submitJson = (body: object) => submit(JSON.stringify({ userId: newUser(), stats: {}, ...body }), 'application/json');
const submitText = (json: string) => submit(json, 'application/json');

/** Parts by hand: their headers, and their content. */
const formOf = (parts: [headers: string[], content: string | Buffer][], boundary = 'b') =>
  Buffer.concat([
    ...parts.flatMap(([headers, content]) => [
      Buffer.from(`--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
const disposition = (about: string) => `Content-Disposition: form-data; ${about}`;
const session = (): [string[], string][] => [
  [[disposition('name="userId"')], newUser()],
  [[disposition('name="stats"')], '{"duration":60}'],
];
const submitForm = (parts: [string[], string | Buffer][], type = 'multipart/form-data; boundary=b', boundary = 'b') =>
  submit(formOf([...session(), ...parts], boundary), type);

async function expectSameFile({ status, body }: Answer): Promise<void> {
  expect({ status, body }).toMatchObject({ status: 200, body: { recordings: [{ type: 'webcam' }] } });
  const id = body.recordings?.[0]?.id ?? '';
  const download = await server.rest(`/recordings/${id}/download`);
  expect(Buffer.from(await download.arrayBuffer()).equals(video)).toBe(true);
}

describe('a recording in JSON', () => {
  it.each([
    ['quoted codecs, as Firefox types its blobs', 'data:video/webm; codecs="vp8, opus";base64,'],
    ['unquoted codecs', 'data:video/webm;codecs=vp8,opus;base64,'],
    ['other parameters, in any order', 'data:video/x-matroska;charset=utf-8;name="a;b.webm";codecs=avc1;base64,'],
    ['a quoted parameter that looks like the end of the URL', 'data:video/webm;name="a;base64,b.webm";base64,'],
    ['no type', 'data:;base64,'],
    ['no data URL', ''],
  ])('with %s is stored as it was', async (_what, prefix) => {
    await expectSameFile(await submitJson({ webcam: { data: prefix + base64 } }));
    await expectSameFile(await submitJson({ webcam: prefix + base64 }));
  });

  it('with escaped quotes and percent escapes is stored as it was', async () => {
    const escaped = `data:video/webm;codecs=\\u0022vp8\\u0022;base64,${encodeURIComponent(base64)}`;
    await expectSameFile(await submitText(`{"userId":"${newUser()}","stats":{},"webcam":{"data":"${escaped}"}}`));
  });

  it('as a data URL without base64 is stored as it was, and an empty one is no recording', async () => {
    const escaped = [...video].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    await expectSameFile(await submitJson({ webcam: `data:video/webm,${escaped}` }));
    const ignored = [{ field: 'webcam', issue: 'The recording is empty and was not stored' }];
    expect((await submitJson({ webcam: 'data:,' })).body).toMatchObject({ recordings: [], ignored });
  });

  it.each([
    ['webcamVideo', { webcamVideo: { data: 'AAAA' } }],
    ['recording', { recording: 'data:video/webm;base64,AAAA' }],
    ['Webcam', { Webcam: { data: 'AAAA' } }],
    ['webcam', { webcam: { file: 'AAAA' } }],
    ['webcam', { webcam: ['AAAA'] }],
  ])('under the name %s, or in another form, is refused by that name and never lost silently', async (field, body) => {
    expect(await submitJson(body)).toMatchObject({ status: 400, body: { error: { details: [{ field }] } } });
  });
});

describe('a form', () => {
  const file = (about: string, ...headers: string[]): [string[], Buffer] => [[disposition(about), ...headers], video];

  it.each([
    ['with a semicolon at the end', () => file('name="webcam"; filename="a.webm";', 'Content-Type: video/webm')],
    ['with a file name without quotes', () => file('name="webcam"; filename=my webcam.webm', 'Content-Type: video/webm')],
    ['with a broken encoded file name', () => file("name=webcam; filename*=UTF-8''%zz.webm", 'Content-Type: video/webm')],
    ['with an empty file name', () => file('name="webcam"; filename=""', 'Content-Type: video/webm')],
    ['with a type and no file name', () => file('name="webcam"', 'Content-Type: video/webm')],
    [
      'with the headers of OkHttp',
      () => file('name="webcam"; filename="a.webm"', 'Content-Transfer-Encoding: binary', 'Content-Length: 1'),
    ],
  ])('whose recording comes %s is stored', async (_what, part) => {
    await expectSameFile(await submitForm([part()]));
  });

  it.each([
    ['multipart/form-data; boundary=----=_Part/1', '----=_Part/1'],
    ['multipart/form-data; boundary= b', 'b'],
    ['Multipart/Form-Data; charset=utf-8; Boundary="b";', 'b'],
  ])('of the type %s is read', async (type, boundary) => {
    expect(await submitForm([], type, boundary)).toMatchObject({ status: 200 });
  });

  it.each([
    ['a file named webcamVideo', [disposition('name="webcamVideo"; filename="a.webm"')], 'webcamVideo'],
    ['a file named file', [disposition('name="file"; filename="a.webm"')], 'file'],
    ['a field named warnings[]', [disposition('name="warnings[]"')], 'warnings[]'],
    ['a field named Warnings', [disposition('name="Warnings"')], 'Warnings'],
    ['an encoded part', [disposition('name="webcam"; filename="a"'), 'Content-Transfer-Encoding: base64'], 'webcam'],
  ])('with %s is refused by that name and never read in part', async (_what, headers, field) => {
    expect(await submitForm([[headers, '[]']])).toMatchObject({ status: 400, body: { error: { details: [{ field }] } } });
  });
});

describe('statistics as a file', () => {
  const stats = (content: string | Buffer, ...headers: string[]) =>
    submit(
      formOf([
        [[disposition('name="userId"')], newUser()],
        [[disposition('name="stats"; filename="stats.json"'), ...headers], content],
      ]),
      'multipart/form-data; boundary=b',
    );

  it('are read in the charset that they name, and with a byte order mark', async () => {
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`key${i}`, i])));
    const utf16 = await stats(Buffer.from(many, 'utf16le'), 'Content-Type: application/json; charset=utf-16le');
    expect(utf16).toMatchObject({ status: 200 });
    expect(await stats(`\ufeff${many}`)).toMatchObject({ status: 200 });
    expect(await submitForm([[[disposition('name="warnings"')], '\ufeff[]']])).toMatchObject({ status: 200 });
    const marked = formOf([
      [[disposition('name="userId"')], newUser()],
      [[disposition('name="stats"')], `\ufeff${many}`],
    ]);
    expect(await submit(marked, 'multipart/form-data; boundary=b')).toMatchObject({ status: 200 });
  });
});

describe('a session', () => {
  it.each([
    ['is empty', Buffer.alloc(0)],
    ['has only the header of a WebM', Buffer.from('1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581020000', 'hex')],
  ])('is stored although its screen recording %s, and the answer says so', async (_what, bytes) => {
    const webcam: [string[], Buffer] = [[disposition('name="webcam"; filename="w.webm"')], video];
    const screen: [string[], Buffer] = [[disposition('name="screen"; filename="blob"'), 'Content-Type: video/webm'], bytes];
    const ignored = [{ field: 'screen', issue: 'The recording is empty and was not stored' }];
    const answer = await submitForm([webcam, screen]);
    expect(answer.body.ignored).toEqual(ignored);
    await expectSameFile(answer);
    expect((await submitJson({ screen: { data: bytes.toString('base64') } })).body).toMatchObject({ recordings: [], ignored });
  });

  it('with one file mapped to webcam and screen is refused', async () => {
    const body = new FormData();
    const query = 'mutation ($examId: ID!, $input: SubmitExamInput!) { submitExam(examId: $examId, input: $input) { id } }';
    const input = { userId: newUser(), stats: {}, webcam: null, screen: null };
    body.set('operations', JSON.stringify({ query, variables: { examId, input } }));
    body.set('map', JSON.stringify({ 0: ['variables.input.webcam', 'variables.input.screen'] }));
    body.set('0', new Blob([video]), 'w.webm');
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const answer = (await (await fetch(`${server.url}/graphql`, { method: 'POST', body, headers })).json()) as object;
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'INVALID_REQUEST', details: [{ field: 'screen' }] } }] });
    expect((await submitJson({ userId: input.userId })).status).toBe(200);
  });

  it('whose warnings have too long details is stored, and the text says that it was cut', async () => {
    const [details, short] = ['x'.repeat(3_000), 'y'.repeat(2_000)];
    const warnings = [details, short].map((details, i) => ({ type: 'copy_paste', details, clientEventId: `e${i}` }));
    const userId = newUser();
    expect((await submitJson({ userId, warnings })).body).toMatchObject({ warnings: { received: 2, stored: 2 } });
    const reported = await server.post(`/exams/${examId}/warnings`, { userId, warnings: [{ type: 'copy_paste', details }] });
    const cut = `${'x'.repeat(1_975)} … [cut, 3000 characters]`;
    expect(await reported.json()).toMatchObject({ warnings: [{ details: cut }] });
    const exam = (await (await server.rest(`/exams/${examId}`)).json()) as { warnings: { userId: string; details: string }[] };
    expect(exam.warnings.filter((warning) => warning.userId === userId).map((warning) => warning.details)).toEqual([cut, short, cut]);
  });

  it('that is compressed is refused for that reason', async () => {
    const gzip = Buffer.from(gzipSync(JSON.stringify({ userId: newUser(), stats: {} })));
    const answer = await submit(gzip, 'application/json', { 'content-encoding': 'gzip' });
    expect(answer).toMatchObject({ status: 400, body: { error: { details: [{ field: 'Content-Encoding' }] } } });
  });
});

describe('half an emoji', () => {
  const half = String.raw`\ud83d`;
  const post = async (path: string, json: string, method = 'POST') => {
    const response = await server.rest(path, { method, body: json, headers: { 'content-type': 'application/json' } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const submission = (userId: string, stats: string, rest = '') =>
    post(`/exams/${examId}/submit`, `{"userId":"${userId}","stats":${stats}${rest}}`);
  const statsOf = async (userId: string) => {
    const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { submission { stats } } } }`;
    const { exam } = await server.graphql().request<{ exam: { participant: { submission: { stats: unknown } } } }>(query);
    return exam.participant.submission.stats;
  };

  it('in free text or JSON is stored as U+FFFD, at every door', async () => {
    const userId = newUser();
    const stats = `{"clip":"cut ${half}","${half}k":["${half}${half}","\\ud83d\\ude00","\\\\ud83d"]}`;
    expect((await submission(userId, stats, `,"warnings":[{"type":"copy_paste","details":"cut ${half}"}]`)).status).toBe(200);
    expect(await statsOf(userId)).toEqual({ clip: 'cut \ufffd', '\ufffdk': ['\ufffd\ufffd', '😀', String.raw`\ud83d`] });

    const warnings = await post(
      `/exams/${examId}/warnings`,
      `{"userId":"${userId}","warnings":[{"type":"copy_paste","details":"p ${half}"}]}`,
    );
    expect(warnings).toMatchObject({ status: 200, body: { warnings: [{ details: 'p \ufffd' }] } });
    const exam = await post('/exams', `{"title":"Final ${half}","duration":60,"settings":{"course":"x${half}","a":{"${half}":1}}}`);
    expect(exam).toMatchObject({ status: 200, body: { title: 'Final \ufffd', settings: { course: 'x\ufffd', a: { '\ufffd': 1 } } } });
    const granted = await post(
      `/exams/${examId}/participants/${userId}/accommodations`,
      `{"suppress":["looking_away"],"reason":"x${half}"}`,
      'PUT',
    );
    expect(granted).toMatchObject({ status: 200 });
    const join = `mutation ($name: String) { joinExam(examId: "${examId}", userId: "${newUser()}", name: $name) { participant { name } } }`;
    expect(await server.graphql().request(join, { name: 'Zo\ud83d' })).toEqual({ joinExam: { participant: { name: 'Zo\ufffd' } } });
  });

  it('in an id is refused by the name of the field, because two ids would become one', async () => {
    for (const [json, field] of [
      [`{"userId":"bob${half}","warnings":[{"type":"copy_paste"}]}`, 'userId'],
      [`{"userId":"bob","warnings":[{"type":"copy_paste","clientEventId":"x${half}"}]}`, 'warnings[0].clientEventId'],
    ] as const) {
      expect(await post(`/exams/${examId}/warnings`, json)).toMatchObject({ status: 400, body: { error: { details: [{ field }] } } });
    }
  });

  it('and what only looks like one, or like a NUL, in text is kept', async () => {
    const userId = newUser();
    const code = String.raw`const re = /[\u0000-\u001f]/; char c = '\ud83d';`;
    expect((await submission(userId, JSON.stringify({ code }))).status).toBe(200);
    expect(await statsOf(userId)).toEqual({ code });
  });
});

describe('a user id that was not sent as UTF-8', () => {
  const refusal = { status: 400, body: { error: { details: [{ field: 'userId', issue: expect.stringContaining('UTF-8') }] } } };
  const latin1 = Buffer.from('Jos\xe9', 'latin1');
  const formType = 'multipart/form-data; boundary=b';
  const post = async (path: string, body: string | Uint8Array<ArrayBuffer>, type: string) => {
    const response = await server.rest(path, { method: 'POST', body, headers: { 'content-type': type } });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };

  it('is refused by name at every door, because two candidates would become one', async () => {
    for (const about of ['name="userId"', 'name="userId"; filename="blob"']) {
      const submission = formOf([
        [[disposition(about)], latin1],
        [[disposition('name="stats"')], '{}'],
      ]);
      expect(await submit(submission, formType)).toMatchObject(refusal);
      const recording = formOf([
        [[disposition('name="examId"')], examId],
        [[disposition(about)], latin1],
        [[disposition('name="type"')], 'webcam'],
        [[disposition('name="file"; filename="a.webm"')], video],
      ]);
      expect(await post('/recordings', recording, formType)).toMatchObject(refusal);
    }
    expect(await post(`/exams/${examId}/submit?userId=Jos%E9`, '{"stats":{}}', 'application/json')).toMatchObject(refusal);
    expect(await post(`/exams/${examId}/submit?userId=a%ED%A0%BD`, '{"stats":{}}', 'application/json')).toMatchObject(refusal);
    expect(await submitJson({ userId: 'Jos\ufffd' })).toMatchObject(refusal);

    const operations = `{"query":"mutation { joinExam(examId: \\"${examId}\\", userId: \\"Jos\xe9\\") { token } }"}`;
    const graphql = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': formType },
      body: formOf([
        [[disposition('name="operations"')], Buffer.from(operations, 'latin1')],
        [[disposition('name="map"')], '{}'],
      ]),
    });
    expect(await graphql.json()).toMatchObject({ errors: [{ extensions: { code: 'INVALID_REQUEST', details: [{ field: 'userId' }] } }] });
  });

  it('is read in the charset that its part names', async () => {
    const part = [disposition('name="userId"'), 'Content-Type: text/plain; charset=iso-8859-1'];
    const form = formOf([
      [part, latin1],
      [[disposition('name="stats"')], '{}'],
    ]);
    expect(await submit(form, formType)).toMatchObject({ status: 200, body: { userId: 'José' } });
  });

  it('is refused for that reason within JSON', async () => {
    const issue = [{ field: 'body', issue: 'Not valid UTF-8' }];
    expect(await submit(Buffer.from('{"userId":"Jos\xe9","stats":{}}', 'latin1'), 'application/json')).toMatchObject({
      status: 400,
      body: { error: { details: issue } },
    });
  });
});

describe('a NUL or too many levels', () => {
  it.each([
    ['a key of stats', '{"userId":"u","stats":{"x":{"a\\u0000b":1}}}', 'stats'],
    ['8,000 levels of stats', `{"userId":"u","stats":${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}}`, 'stats'],
    ['the details of a warning', '{"userId":"u","stats":{},"warnings":[{"type":"t","details":"a\\u0000"}]}', 'warnings[0].details'],
  ])('in %s is refused by the name of the field', async (_where, json, field) => {
    expect(await submitText(json)).toMatchObject({ status: 400, body: { error: { details: [{ field }] } } });
  });

  it('in the arguments of GraphQL is refused as the fault of the client, and not logged as one of ours', async () => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
    for (const query of [
      '{ exam(id: "a\\u0000") { id } }',
      '{ recording(id: "a\\u0000") { id } }',
      '{ exams(search: "a\\u0000") { edges { cursor } } }',
      `{ exam(id: "${examId}") { participant(userId: "a\\u0000") { name } } }`,
      'mutation { startExam(examId: "a\\u0000") { id } }',
    ]) {
      const before = server.log();
      const response = await fetch(`${server.url}/graphql`, { method: 'POST', body: JSON.stringify({ query }), headers });
      const { errors = [] } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
      for (const { extensions } of errors) expect([query, extensions.code]).not.toEqual([query, 'SERVER_ERROR']);
      expect(server.log()).toBe(before);
    }
  });
});

it('a JSON body is known by its type in any case, and a bad type gets the documented envelope', async () => {
  const answer = await submit(JSON.stringify({ userId: newUser(), stats: {} }), 'Application/JSON;Charset=UTF-8');
  expect(answer.status).toBe(200);
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'Application/JSON' };
  const graphql = await fetch(`${server.url}/graphql`, { method: 'POST', body: '{"query":"{ __typename }"}', headers });
  expect(await graphql.json()).toEqual({ data: { __typename: 'Query' } });
});

it('a header that cannot be used is named', async () => {
  const post = async (path: string, type: string, headers: Record<string, string> = {}, method = 'POST') => {
    const response = await server.rest(path, { method, body: '{"title":"T","duration":5}', headers: { 'content-type': type, ...headers } });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const refusal = (field: string) => ({ status: 400, body: { error: { details: [{ field }] } } });
  expect(await post('/exams', 'text/plain')).toMatchObject(refusal('Content-Type'));
  expect(await post('/recordings', 'application/json')).toMatchObject(refusal('Content-Type'));
  expect(await post(`/exams/${examId}/submit`, 'application/x-www-form-urlencoded')).toMatchObject(refusal('Content-Type'));
  expect(await post('/exams', 'application/json', { 'idempotency-key': 'two words' })).toMatchObject(refusal('Idempotency-Key'));
  const live = (await (await server.post('/recordings/live', { examId, userId: newUser(), type: 'webcam' })).json()) as { id: string };
  const form = 'multipart/form-data; boundary=b';
  expect(await post(`/recordings/${live.id}/chunks/1`, form, {}, 'PUT')).toMatchObject(refusal('Content-Type'));
});

it('broken variables of a GET are refused and named', async () => {
  const query = new URLSearchParams({ query: '{ __typename }', variables: '{"a":' });
  const response = await fetch(`${server.url}/graphql?${query}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/json' },
  });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { errors: [{ extensions: { details: [{ field: 'variables' }] } }] },
  ]);
});

describe('an HTTP request', () => {
  const { hostname, port } = { hostname: '127.0.0.1', port: () => new URL(server.url).port };
  const send = (path: string, { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: object; body?: string } = {}) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const all = { authorization: `Bearer ${ADMIN_KEY}`, ...headers };
      const options = { hostname, port: port(), path, method, headers: all, agent: false, setHost: !('x-no-host' in headers) };
      const req = request(options, (res) => {
        text(res).then((body) => resolve({ status: res.statusCode ?? 0, body }), reject);
      });
      req.on('error', reject).end(body);
    });

  it('with the whole URL, as proxies send it, reaches every door', async () => {
    const graphql = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' };
    expect(await send('http://school.example/graphql', graphql)).toMatchObject({ status: 200 });
    expect(await send(`http://school.example/api/exams/${examId}`)).toMatchObject({ status: 200 });
    expect(await send('http://school.example')).toMatchObject({ status: 404 });
  });

  it('reaches nothing by a path that only resolves to that of an endpoint', async () => {
    for (const path of [
      `//x/api/exams/${examId}`,
      `/x/../api/exams/${examId}`,
      `/api/./exams/${examId}`,
      `/x/%2e%2e/api/exams/${examId}`,
      `/api\\exams\\${examId}`,
    ])
      expect([path, (await send(path)).status]).toEqual([path, 404]);
    const { id: empty } = await createExam(server);
    const answer = await send(`/api/exams/${empty}/warnings?limit=1&after=0&limit=5`);
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { nextAfter: null }]);
  });

  it('without Host, or that expects something odd, is refused in the documented envelope', async () => {
    expect(await send('/healthz', { headers: { 'x-no-host': '1' } })).toMatchObject({
      status: 400,
      body: expect.stringContaining('"field":"Host"'),
    });
    const odd = await send('/api/exams', { method: 'POST', headers: { expect: '200-maybe' } });
    expect(odd).toMatchObject({ status: 417, body: expect.stringContaining('"field":"Expect"') });
  });

  it('is never allowed an origin because it equals its Host', async () => {
    for (const [origin, allowed] of [
      ['http://evil.example', null],
      [server.url, server.url],
      [server.url.replace('127.0.0.1', 'localhost'), server.url.replace('127.0.0.1', 'localhost')],
    ] as const) {
      const found = await new Promise<string | null>((resolve, reject) => {
        const headers = { origin, host: new URL(origin).host };
        request({ hostname, port: port(), path: '/healthz', headers, agent: false }, (res) => {
          resolve(res.headers['access-control-allow-origin'] ?? null);
          buffer(res).catch(reject);
        })
          .on('error', reject)
          .end();
      });
      expect([origin, found]).toEqual([origin, allowed]);
    }
  });
});
