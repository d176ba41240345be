import { on } from 'node:events';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createExam, join } from '../helpers/exam.ts';
import { openPool } from '../helpers/postgres.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { askUpload, beginUpload, patch } from '../helpers/tus.ts';

let server: TestServer;
let pool: Pool;
let examId: string;
beforeAll(async () => {
  server = await startTestServer();
  pool = openPool({ connectionString: server.databaseUrl });
  examId = (await createExam(server)).id;
});
afterAll(async () => {
  await pool.end();
  await server.stop();
});

/** Everything that asks for a recording fails on the server's side meanwhile. */
async function withoutRecordings<T>(run: () => Promise<T>): Promise<T> {
  await pool.query('ALTER TABLE "Recording" RENAME TO "Gone"');
  try {
    return await run();
  } finally {
    await pool.query('ALTER TABLE "Gone" RENAME TO "Recording"');
  }
}

interface Line {
  level: number;
  requestId?: string;
}

const ERROR = 50;
const failures = (): Line[] =>
  server
    .log()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level }) => level >= ERROR);

const RECORDINGS = 'query ($id: ID!) { exam(id: $id) { recordings { edges { node { id } } } } }';
const PROGRESS = 'subscription ($id: ID!) { recordingProgress(recordingId: $id) { stage } }';

/** The id of the answer, and the one in its error where the door gives it there. */
interface Answered {
  header: string | null;
  inError: string | undefined;
}

type Errors = { message: string; extensions: { code: string; requestId?: string } }[];

interface GraphqlAnswer {
  errors?: Errors;
}

interface Message {
  type: string;
  payload: GraphqlAnswer & Errors;
}

function graphqlAnswered(response: Response, { errors }: GraphqlAnswer): Answered {
  expect(errors?.[0]?.extensions.code).toBe('SERVER_ERROR');
  return { header: response.headers.get('x-request-id'), inError: errors?.[0]?.extensions.requestId ?? 'missing' };
}

const authorization = `Bearer ${ADMIN_KEY}`;

async function postGraphql(accept: string, query: string, variables: object = { id: examId }): Promise<Response> {
  return fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization, accept, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
}

async function postMultipart(): Promise<Response> {
  const body = new FormData();
  body.set('operations', JSON.stringify({ query: RECORDINGS, variables: { id: examId } }));
  body.set('map', '{}');
  return fetch(`${server.url}/graphql`, { method: 'POST', headers: { authorization }, body });
}

async function getGraphql(): Promise<Response> {
  const params = new URLSearchParams({ query: RECORDINGS, variables: JSON.stringify({ id: examId }) });
  return fetch(`${server.url}/graphql?${params}`, { headers: { authorization, accept: 'application/json' } });
}

async function rest(path: string, init: RequestInit = {}): Promise<Answered> {
  const response = await server.rest(path, init);
  expect(response.status).toBe(500);
  return { header: response.headers.get('x-request-id'), inError: undefined };
}

async function eventStream(): Promise<Answered> {
  const response = await postGraphql('text/event-stream', PROGRESS, { id: 'rec_any' });
  const text = await response.text();
  const data = /^data: (\{.*\})$/m.exec(text)?.[1] ?? '{}';
  return graphqlAnswered(response, JSON.parse(data) as GraphqlAnswer);
}

/** A socket as a client without a library has it, to see the headers of its opening. */
async function openSocket() {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const header = new Promise<string | null>((resolve) => {
    socket.once('upgrade', ({ headers }) => resolve(headers['x-request-id']?.toString() ?? null));
  });
  const messages = on(socket, 'message');
  const next = async () => JSON.parse(String(((await messages.next()).value as [Buffer])[0])) as Message;
  await new Promise((resolve) => {
    socket.once('open', resolve);
  });
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
  expect((await next()).type).toBe('connection_ack');
  return {
    header: await header,
    async ask(query: string, variables: object): Promise<string | undefined> {
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
      let errors;
      while (!errors) {
        const { type, payload } = await next();
        errors = type === 'error' ? payload : payload.errors;
      }
      expect(errors[0]?.extensions.code).toBe('SERVER_ERROR');
      return errors[0]?.extensions.requestId;
    },
    close: () => socket.close(),
  };
}

async function overSocket(query: string, variables: object): Promise<Answered> {
  const socket = await openSocket();
  const inError = await socket.ask(query, variables);
  socket.close();
  return { header: socket.header, inError: inError ?? 'missing' };
}

const JSON_ONLY = 'application/json';
/** Asks for the same in words of its own, so that the answer is yoga's. */
const BY_YOGA = 'application/json;q=1.0';

const DOORS: [string, () => Promise<Answered>][] = [
  ['REST', () => rest('/recordings/rec_any/retry', { method: 'POST' })],
  ['a GraphQL query', async () => read(await postGraphql(JSON_ONLY, RECORDINGS))],
  ['a GraphQL query that yoga answers', async () => read(await postGraphql(BY_YOGA, RECORDINGS))],
  ['a GraphQL query by GET', async () => read(await getGraphql())],
  ['a GraphQL query by multipart', async () => read(await postMultipart())],
  ['a subscription by server-sent events', eventStream],
  ['a query over a WebSocket', () => overSocket(RECORDINGS, { id: examId })],
  ['a subscription over a WebSocket', () => overSocket(PROGRESS, { id: 'rec_any' })],
];

const read = async (response: Response) => graphqlAnswered(response, (await response.json()) as GraphqlAnswer);

describe('a failure on the server can be found in its log by the request id that the client got', () => {
  it.each(DOORS)('over %s', async (_door, fail) => {
    const before = failures().length;
    const { header, inError } = await withoutRecordings(fail);
    expect(header).toBeTruthy();
    if (inError !== undefined) expect(inError).toBe(header);
    await expect.poll(() => failures().slice(before)).toEqual([expect.objectContaining({ requestId: header })]);
  });

  it('over a resumable upload, both for its status and for its last piece', async () => {
    const before = failures().length;
    const { path } = await beginUpload(server, 4);
    const [asked, finished] = await withoutRecordings(async () => [
      await askUpload(server, path),
      await patch(server, path, 0, Buffer.from('RIFF')),
    ]);
    expect([asked.status, finished.status]).toEqual([500, 500]);
    const ids = [asked, finished].map(({ headers }) => headers.get('x-request-id'));
    await expect.poll(() => failures().slice(before)).toEqual(ids.map((requestId) => expect.objectContaining({ requestId })));
  });

  it('for an event of a shared subscription, whose id names the shared execution', async () => {
    const before = failures().length;
    const query = `subscription ($id: ID!) { examEvents(examId: $id, after: 0) { ... on ParticipantChanged { participant { recordings { id } } } } }`;
    const { id } = await createExam(server);
    const socket = await openSocket();
    const inError = await withoutRecordings(async () => {
      // From the beginning: the candidate may join before the server has read the subscription.
      const asked = socket.ask(query, { id });
      await join(server, id, 'user_1');
      return asked;
    });
    socket.close();
    expect(inError).toBeTruthy();
    await expect.poll(() => failures().slice(before)).toEqual([expect.objectContaining({ requestId: inError })]);
  });

  it('for each of many failures at the same time', async () => {
    const before = failures().length;
    const asks = Array.from({ length: 5 }, () => DOORS).flat();
    const answered = await withoutRecordings(() => Promise.all(asks.map(([, fail]) => fail())));
    for (const { header, inError } of answered) if (inError !== undefined) expect(inError).toBe(header);
    await expect.poll(() => failures().length - before).toBe(asks.length);
    const logged = failures().slice(before);
    expect(new Set(logged.map(({ requestId }) => requestId))).toEqual(new Set(answered.map(({ header }) => header)));
  });
});

it("a client's own mistake has no request id and is not logged", async () => {
  const before = failures().length;
  const response = await postGraphql(JSON_ONLY, '{ nothing }');
  const { errors } = (await response.json()) as GraphqlAnswer;
  expect(errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
  expect(failures()).toHaveLength(before);
});

it('a refused socket has a request id too', async () => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/elsewhere`);
  const header = await new Promise((resolve) => {
    socket.once('unexpected-response', (_req, { headers }) => resolve(headers['x-request-id']));
  });
  expect(header).toBeTruthy();
});
