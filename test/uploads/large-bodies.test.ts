import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { openSocket } from '../helpers/socket.ts';

let server: TestServer;
let examId: string;
let candidate: string;
let accessLink: string;

beforeAll(async () => {
  server = await startTestServer();
  const exam = await createExam(server);
  examId = exam.id;
  accessLink = tokenIn(exam.accessUrl);
  candidate = await join(server, examId, 'candidate');
});
afterAll(() => server.stop());

/** Sends text as it is: what no honest client's serialiser would make. */
async function send(path: string, body: string, credential = ADMIN_KEY) {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

const refusedFor = (field: string, issue: RegExp) => ({
  status: 400,
  body: { error: { code: 'invalid_request', details: [{ field, issue: expect.stringMatching(issue) }] } },
});

const members = (count: number) => Array.from({ length: count }, (_, i) => `"m${i}":${i}`).join(',');
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('a JSON body', () => {
  it('with more members than its route needs is refused, naming the field', async () => {
    const many = /members and elements/;
    expect(await send('/api/exams', `{"title":"T","duration":60,"settings":{${members(20_000)}}}`)).toMatchObject(
      refusedFor('settings', many),
    );
    expect(await send(`/api/exams/${examId}/warnings`, `{"warnings":[${'{},'.repeat(6_000)}{}]}`)).toMatchObject(
      refusedFor('warnings', many),
    );
    expect(await send('/api/verify/user', `{"userId":"u","x":{${members(2_000)}}}`)).toMatchObject(refusedFor('x', many));
    expect(await send(`/api/exams/${examId}/submit`, `{"userId":"u","stats":{},"warnings":[${'0,'.repeat(100_000)}0]}`)).toMatchObject(
      refusedFor('warnings', many),
    );
    const graphql = await send('/graphql', `{"query":"{ __typename }","variables":{${members(250_001)}}}`);
    expect(graphql).toMatchObject({ status: 400, body: { errors: [{ extensions: { code: 'INVALID_REQUEST' } }] } });
    const link = await send('/graphql', `{"query":"{ __typename }","variables":{${members(1_001)}}}`, accessLink);
    expect(link).toMatchObject({ status: 400, body: { errors: [{ extensions: { details: [{ field: 'variables' }] } }] } });
  });

  it('that is larger than its route needs is refused before it is read', async () => {
    const long = `"${'x'.repeat(3_000_000)}"`;
    const tooLarge = /exceeds the maximum allowed \(2MB\)/;
    expect(await send('/api/exams', `{"title":${long}}`)).toMatchObject(refusedFor('body', tooLarge));
    expect(await send(`/api/exams/${examId}/warnings`, `{"x":${long}}`, candidate)).toMatchObject(refusedFor('body', tooLarge));
    expect(await send('/graphql', `{"query":${long}}`, accessLink)).toMatchObject({ status: 400 });
  });

  it('that is nested too deeply is refused at every endpoint, naming the field', async () => {
    const deep = /nested more than 100 levels/;
    for (const levels of [101, 10_000, 500_000]) {
      expect(await send('/api/exams', `{"title":"T","duration":60,"settings":{"x":${nested(levels)}}}`)).toMatchObject(
        refusedFor('settings', deep),
      );
      expect(await send(`/api/exams/${examId}/submit`, `{"userId":"u","stats":{"x":${nested(levels)}}}`)).toMatchObject(
        refusedFor('stats', deep),
      );
      expect(await send(`/api/exams/${examId}/warnings`, nested(levels))).toMatchObject(refusedFor('body', deep));
      expect(await send('/graphql', `{"query":"{ __typename }","variables":{"x":${nested(levels)}}}`)).toMatchObject({ status: 400 });
      const form = new FormData();
      form.set('userId', 'u');
      form.set('stats', `{"x":${nested(levels)}}`);
      const byForm = await server.rest(`/exams/${examId}/submit`, { method: 'POST', body: form });
      expect({ status: byForm.status, body: await byForm.json() }).toMatchObject(refusedFor('stats', deep));
    }
    const query = 'mutation($e: ID!, $s: JSON!) { submitExam(examId: $e, input: { userId: "u", stats: $s }) { id } }';
    const fromVariables = await send(
      '/graphql',
      `{"query":${JSON.stringify(query)},"variables":{"e":"${examId}","s":{"x":${nested(101)}}}}`,
    );
    expect(fromVariables).toMatchObject({ status: 400 });
  });

  it('with too many levels or members closes its own WebSocket and no other', async () => {
    const good = openSocket(server);
    await good.init(candidate);
    for (const payload of [nested(10_000), `{${members(60_000)}}`]) {
      const bad = openSocket(server);
      await bad.init(candidate);
      bad.webSocket.send(`{"id":"1","type":"subscribe","payload":{"query":"{ __typename }","variables":${payload}}}`);
      expect((await bad.closed).code).toBe(4400);
    }
    good.subscribe('1', '{ __typename }');
    expect((await good.of('1', 1))[0]).toMatchObject({ type: 'next', payload: { data: { __typename: 'Query' } } });
    good.webSocket.close();
  });
});

describe('a form', () => {
  it('is read at once, whatever fills the headers of its parts', async () => {
    // Each took a second, in which nobody else was served.
    const blank = ' '.repeat(16_000);
    const part = (head: string, content: string) => `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
    const others = Array.from({ length: 30 }, (_, n) => part(`name="other${n}"${n % 2 ? `${blank}; size=1` : `; size=1${blank}`}`, 'x'));
    const body = `${part('name="stats"', '{}')}${others.join('')}--x--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const request = { method: 'POST', credential: await join(server, examId, 'blank'), headers, body };
    const response = await server.rest(`/exams/${examId}/submit`, request);
    expect([response.status, await response.json()]).toMatchObject([200, { userId: 'blank', status: 'received' }]);
    const unreadable = { ...request, body: `--x\r\nContent-Disposition:${blank}\u0001\r\n\r\n--x--\r\n` };
    expect((await server.rest(`/exams/${examId}/submit`, unreadable)).status).toBe(400);
  });
});

describe('a WebSocket', () => {
  it('that has not authenticated may send at most 64 KB, in complete messages or not', async () => {
    const silent = openSocket(server);
    await silent.opened;
    silent.webSocket.send(`{"type":"connection_init","payload":{"x":"${'x'.repeat(100_000)}"}}`);
    expect((await silent.closed).code).toBe(1006);
    const pinging = openSocket(server);
    await pinging.opened;
    for (let i = 0; i < 100; i++) pinging.webSocket.send(`{"type":"ping","payload":{"x":"${'x'.repeat(1_000)}"}}`);
    expect((await pinging.closed).code).toBe(1006);

    const known = openSocket(server);
    await known.init(candidate);
    known.subscribe('1', 'query ($x: ID!) { exam(id: $x) { id } }', {
      x: 'x'.repeat(500_000),
    });
    expect((await known.of('1', 1))[0]).toMatchObject({ type: 'next', payload: { data: { exam: null } } });
    known.webSocket.close();
  });
});

describe('the statistics of a submission', () => {
  const statsOf = async (userId: string) => {
    const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { submission { stats } } } }`;
    const { exam } = await server.graphql().request<{ exam: { participant: { submission: { stats: unknown } } } }>(query);
    return exam.participant.submission.stats;
  };

  it('are stored unchanged, however many members they have', async () => {
    const stats = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`m${i}`, i]));
    expect((await server.post(`/exams/${examId}/submit`, { userId: 'many', stats })).status).toBe(200);
    expect(await statsOf('many')).toEqual(stats);
  });

  it('are the same through every API', async () => {
    const stats = { text: 'quote " backslash \\ {[ ]} \\u0000', nested: { stats: { a: [1, 2.5e-3, null, true] } }, '': {}, emoji: '🎥' };
    const form = new FormData();
    form.set('userId', 'form');
    form.set('stats', JSON.stringify(stats, null, 2));
    expect((await server.rest(`/exams/${examId}/submit`, { method: 'POST', body: form })).status).toBe(200);
    expect((await server.post(`/exams/${examId}/submit`, { stats, userId: 'json' })).status).toBe(200);
    const query = 'mutation($e: ID!, $s: JSON!) { submitExam(examId: $e, input: { userId: "graphql", stats: $s }) { stats } }';
    expect(await server.graphql().request(query, { e: examId, s: stats })).toEqual({ submitExam: { stats } });
    for (const userId of ['form', 'json', 'graphql']) expect(await statsOf(userId)).toEqual(stats);
  });

  it.each([
    ['an array', '[]'],
    ['a string', '"{}"'],
    ['nothing', 'null'],
    ['a NUL character', '{"a":"x\\u0000"}'],
    ['a NUL character in a name', '{"a\\u0000":1}'],
    ['invalid JSON inside', '{"a":}'],
    ['brackets that do not match', '{"a":[1}'],
    ['a number that is too large', '{"a":1e999999}'],
  ])('that are or contain %s are refused, naming the field, and nothing is stored', async (_what, stats) => {
    const before = await report(server, examId, 'witness', ['noise']);
    const json = await send(`/api/exams/${examId}/submit`, `{"userId":"refused","stats":${stats}}`);
    expect(json).toMatchObject({ status: 400, body: { error: { details: [{ field: expect.stringMatching(/^(?:stats|body)$/) }] } } });
    const form = new FormData();
    form.set('userId', 'refused');
    form.set('stats', stats);
    const response = await server.rest(`/exams/${examId}/submit`, { method: 'POST', body: form });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { details: [{ field: 'stats' }] } }]);
    const after = await report(server, examId, 'witness', ['noise']);
    expect(after[0]?.seq).toBe((before[0]?.seq ?? 0) + 1);
  });
});

describe('a GraphQL document', () => {
  const ACCEPTS = ['application/json', 'application/json;q=1.0', 'application/graphql-response+json'];

  async function ask(query: string, credential: string | null, accept = ACCEPTS[0] ?? '', variables = {}) {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, ...(credential && { authorization: `Bearer ${credential}` }) },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as { data?: unknown; errors?: { message: string }[] }) };
  }

  const fragments = (levels: number) =>
    `{ exam(id: "${examId}") { ...F0 } } ${Array.from(
      { length: levels },
      (_, i) =>
        `fragment F${i} on Exam { a: participant(userId: "candidate") { exam { ...F${i + 1} } } b: participant(userId: "candidate") { exam { ...F${i + 1} } } }`,
    ).join(' ')} fragment F${levels} on Exam { id }`;

  it('that is too long, too deep or too expensive is refused the same way over every transport', async () => {
    const cases = [
      [`{ ${'__typename '.repeat(1_001)} }`, /1000 tokens/],
      [`{ ${'a {'.repeat(300)} b ${'}'.repeat(300)} }`, /100 levels/],
      [`{ ${'a {'.repeat(2_400)}`, /100 levels/],
      [`query ($a: ${'['.repeat(2_000)}Int${']'.repeat(2_000)}) { __typename }`, /100 levels/],
      [fragments(20), /more than 100000 fields/],
      [
        `{ exam(id: "x") { ${Array.from({ length: 26 }, (_, i) => `w${i}: warnings(first: 500) { edges { node { id type seq userId details severity } } }`).join(' ')} } }`,
        /fields/,
      ],
    ] as const;
    for (const [query, message] of cases) {
      const socket = openSocket(server);
      await socket.init(candidate);
      socket.subscribe('1', query);
      expect((await socket.of('1', 1))[0]).toMatchObject({ type: 'error', payload: [{ message: expect.stringMatching(message) }] });
      socket.webSocket.close();
      for (const accept of ACCEPTS) {
        const { status, data, errors } = await ask(query, candidate, accept);
        expect([errors?.[0]?.message, data ?? null, status < 500]).toEqual([expect.stringMatching(message), null, true]);
      }
      const byGet = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query.slice(0, 6_000))}`, {
        headers: { authorization: `Bearer ${candidate}` },
      });
      expect(byGet.status).toBeLessThan(500);
    }
  });

  it('has a cost that takes page sizes from variables', async () => {
    const query = `query($n: Int = 500) { exam(id: "${examId}") { participants(first: $n) { edges { node { warnings(first: $n) { edges { node { id } } } } } } } }`;
    expect((await ask(query, candidate)).errors?.[0]?.message).toMatch(/more than 100000 fields/);
    expect((await ask(query, candidate, undefined, { n: 10 })).errors).toBeUndefined();
    expect((await ask(query, candidate, undefined, { n: 500 })).errors?.[0]?.message).toMatch(/more than 100000 fields/);
    const { key } = await createKey(server, 'LMS');
    expect((await ask(query, key, undefined, { n: 100 })).errors).toBeUndefined();
  });

  it('may not be long by lines and comments alone, which every error would have to count', async () => {
    const lines = (count: number) => `${'\n'.repeat(count)}{ ${Array.from({ length: 100 }, (_, i) => `a${i}`).join(' ')} }`;
    expect((await ask(lines(33_000), candidate)).errors?.[0]?.message).toMatch(/32768 characters/);
    expect((await ask(lines(270_000), ADMIN_KEY)).errors?.[0]?.message).toMatch(/262144 characters/);
    expect((await ask(lines(10_000), candidate)).errors).toHaveLength(11);
  });

  it('has a cost that counts a page size of null as the default size', async () => {
    const query = `query($n: Int = 1) { exam(id: "${examId}") { ${Array.from({ length: 14 }, (_, i) => `p${i}: participants(first: $n) { edges { node { warnings(first: $n) { edges { node { id } } } } } }`).join(' ')} } }`;
    expect((await ask(query, candidate)).errors).toBeUndefined();
    expect((await ask(query, candidate, undefined, { n: null })).errors?.[0]?.message).toMatch(/more than 100000 fields/);
  });

  it('is refused if it searches for a text that no title can have', async () => {
    const search = `query($s: String) { exams(search: $s) { edges { node { id } } } }`;
    expect((await ask(search, ADMIN_KEY, undefined, { s: 'x'.repeat(201) })).errors?.[0]).toMatchObject({
      extensions: { details: [{ field: 'search' }] },
    });
    expect((await ask(search, ADMIN_KEY, undefined, { s: 'x'.repeat(200) })).errors).toBeUndefined();
  });

  it('may not select large values many times', async () => {
    const stats = (count: number) =>
      `{ exam(id: "${examId}") { participant(userId: "candidate") { ${Array.from({ length: count }, (_, i) => `s${i}: submission { stats }`).join(' ')} } } }`;
    expect((await ask(stats(4), candidate)).errors?.[0]?.message).toMatch(/more than 100000 fields/);
    expect((await ask(stats(3), candidate)).errors).toBeUndefined();
  });

  it('without credentials may read the schema by GET, but little else', async () => {
    const get = (query: string) =>
      fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { accept: 'application/json' } });
    expect(await (await get('{ __schema { queryType { name } } }')).json()).toEqual({
      data: { __schema: { queryType: { name: 'Query' } } },
    });
    expect(await (await get('{ warningTypes { type } }')).json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHORIZED' } }] });
    expect(await (await get(`{ ${'x '.repeat(1_001)} }`)).json()).toMatchObject({
      errors: [{ message: expect.stringMatching(/1000 tokens/) }],
    });
  });
});
