import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, report, tokenIn } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const DOCUMENTED = {
  title: 'Final Computer Science Exam',
  duration: 180,
  settings: {
    webcam: true,
    screenRecording: true,
    audioRecording: true,
    browserLock: true,
    aiDetection: { enabled: true, sensitivity: 'high' },
  },
};

async function json<T = Record<string, unknown>>(response: Response, status = 200): Promise<T> {
  const body = await response.text();
  expect(response.status, body).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('x-request-id')).toBeTruthy();
  return JSON.parse(body) as T;
}

describe('the REST API for exams', () => {
  it('answers the documented request with the documented object', async () => {
    const exam = await json(await server.post('/exams', DOCUMENTED));
    expect(exam).toEqual({
      ...DOCUMENTED,
      id: expect.stringMatching(/^exam_[0-9a-z]{20,}$/),
      status: 'created',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      accessUrl: expect.stringContaining(`/exam/${String(exam['id'])}#t=`),
      adminUrl: expect.stringContaining(`/admin/exam/${String(exam['id'])}#t=`),
    });
  });

  it('fills in missing settings and returns unknown ones', async () => {
    const exam = await json(await server.post('/exams', { title: 'Short', duration: 5, settings: { calculator: true, webcam: false } }));
    expect(exam['settings']).toEqual({
      webcam: false,
      screenRecording: true,
      audioRecording: true,
      browserLock: true,
      aiDetection: { enabled: true, sensitivity: 'medium' },
      calculator: true,
    });
  });

  it('shows an exam with its participants and warnings, oldest first', async () => {
    const { id } = await createExam(server);
    await json(
      await server.post(`/exams/${id}/warnings`, {
        userId: 'user_789',
        warnings: [
          { timestamp: '2025-03-26T15:15:22Z', type: 'tab_switch', details: 'User switched to another tab' },
          { timestamp: '2025-03-26T16:15:22+01:00', type: 'something_of_ours' },
        ],
      }),
    );
    const exam = await json(await server.rest(`/exams/${id}`));
    expect(exam).toMatchObject({
      status: 'in_progress',
      startedAt: expect.any(String),
      participants: [{ id: 'user_789', name: null, status: 'active', joinedAt: expect.any(String) }],
      warnings: [
        {
          timestamp: '2025-03-26T15:15:22.000Z',
          type: 'tab_switch',
          userId: 'user_789',
          details: 'User switched to another tab',
          severity: 'medium',
          source: 'client',
        },
        { timestamp: '2025-03-26T15:15:22.000Z', type: 'something_of_ours', severity: 'medium' },
      ],
    });
  });

  it('pages through all warnings by position', async () => {
    const { id } = await createExam(server);
    await report(
      server,
      id,
      'user_1',
      Array.from({ length: 5 }, () => 'noise'),
    );
    const seen: number[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page: { warnings: { seq: number }[]; nextAfter: number | null } = await json(
        await server.rest(`/exams/${id}/warnings?after=${after}&limit=2`),
      );
      seen.push(...page.warnings.map(({ seq }) => seq));
      after = page.nextAfter;
    }
    expect(seen).toHaveLength(5);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('shows the newest 1,000 warnings and says that there are more', async () => {
    const { id } = await createExam(server);
    const batch = (first: number) => Array.from({ length: 100 }, (_, i) => `type_${first + i}`);
    for (let first = 0; first <= 1_000; first += 100) await report(server, id, 'user_1', batch(first));
    const exam = await json<{ warnings: { type: string }[]; warningsTruncated: boolean }>(await server.rest(`/exams/${id}`));
    expect(exam.warningsTruncated).toBe(true);
    expect(exam.warnings.map(({ type }) => type)).toEqual(Array.from({ length: 1_000 }, (_, i) => `type_${i + 100}`));
  });

  it('stores an event once, even if a client repeats it', async () => {
    const { id } = await createExam(server);
    const body = { userId: 'user_1', warnings: [{ type: 'noise', clientEventId: 'event-1' }] };
    const [first, second] = [
      await json(await server.post(`/exams/${id}/warnings`, body)),
      await json(await server.post(`/exams/${id}/warnings`, body)),
    ];
    expect(second).toEqual(first);
    expect((await json<{ warnings: unknown[] }>(await server.rest(`/exams/${id}`))).warnings).toHaveLength(1);
  });

  it('keeps positions contiguous when many report at once', async () => {
    const { id } = await createExam(server);
    await Promise.all(Array.from({ length: 40 }, (_, i) => report(server, id, `user_${i % 4}`, ['noise'])));
    const { exam } = await server
      .graphql()
      .request<{ exam: { lastSeq: number; warnings: { edges: { node: { seq: number } }[] } } }>(
        `{ exam(id: "${id}") { lastSeq warnings(first: 100) { edges { node { seq } } } } }`,
      );
    const seqs = exam.warnings.edges.map(({ node }) => node.seq);
    expect(seqs).toHaveLength(40);
    // One event for the start and one for each of the four participants come before or between them.
    expect(exam.lastSeq).toBe(45);
  });
});

describe('an Idempotency-Key', () => {
  it('belongs to the API key that sent it, not to another one of the same name', async () => {
    const keys = [await createKey(server, 'LMS', 'default', 'Moodle'), await createKey(server, 'LMS', 'default', 'Moodle')];
    const ids = [];
    for (const { key } of keys) {
      const answer = await server.post('/exams', DOCUMENTED, { credential: key, headers: { 'idempotency-key': 'create-twin' } });
      expect(answer.status).toBe(200);
      ids.push(((await answer.json()) as { id: string }).id);
    }
    expect(new Set(ids).size).toBe(2);
  });

  it('returns the first answer again and creates nothing twice', async () => {
    const headers = { 'idempotency-key': 'create-1' };
    const first = await json(await server.post('/exams', DOCUMENTED, { headers }));
    expect(await json(await server.post('/exams', DOCUMENTED, { headers }))).toEqual(first);
  });

  it('is refused for another request', async () => {
    const headers = { 'idempotency-key': 'create-2' };
    await json(await server.post('/exams', DOCUMENTED, { headers }));
    const { error } = await json<{ error: { code: string } }>(
      await server.post('/exams', { ...DOCUMENTED, duration: 1 }, { headers }),
      400,
    );
    expect(error.code).toBe('conflict');
  });

  it('may be used again after a request that was refused', async () => {
    const headers = { 'idempotency-key': 'create-3' };
    await json(await server.post('/exams', { title: 'No duration' }, { headers }), 400);
    await json(await server.post('/exams', { title: 'No duration' }, { headers }), 400);
  });

  it('lets two requests at the same time create one exam', async () => {
    const headers = { 'idempotency-key': 'create-4' };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => server.post('/exams', { title: 'Only once', duration: 5 }, { headers })),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
    const { exams } = await server
      .graphql()
      .request<{ exams: { edges: unknown[] } }>('{ exams(search: "only ONCE") { edges { node { id } } } }');
    expect(exams.edges).toHaveLength(1);
  });
});

describe('a search for exams', () => {
  it.each([
    ['50%', ['Maths 50% share']],
    ['a_b', ['Set a_b']],
    ['%', ['Maths 50% share']],
    ['_', ['Set a_b']],
    ['C:\\\\x', ['Path C:\\\\x']],
    ['MATHS', ['Maths 50% share', 'Maths 500 share']],
  ])('takes "%s" as it is written, but for its case', async (search, found) => {
    const { key } = await createKey(server, 'LMS', `search-${Buffer.from(search).toString('hex')}`);
    for (const title of ['Maths 50% share', 'Maths 500 share', 'Set a_b', 'Set axb', 'Path C:\\\\x'])
      await json(await server.post('/exams', { title, duration: 5 }, { credential: key }));
    const query = 'query ($search: String) { exams(search: $search) { edges { node { title } } } }';
    const { exams } = await server.graphql(key).request<{ exams: { edges: { node: { title: string } }[] } }>(query, { search });
    expect(new Set(exams.edges.map(({ node }) => node.title))).toEqual(new Set(found));
  });
});

describe('a bad request', () => {
  const bad: [string, unknown, string][] = [
    ['a missing title', { duration: 60 }, 'title'],
    ['an empty title', { title: ' ', duration: 60 }, 'title'],
    ['a long title', { title: 'x'.repeat(201), duration: 60 }, 'title'],
    ['a duration of words', { title: 'x', duration: 'sixty' }, 'duration'],
    ['a duration of 0', { title: 'x', duration: 0 }, 'duration'],
    ['a fraction of a minute', { title: 'x', duration: 1.5 }, 'duration'],
    ['settings that are a list', { title: 'x', duration: 60, settings: [] }, 'settings'],
    ['a wrong flag', { title: 'x', duration: 60, settings: { webcam: 'yes' } }, 'settings.webcam'],
    [
      'a wrong sensitivity',
      { title: 'x', duration: 60, settings: { aiDetection: { sensitivity: 'max' } } },
      'settings.aiDetection.sensitivity',
    ],
    ['a NUL character', { title: 'x\u0000', duration: 60 }, 'title'],
    ['a list', [], 'body'],
  ];
  it.each(bad)('with %s is answered with the name of the field', async (_name, body, field) => {
    const { error } = await json<{ error: { code: string; details: { field: string }[] } }>(await server.post('/exams', body), 400);
    expect(error.code).toBe('invalid_request');
    expect(error.details.map((detail) => detail.field)).toContain(field);
  });

  it('that is not JSON is answered with the documented error', async () => {
    for (const body of ['{"title":', '', 'null', '\u0000', '[1,2']) {
      const response = await server.rest('/exams', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      expect(await json(response, 400)).toMatchObject({ error: { code: 'invalid_request', details: expect.any(Array) } });
    }
  });

  it('to an unknown endpoint, method or id is answered with a 404 in JSON', async () => {
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['DELETE', '/exams'],
      ['GET', '/exams/exam_unknown'],
      ['GET', '/../exams/exam_unknown'],
      ['GET', '/exams/%E0%A4%A'],
      ['GET', '/exams/exam_%00'],
      ['GET', '/recordings/rec_unknown'],
      ['GET', '/recordings/rec_unknown/download'],
    ] as const) {
      expect(await json(await server.rest(path, { method }), 404)).toMatchObject({ error: { code: 'not_found', details: [] } });
    }
    expect((await fetch(`${server.url}/exams/exam_unknown`)).status).toBe(404);
    expect(await json(await server.post('/exams/exam_unknown/warnings', { warnings: [] }), 404)).toMatchObject({
      error: { code: 'not_found' },
    });
  });

  it('with one bad warning is answered with its index', async () => {
    const { id } = await createExam(server);
    const warnings = [{ type: 'noise' }, { type: 'Not A Slug', timestamp: 'yesterday' }];
    const { error } = await json<{ error: { details: { field: string }[] } }>(
      await server.post(`/exams/${id}/warnings`, { userId: 'user_1', warnings }),
      400,
    );
    expect(error.details.map(({ field }) => field).sort()).toEqual(['warnings[1].timestamp', 'warnings[1].type']);
    expect(await json(await server.rest(`/exams/${id}`))).toMatchObject({ warnings: [], participants: [] });
  });

  it('with an invalid GraphQL operation is answered with a GraphQL error', async () => {
    for (const body of [
      { query: '{ exam(' },
      { query: '{ nothing }' },
      { query: 'mutation { createExam(input: {title: 3}) { id } }' },
      {},
    ]) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenIn('http://x/#t=')}` },
      });
      expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
    }
  });
});

describe('a server that runs', () => {
  it('reports through its probes that it is alive and ready', async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it('serves GraphiQL itself', async () => {
    const page = await (await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('<title>Invigil</title>');
    // With its headers, which it cannot send over a WebSocket.
    expect(page).toContain('"subscriptionsProtocol":"SSE"');
    expect(page).not.toMatch(/(?:src|href)="https?:\/\/(?!127|localhost)/);
  });
});

describe('a path', () => {
  const ID = 'exam_0123456789abcdefghijklmn';

  it.each([
    ['that does not exist', 'GET', '/nothing'],
    ['with a method that its route does not have', 'DELETE', `/exams/${ID}`],
    ['with a method that nobody has', 'PROPFIND', `/exams/${ID}`],
    ['with a slash at its end', 'GET', `/exams/${ID}/`],
    ['with two slashes', 'GET', `//exams/${ID}`],
    ['in upper case', 'GET', `/EXAMS/${ID}`],
    ['without the id', 'GET', '/exams//warnings'],
    ['with an escape that is cut', 'GET', '/exams/%'],
    ['with an escape that is no UTF-8', 'GET', '/exams/%E0%A4%A'],
    ['with a NUL character', 'GET', '/exams/%00'],
    ['with an escaped slash in the id', 'GET', `/exams/${ID}%2Fwarnings`],
    ['with a very long id', 'GET', `/exams/${'x'.repeat(4_000)}`],
    ['that climbs', 'GET', `/exams/../recordings/${ID}`],
    ['named like a member of every object', 'GET', '/exams/__proto__'],
  ])('%s is answered as not found', async (_what, method, path) => {
    expect(await json(await server.rest(path, { method }), 404)).toEqual({
      error: { code: 'not_found', message: expect.any(String), details: [] },
    });
  });

  it.each([
    ['in its first word', (id: string) => ['GET', `/ex%61ms/${id}`]],
    ['behind an id', (id: string) => ['GET', `/exams/${id}/w%61rnings`]],
    ['for a slash between its parts', (id: string) => ['GET', `/exams%2F${id}`]],
    ['for a slash behind an id', (id: string) => ['GET', `/exams/${id}%2Fwarnings`]],
    ['in a word that tells two routes apart', () => ['POST', '/recordings/l%69ve']],
  ] as const)('with an escape %s reaches no route, even if the exam exists', async (_where, pathOf) => {
    const { id } = await createExam(server);
    const [method = '', path = ''] = pathOf(id);
    expect(await json(await server.rest(path, { method }), 404)).toMatchObject({ error: { code: 'not_found' } });
  });

  it('of a user with all kinds of characters reaches that user', async () => {
    const exam = await createExam(server);
    const userId = 'Müller/%2F a?b#c&d=e;f+g~\u{1F600}';
    const path = `/exams/${exam.id}/participants/${encodeURIComponent(userId)}/accommodations`;
    const granted = { suppress: ['talking'], reason: 'reads aloud' };
    const body = JSON.stringify(granted);
    const headers = { 'content-type': 'application/json' };
    expect(await json(await server.rest(path, { method: 'PUT', body, headers }))).toMatchObject({ id: userId });
  });

  it('answers HEAD as GET, without a body', async () => {
    const { id } = await createExam(server);
    const [head, get] = [await server.rest(`/exams/${id}`, { method: 'HEAD' }), await server.rest(`/exams/${id}`)];
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
  });
});

describe('a query', () => {
  it.each([
    ['after', 'x', 'must be a position in the log'],
    ['after', '-1', 'must be a position in the log'],
    ['limit', '0', 'must be from 1 to 1000'],
    ['limit', '1001', 'must be from 1 to 1000'],
  ])('with %s=%s names its mistake', async (name, value, issue) => {
    const { id } = await createExam(server);
    expect(await json(await server.rest(`/exams/${id}/warnings?${name}=${value}`), 400)).toMatchObject({
      error: { code: 'invalid_request', details: [{ field: name, issue }] },
    });
  });

  it('with a name twice counts its first value, and ignores names that it does not know', async () => {
    const { id } = await createExam(server);
    await report(server, id, 'user_1', ['noise', 'books']);
    const page = await json<{ warnings: unknown[] }>(await server.rest(`/exams/${id}/warnings?limit=1&limit=2&colour=red`));
    expect(page.warnings).toHaveLength(1);
  });
});
