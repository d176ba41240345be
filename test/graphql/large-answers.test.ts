import { getIntrospectionQuery } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createExam, join } from '../helpers/exam.ts';
import { ADMIN_KEY, collect, startTestServer, type TestServer } from '../helpers/server.ts';

const WARNINGS = 1_000;

let server: TestServer;
let examId: string;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
  examId = (await createExam(server, { settings: { candidateView: 'live' } })).id;
  token = await join(server, examId, 'user_1');
  for (let start = 0; start < WARNINGS; start += 100) {
    const warnings = Array.from({ length: 100 }, (_, n) => ({ type: 'noise', details: `Noise "${start + n}" ☃` }));
    expect((await server.post(`/exams/${examId}/warnings`, { warnings }, { credential: token })).status).toBe(200);
  }
});
afterAll(() => server.stop());

const pages = (count: number, fields: string) =>
  `{ exam(id: "${examId}") { ${Array.from({ length: count }, (_, n) => `p${n}: warnings(first: 500) { edges { node { ${fields} } } }`).join(' ')} } }`;

type Page = { edges: { node: { id: string; details?: string } }[] };
interface Answer {
  data: { exam: Record<string, Page> };
}

async function ask<T = Answer>(query: string, { accept = 'application/json', credential = token } = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${credential}` };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return (await response.json()) as T;
}

/** How many requests of others are answered before the work is done. */
async function answeredDuring<T>(work: Promise<T>): Promise<{ result: T; others: number }> {
  const state = { isDone: false, others: 0 };
  const done = work.finally(() => {
    state.isDone = true;
  });
  while (!state.isDone) {
    const [healthy, exam] = await Promise.all([fetch(`${server.url}/healthz`), server.rest(`/exams/${examId}`)]);
    expect([healthy.status, exam.status]).toEqual([200, 200]);
    if (!state.isDone) state.others += 1;
  }
  return { result: await done, others: state.others };
}

describe('large answers to a candidate', () => {
  it('are complete, and others are answered while they are made', async () => {
    const { result, others } = await answeredDuring(Promise.all(Array.from({ length: 10 }, () => ask(pages(50, 'id')))));
    const { warnings } = (await (await server.rest(`/exams/${examId}/warnings?limit=500`)).json()) as { warnings: { id: string }[] };
    const expected = warnings.map(({ id }) => id);
    for (const { data } of result) {
      expect(Object.keys(data.exam)).toHaveLength(50);
      for (const page of Object.values(data.exam)) expect(page.edges.map(({ node }) => node.id)).toEqual(expected);
    }
    expect(others).toBeGreaterThan(3);
  });

  it('over one socket leave time for others', async () => {
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
    });
    const query = pages(50, 'id');
    const run = () =>
      new Promise<number>((resolve, reject) => {
        let edges = 0;
        client.subscribe<Answer['data']>(
          { query },
          {
            next: ({ data }) => {
              edges = Object.values(data?.exam ?? {}).reduce((sum, page) => sum + page.edges.length, 0);
            },
            error: reject,
            complete: () => resolve(edges),
          },
        );
      });
    const { result, others } = await answeredDuring(Promise.all(Array.from({ length: 20 }, run)));
    expect(result).toEqual(Array<number>(20).fill(50 * 500));
    expect(others).toBeGreaterThan(3);
    await client.dispose();
  });

  it('are the same however the client writes the Accept header', async () => {
    const query = pages(15, '__typename id details timestamp endedAt review { by }');
    const answer = await ask(query);
    expect(answer).toEqual(await ask(query, { accept: 'application/json;q=0.9' }));
    expect(answer.data.exam['p14']?.edges[499]?.node.details).toBe('Noise "499" ☃');
  });
});

describe('without credentials', () => {
  const introspect = async (query: string) => {
    const response = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, { headers: { accept: 'application/json' } });
    return (await response.json()) as { data?: unknown; errors?: { message: string }[] };
  };

  it('a client may ask for the whole schema once, as GraphiQL does', async () => {
    expect((await introspect(getIntrospectionQuery())).data).toMatchObject({ __schema: { queryType: { name: 'Query' } } });
  });

  it('a client may not ask for it again and again in one operation', async () => {
    const whole =
      'types { name fields { name args { name type { name ofType { name } } } type { name ofType { name ofType { name } } } } }';
    const once = await introspect(`{ __schema { ${whole} } }`);
    expect(once.errors).toBeUndefined();
    const often = Array.from({ length: 30 }, (_, n) => `s${n}: __schema { ...whole }`).join(' ');
    const refused = await introspect(`{ ${often} } fragment whole on __Schema { ${whole} }`);
    expect(refused.errors?.[0]?.message).toContain('could return more than');
  });
});

describe('hundreds of reads of a whole exam at once by a candidate', () => {
  it('are answered, and fail nobody else', async () => {
    const { id } = await createExam(server, { settings: { candidateView: 'live' } });
    const credential = await join(server, id, 'user_1');
    const warnings = Array.from({ length: 100 }, () => ({ type: 'noise', details: 'x'.repeat(1_500) }));
    for (let n = 0; n < 10; n++) expect((await server.post(`/exams/${id}/warnings`, { warnings }, { credential })).status).toBe(200);
    const read = async () => {
      const response = await server.rest(`/exams/${id}`, { credential });
      await response.arrayBuffer();
      return response.status;
    };
    const { result } = await answeredDuring(Promise.all(Array.from({ length: 400 }, read)));
    expect(new Set(result)).toEqual(new Set([200]));
  });
});

describe('the statistics of a submission', () => {
  const statsOf = (names: number) => `{${Array.from({ length: names }, (_, n) => `"n${n}":${n % 10}`).join(',')}}`;

  async function submit(userId: string, stats: string): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const body = `{"userId":"${userId}","stats":${stats}}`;
    const response = await server.rest(`/exams/${examId}/submit`, { method: 'POST', headers, body });
    return ((await response.json()) as { id: string }).id;
  }

  /** The answer as it is sent. */
  async function text(query: string): Promise<string> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` };
    return (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
  }

  it('with a million names are returned as they are, and others are answered meanwhile', async () => {
    const names = 1_000_000;
    const submissionId = await submit('user_2', statsOf(names));
    const query = `{ exam(id: "${examId}") { participant(userId: "user_2") { before: id submission { stats id } after: userId } } }`;
    const { result, others } = await answeredDuring(text(query));
    expect(others).toBeGreaterThan(3);
    const [start = '', statistics = '', end = ''] = result.split(/(?<="stats":)(\{[^}]*\})/);
    expect(statistics.split('":').length - 1).toBe(names);
    expect(statistics).toContain(`"n999999": 9`);
    expect(JSON.parse(`${start}{}${end}`)).toMatchObject({
      data: { exam: { participant: { submission: { stats: {}, id: submissionId }, after: 'user_2' } } },
    });
  });

  it('are returned as they are beside an error', async () => {
    // Whoever parses this number and writes it again makes null of it.
    const submissionId = await submit('user_3', '{"large":1e400}');
    const fails = `exam(id: "${examId}") { warnings(first: 501) { edges { node { id } } } }`;
    const { result } = await answeredDuring(text(`{ node(id: "${submissionId}") { ... on Submission { stats } } ${fails} }`));
    expect(result).toContain(`"stats":{"large": 1${'0'.repeat(400)}}`);
    expect(JSON.parse(result)).toMatchObject({ errors: [{ path: ['exam'], extensions: { details: [{ field: 'first' }] } }] });
  });

  it('that are large are refused by transports that would delay everybody', async () => {
    const submissionId = await submit('user_4', statsOf(20_000));
    const query = `{ node(id: "${submissionId}") { ... on Submission { id stats } } }`;
    const refused = { message: expect.stringContaining('POST with Accept: application/json') };
    type Found = { data: { node: { stats: object } | null } };
    const other = await ask<Found>(query, { credential: ADMIN_KEY, accept: 'application/json;q=0.9' });
    expect(other).toMatchObject({ data: { node: null }, errors: [refused] });
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/json' };
    const byGet = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, { headers });
    expect(await byGet.json()).toMatchObject({ data: { node: null }, errors: [refused] });
    const bySocket = collect(server.subscribe(), query, {});
    await bySocket.end();
    expect(bySocket.errors).toMatchObject([refused]);
    const { data } = await ask<Found>(query, { credential: ADMIN_KEY });
    expect(Object.keys(data.node?.stats ?? {})).toHaveLength(20_000);
  });

  it('are the same in lists, and by every transport', async () => {
    const { id } = await createExam(server, { settings: { candidateView: 'live' } });
    const stats = { text: 'Tom said "hi", {} [] \\ ☃', list: [1, { deep: [null, true] }], empty: {} };
    for (const userId of ['user_1', 'user_2']) await server.post(`/exams/${id}/submit`, { userId, stats: { ...stats, userId } });
    const query = `{ exam(id: "${id}") { participants(first: 60) { edges { node { userId submission { stats } } } } } }`;
    type Seats = { exam: { participants: { edges: { node: { userId: string; submission: { stats: unknown } } }[] } } };
    const expected = ['user_1', 'user_2'].map((userId) => ({ userId, submission: { stats: { ...stats, userId } } }));
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` };
    for (const accept of ['application/json', 'application/json;q=0.9']) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { ...headers, accept },
        body: JSON.stringify({ query }),
      });
      const { data } = (await response.json()) as { data: Seats };
      expect(data.exam.participants.edges.map(({ node }) => node)).toEqual(expected);
    }
    const overSocket = collect<Seats>(server.subscribe(), query, {});
    const [seats] = await overSocket.take(1);
    expect(seats?.exam.participants.edges.map(({ node }) => node)).toEqual(expected);
  });
});
