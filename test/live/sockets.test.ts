import * as fc from 'fast-check';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { openConsole } from '../helpers/consoles.ts';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { openClient } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { openUntilExpired } from '../helpers/short-token.ts';
import { type Message, openSocket } from '../helpers/socket.ts';

const TOKEN_SECRET = 'a secret that is only good for these tests';
const EVENTS = 'subscription Events($examId: ID!, $after: SafeInt) { examEvents(examId: $examId, after: $after) { seq } }';
const WARNINGS = /* GraphQL */ `
  subscription Warnings($examId: ID!, $after: SafeInt) {
    warningAdded(examId: $examId, after: $after) {
      seq
      userId
      details
    }
  }
`;
/** An answer of some 80 KB for a warning with details of 2,000 characters. */
const LARGE = `subscription Large($examId: ID!, $after: SafeInt) {
  warningAdded(examId: $examId, after: $after) { seq ${Array.from({ length: 40 }, (_, i) => `d${i}: details`).join(' ')} }
}`;

interface Warned {
  seq: number;
  userId: string;
  details: string | null;
}

const warned = (messages: Message[]) =>
  messages.flatMap(({ payload }) => (payload?.data ? [payload.data['warningAdded'] as Warned & Record<string, string>] : []));
const seqsOf = (messages: Message[]) => warned(messages).map(({ seq }) => seq);

let server: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer({ LOG_LEVEL: 'debug', TOKEN_SECRET });
  database = await openClient(server.databaseUrl);
});
afterAll(async () => {
  await database.end();
  await server.stop();
});

function connect(credential?: string, to = server) {
  const socket = openSocket(to);
  onTestFinished(() => socket.webSocket.terminate());
  return { socket, ready: socket.init(credential) };
}

async function connected(credential?: string, to = server) {
  const { socket, ready } = connect(credential, to);
  await ready;
  return socket;
}

const executionsOf = (examId: string) =>
  server
    .log()
    .split('\n')
    .filter((line) => line.includes('a shared execution begins') && line.includes(examId)).length;

const last = async (examId: string) =>
  (await database.query<{ seq: number }>('SELECT "lastSeq"::int AS seq FROM "Exam" WHERE id = $1', [examId])).rows[0]?.seq ?? 0;

async function flood(to: TestServer, examId: string, count: number, warning: object = { type: 'noise' }): Promise<void> {
  for (let left = count; left > 0; left -= 100) {
    const warnings = Array.from({ length: Math.min(100, left) }, () => warning);
    expect((await to.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings })).status).toBe(200);
  }
}

describe('consoles with the same subscription', () => {
  it('share an execution and get the same events if their rights are the same, from whatever position they start', async () => {
    const { id: examId } = await createExam(server);
    await report(server, examId, 'user_1', ['noise', 'books']);
    const keys = [await createKey(server, 'PROCTOR'), await createKey(server, 'PROCTOR')];
    const sockets = await Promise.all(keys.map(({ key }) => connected(key)));
    sockets.forEach((socket, i) => socket.subscribe('same', WARNINGS, { examId, after: i }));
    await Promise.all(sockets.map((socket) => socket.of('same', 2)));
    await report(server, examId, 'user_2', ['tab_switch']);
    const answers = await Promise.all(sockets.map((socket) => socket.of('same', 3)));
    expect(answers[0]).toEqual(answers[1]);
    expect(executionsOf(examId)).toBe(1);
  });

  it('never share results made with other rights', async () => {
    const exam = await createExam(server, { settings: { candidateView: 'live' } });
    const { id: examId } = exam;
    const [first, second] = [await join(server, examId, 'user_1'), await join(server, examId, 'user_2')];
    const lms = await createKey(server, 'LMS');
    const credentials = [undefined, lms.key, tokenIn(exam.adminUrl), first, second];
    const [admin, key, link, mine, theirs] = await Promise.all(credentials.map((credential) => connected(credential)));
    for (const socket of [admin, key, link, mine, theirs]) socket?.subscribe('1', WARNINGS, { examId, after: 0 });
    for (let i = 0; i < 5; i++) {
      await report(server, examId, 'user_1', ['noise']);
      await report(server, examId, 'user_2', ['books']);
    }
    for (const staff of [admin, key, link]) expect(warned((await staff?.of('1', 10)) ?? [])).toHaveLength(10);
    expect(warned((await mine?.of('1', 5)) ?? []).map(({ userId }) => userId)).toEqual(Array.from({ length: 5 }, () => 'user_1'));
    expect(warned((await theirs?.of('1', 5)) ?? []).map(({ userId }) => userId)).toEqual(Array.from({ length: 5 }, () => 'user_2'));
    expect(executionsOf(examId)).toBe(5);
  });

  it('do not share if the variable for the start position is used for anything else', async () => {
    const { id: examId } = await createExam(server);
    await report(server, examId, 'user_1', ['noise']);
    const query = `subscription ($examId: ID!, $after: SafeInt!, $full: Boolean!) {
      examEvents(examId: $examId, after: $after) { seq at @include(if: $full) }
    }`;
    const socket = await connected();
    socket.subscribe('short', query, { examId, after: 0, full: false });
    socket.subscribe('full', query, { examId, after: 0, full: true });
    const [short] = await socket.of('short', 1);
    const [full] = await socket.of('full', 1);
    expect(short?.payload?.data).toEqual({ examEvents: { seq: 1 } });
    expect(full?.payload?.data).toEqual({ examEvents: { seq: 1, at: expect.any(String) } });
  });

  it('from another tenant, or with the link of another exam, are refused and get nothing', async () => {
    const [exam, other] = [await createExam(server), await createExam(server)];
    const watching = await connected();
    watching.subscribe('1', WARNINGS, { examId: exam.id, after: 0 });
    const stranger = await createKey(server, 'PROCTOR', 'another-school');
    for (const credential of [stranger.key, tokenIn(other.adminUrl)]) {
      const socket = await connected(credential);
      socket.subscribe('1', WARNINGS, { examId: exam.id, after: 0 });
      const [refusal, end] = await socket.of('1', 2);
      expect(refusal).toMatchObject({ type: 'next', payload: { errors: [{ extensions: { code: 'NOT_FOUND' } }] } });
      expect(end).toEqual({ id: '1', type: 'complete' });
      await report(server, exam.id, 'user_1', ['noise']);
      await watching.of('1', 1);
      expect(await socket.of('1', 2)).toHaveLength(2);
    }
  });
});

describe('a live subscription', () => {
  it('ends when its API key is revoked, while others that share its execution continue', async () => {
    const { id: examId } = await createExam(server);
    const { key, id } = await createKey(server, 'PROCTOR');
    const { key: kept } = await createKey(server, 'PROCTOR');
    const [revoked, other] = [await connected(key), await connected(kept)];
    for (const socket of [revoked, other]) socket.subscribe('1', WARNINGS, { examId, after: 0 });
    await report(server, examId, 'user_1', ['noise']);
    await Promise.all([revoked.of('1', 1), other.of('1', 1)]);
    await server.graphql().request(`mutation { revokeApiKey(id: "${id}") { revokedAt } }`);
    expect(await revoked.closed).toEqual({ code: 4403, reason: 'API key revoked' });
    await report(server, examId, 'user_1', ['books']);
    expect(await other.of('1', 2)).toHaveLength(2);
    expect(revoked.messages.filter(({ type }) => type === 'next')).toHaveLength(1);
  });

  it('ends when its token expires', async () => {
    const { id: examId } = await createExam(server);
    await report(server, examId, 'user_1', ['noise']);
    const socket = await openUntilExpired({ examId, secret: TOKEN_SECRET }, async (token) => {
      const opened = openSocket(server);
      onTestFinished(() => opened.webSocket.terminate());
      await opened.init(token);
      if (opened.webSocket.readyState === WebSocket.OPEN) opened.subscribe('1', WARNINGS, { examId, after: 0 });
      return (await opened.of('1', 1)).length > 0 ? opened : null;
    });
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Token expired' });
  });

  it('completes when its exam is deleted, after all earlier events', async () => {
    const { id: examId } = await createExam(server);
    const sockets = [await connected(), await connected()];
    for (const socket of sockets) socket.subscribe('1', WARNINGS, { examId, after: 0 });
    await report(server, examId, 'user_1', ['noise', 'books']);
    await Promise.all(sockets.map((socket) => socket.of('1', 2)));
    await database.query('DELETE FROM "Exam" WHERE id = $1', [examId]);
    for (const socket of sockets) expect((await socket.of('1', 3)).map(({ type }) => type)).toEqual(['next', 'next', 'complete']);
  });

  it('that starts at a position beyond the log gets an error on its id, even if others are live', async () => {
    const { id: examId } = await createExam(server);
    await report(server, examId, 'user_1', ['noise']);
    const socket = await connected();
    socket.subscribe('live', WARNINGS, { examId, after: 0 });
    await socket.of('live', 1);
    const end = await last(examId);
    socket.subscribe('ahead', WARNINGS, { examId, after: end + 1_000 });
    const [refusal] = await socket.of('ahead', 1);
    expect(refusal).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'RESYNC_REQUIRED', oldestSeq: end + 1 } }] });
    await report(server, examId, 'user_1', ['books']);
    expect(await socket.of('live', 2)).toHaveLength(2);
  });

  it('gets every character and long messages unchanged, also with several on one socket', async () => {
    const { id: examId } = await createExam(server);
    const details = ['ascii', 'é à ü ñ', '漢字かな', '🦊👩‍👩‍👧', '"quotes" \\ and \n lines', 'x'.repeat(2_000), '漢'.repeat(2_000)];
    const socket = await connected();
    const ids = ['plain', 'ключ 🗝', 'x'.repeat(200)];
    for (const id of ids) socket.subscribe(id, LARGE, { examId, after: 0 });
    const warnings = details.map((text) => ({ type: 'noise', details: text }));
    expect((await server.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings })).status).toBe(200);
    for (const id of ids) {
      const seen = warned(await socket.of(id, details.length));
      expect(seen.map(({ d0 }) => d0)).toEqual(details);
      expect(seen.map(({ d39 }) => d39)).toEqual(details);
    }
  });

  it('also works over server-sent events', async () => {
    const { id: examId } = await createExam(server);
    await report(server, examId, 'user_1', ['noise']);
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${(await createKey(server, 'PROCTOR')).key}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query: WARNINGS, variables: { examId, after: 0 } }),
    });
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.includes('"userId"')) break;
    }
    expect(text).toContain('"warningAdded":{"seq":');
  });
});

describe('a subscription that starts during a flood of events', () => {
  it('misses and repeats nothing, at whatever position and time it starts', async () => {
    const { id: examId } = await createExam(server);
    const total = 1_600;
    await flood(server, examId, 300);
    const flooding = (async () => {
      for (let sent = 300; sent < total; sent += 10) await flood(server, examId, 10);
    })();
    const starts = fc.sample(fc.record({ part: fc.double({ min: 0, max: 1, noNaN: true }), delay: fc.nat(1_500) }), 20);
    const readers = starts.map(async ({ part, delay }) => {
      await new Promise((resolve) => setTimeout(resolve, delay));
      const after = Math.floor(part * (await last(examId)));
      const socket = await connected();
      socket.subscribe('1', EVENTS, { examId, after });
      return { after, socket };
    });
    const sockets = await Promise.all(readers);
    await flooding;
    const end = await last(examId);
    for (const { after, socket } of sockets) {
      const seqs = (await socket.of('1', end - after)).map(
        ({ payload }) => (payload?.data?.['examEvents'] as { seq: number } | undefined)?.seq,
      );
      expect(seqs).toEqual(Array.from({ length: end - after }, (_, i) => after + i + 1));
    }
    expect(executionsOf(examId)).toBeLessThan(20);
  });

  it('starts with the next event if it has no position', async () => {
    const { id: examId } = await createExam(server);
    await flood(server, examId, 50);
    const socket = await connected();
    socket.subscribe('1', WARNINGS, { examId });
    socket.send({ type: 'ping' });
    await socket.until(1, ({ type }) => type === 'pong');
    socket.subscribe('2', WARNINGS, { examId, after: await last(examId) });
    let seen = 0;
    while (seen === 0) {
      await flood(server, examId, 1);
      seen = (
        await Promise.race([
          socket.of('1', 1),
          server
            .graphql()
            .request('{ __typename }')
            .then(() => []),
        ])
      ).length;
    }
    await flood(server, examId, 20);
    const end = await last(examId);
    await socket.until(1, (message) => message.id === '1' && seqsOf([message]).includes(end));
    const seqs = seqsOf(await socket.of('1', 1));
    expect(seqs[0]).toBeGreaterThan(50);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => end - seqs.length + 1 + i));
  });

  it('loses nothing at a restart, which closes the socket with 1012', async () => {
    const own = await startTestServer();
    onTestFinished(() => own.stop());
    const { id: examId } = await createExam(own);
    const console = openConsole([own], examId);
    onTestFinished(() => console.close());
    const { socket, ready } = connect(undefined, own);
    await ready;
    await flood(own, examId, 200);
    await own.shutDown();
    expect(await socket.closed).toEqual({ code: 1012, reason: 'Service restart' });
    await own.restart();
    await flood(own, examId, 200);
    await console.until(400);
    expect(new Set(console.seen.map(({ id }) => id)).size).toBe(400);
    expect(console.seen.map(({ seq }) => seq)).toEqual(console.seen.map(({ seq }) => seq).toSorted((a, b) => a - b));
  });
});

describe('a socket that does not read', () => {
  const details = 'x'.repeat(2_000);

  it('gets everything later, in order, while others get it immediately', async () => {
    const { id: examId } = await createExam(server);
    const [slow, quick] = [await connected(), await connected()];
    for (const socket of [slow, quick]) socket.subscribe('1', LARGE, { examId, after: 0 });
    await flood(server, examId, 1, { type: 'noise', details });
    await slow.of('1', 1);
    slow.webSocket.pause();
    await flood(server, examId, 300, { type: 'noise', details });
    const expected = seqsOf(await quick.of('1', 301));
    expect(slow.messages.length).toBeLessThan(100);
    slow.webSocket.resume();
    const seqs = seqsOf(await slow.of('1', 301));
    expect(seqs).toEqual(expected);
    await report(server, examId, 'user_1', ['books']);
    expect(seqsOf(await slow.of('1', 302))).toHaveLength(302);
  });

  it('is closed after a while with a code after which clients reconnect', async () => {
    const own = await startTestServer({ SOCKET_STALL_SECONDS: '1', LOG_LEVEL: 'info' });
    onTestFinished(() => own.stop());
    const { id: examId } = await createExam(own);
    const [slow, quick] = [await connected(undefined, own), await connected(undefined, own)];
    slow.subscribe('1', LARGE, { examId, after: 0 });
    // All of it together waits in the buffers of the system, if this process has no time to read.
    quick.subscribe('1', WARNINGS.replace('details', ''), { examId, after: 0 });
    await flood(own, examId, 1, { type: 'noise', details });
    await slow.of('1', 1);
    slow.webSocket.pause();
    await flood(own, examId, 300, { type: 'noise', details });
    await expect.poll(() => own.log()).toContain('closing a socket that does not read');
    slow.webSocket.resume();
    expect(await slow.closed).toEqual({ code: 4408, reason: 'Too slow' });
    const seqs = seqsOf(await slow.of('1', 1));
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => (seqs[0] ?? 0) + i));
    expect(seqsOf(await quick.of('1', 301))).toHaveLength(301);
  });
});

describe('a socket', () => {
  it('that does not authenticate is closed after three seconds', async () => {
    const before = Date.now();
    const { code } = await openSocket(server).closed;
    expect(code).toBe(4408);
    expect(Date.now() - before).toBeGreaterThan(2_500);
  });

  it('from a page of another origin is refused', async () => {
    await expect(openSocket(server, { origin: 'https://elsewhere.example' }).opened).rejects.toThrow('403');
    await openSocket(server, { origin: server.url }).opened;
  });

  it('may run fifty operations; one more gets an error on its id', async () => {
    const { id: examId } = await createExam(server);
    const socket = await connected();
    for (let i = 0; i <= 50; i++) socket.subscribe(`s${i}`, WARNINGS, { examId, after: 0 });
    expect(await socket.of('s50', 1)).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'RATE_LIMITED' } }] }]);
    socket.send({ id: 's0', type: 'complete' });
    socket.subscribe('again', WARNINGS, { examId, after: 0 });
    await report(server, examId, 'user_1', ['noise']);
    for (let i = 1; i < 50; i++) expect(await socket.of(`s${i}`, 1)).toMatchObject([{ type: 'next' }]);
    expect(await socket.of('again', 1)).toMatchObject([{ type: 'next' }]);
    expect(socket.messages.filter(({ id }) => id === 's0')).toEqual([]);
  });

  it('stays open after a mistake, which gets an error on its id', async () => {
    const socket = await connected();
    socket.subscribe('syntax', 'subscription {');
    socket.subscribe('validation', 'subscription { nonsense }');
    socket.subscribe('huge', `{ ${'__typename '.repeat(20_000)} }`);
    for (const id of ['syntax', 'validation', 'huge'])
      expect(await socket.of(id, 1)).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'INVALID_REQUEST' } }] }]);
    socket.subscribe('fine', '{ __typename }');
    expect(await socket.of('fine', 2)).toMatchObject([{ payload: { data: { __typename: 'Query' } } }, { type: 'complete' }]);
  });

  it.each([
    [
      'that uses an id twice',
      4409,
      (socket: ReturnType<typeof openSocket>, examId: string) => {
        socket.subscribe('1', WARNINGS, { examId });
        socket.subscribe('1', WARNINGS, { examId });
      },
    ],
    ['that sends something outside the protocol', 4400, (socket: ReturnType<typeof openSocket>) => socket.webSocket.send('hello')],
    [
      'that sends more than a megabyte at once',
      1009,
      (socket: ReturnType<typeof openSocket>) => socket.webSocket.send('x'.repeat(2 ** 20 + 1)),
    ],
    [
      'that sends more messages than anybody types',
      4429,
      (socket: ReturnType<typeof openSocket>) => {
        for (let i = 0; i < 400; i++) socket.send({ type: 'ping' });
      },
    ],
    [
      'that sends more ping frames than anybody needs',
      4429,
      // Not all at once: that many without an answer would end the socket without a word.
      ({ webSocket }: ReturnType<typeof openSocket>) => {
        webSocket.on('pong', () => webSocket.ping());
        for (let i = 0; i < 20; i++) webSocket.ping();
      },
    ],
  ])('%s is closed with %i', async (_what, code, misbehave) => {
    const { id: examId } = await createExam(server);
    const socket = await connected();
    misbehave(socket, examId);
    expect((await socket.closed).code).toBe(code);
  });

  it('is one of at most twenty per candidate', async () => {
    const { id: examId } = await createExam(server);
    const token = await join(server, examId, 'user_1');
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connected(token)));
    const { socket } = connect(token);
    expect(await socket.closed).toEqual({ code: 4429, reason: 'Too many connections' });
    const [first] = sockets;
    first?.webSocket.close();
    await first?.closed;
    await expect
      .poll(async () => {
        const retry = connect(token);
        await retry.ready;
        return retry.socket.messages.length;
      })
      .toBe(1);
  });
});
