import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join } from '../helpers/exam.ts';
import { startLive } from '../helpers/live.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { FORM, formStart, openRequest } from '../helpers/raw-request.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { beginUpload, tusHeaders } from '../helpers/tus.ts';

/** 256 bytes a second are asked for, over so long. */
const SECONDS = 1;

let server: TestServer;
let examId: string;
let token: string;
let recordingId: string;
beforeAll(async () => {
  server = await startTestServer({ SLOW_REQUEST_SECONDS: String(SECONDS), INLINE_WORKER: 'false' });
  examId = (await createExam(server)).id;
  token = await join(server, examId, 'candidate');
  recordingId = (await startLive(server, { examId, userId: 'candidate' })).id;
});
afterAll(() => server.stop());

const authorization = `Bearer ${ADMIN_KEY}`;

/** Sends a byte from time to time until the connection is gone. @returns milliseconds until then */
async function trickle(request: { write(bytes: string): void; closed: Promise<void> }): Promise<number> {
  const start = performance.now();
  const timer = setInterval(() => request.write('x'), 50);
  try {
    await request.closed;
    return performance.now() - start;
  } finally {
    clearInterval(timer);
  }
}

describe('a client that sends one byte at a time', () => {
  it('is disconnected at every endpoint, with an answer if it has none yet', async () => {
    const { path: upload } = await beginUpload(server, 100_000);
    const form = formStart({ examId, userId: 'candidate', type: 'webcam' }, 'file');
    const doors = [
      { path: '/graphql', type: 'application/json', start: '{"query":"' },
      { path: '/graphql', type: FORM, start: '--b\r\n' },
      { path: '/api/exams', type: 'application/json', start: '{"title":"' },
      { path: '/api/recordings', type: FORM, start: form },
      { path: `/api/exams/${examId}/submit`, type: FORM, start: form },
      { path: `/api/exams/${examId}/submit`, type: 'application/json', start: '{"webcam":{"data":"' },
      { path: `/api/exams/${examId}/snapshots?userId=candidate`, type: 'image/jpeg', start: '' },
      { path: `/api/recordings/${recordingId}/chunks/0`, method: 'PUT', type: 'video/webm', start: '' },
    ];
    const ends = doors.map(async ({ path, type, start, method = 'POST' }) => {
      const request = openRequest(server, { path, method, headers: { 'content-type': type, 'content-length': '100000', authorization } });
      request.write(start);
      const ms = await trickle(request);
      const { status, body } = await request.answer;
      expect([path, status, ms > SECONDS * 900, ms < SECONDS * 6_000 + LATE_MS], body).toEqual([path, 400, true, true]);
      expect(body).toContain('The body arrived too slowly');
    });
    const patch = openRequest(server, {
      path: new URL(upload, server.url).pathname,
      method: 'PATCH',
      headers: {
        ...tusHeaders(),
        'content-type': 'application/offset+octet-stream',
        'upload-offset': '0',
        'content-length': '100000',
      },
    });
    await Promise.all([...ends, trickle(patch)]);
    await expect.poll(() => server.storedFiles().then((names) => names.filter((name) => name.includes('spool')))).toEqual([]);
  });

  it('is disconnected even if its body is not needed', async () => {
    const headers = { 'content-length': '100000', authorization };
    const answered = [
      openRequest(server, { path: '/healthz', method: 'GET', headers }),
      openRequest(server, { path: `/api/exams/${examId}`, method: 'GET', headers }),
      openRequest(server, { path: `/api/exams/${examId}/heartbeat`, headers: { ...headers, authorization: `Bearer ${token}` } }),
    ];
    await Promise.all(answered.map(async (request) => expect(await trickle(request)).toBeLessThan(SECONDS * 6_000 + LATE_MS)));
  });

  it('is disconnected while it sends headers, even three hundred at a time', async () => {
    const sockets = Array.from({ length: 300 }, () => connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {}));
    for (const socket of sockets) socket.write('POST /api/exams HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const trickles = sockets.map((socket) => {
      const closed = new Promise<void>((resolve) => {
        socket.resume().once('close', () => resolve());
      });
      return trickle({ write: (text) => void socket.write(text), closed });
    });
    expect(Math.max(...(await Promise.all(trickles)))).toBeLessThan(SECONDS * 6_000 + LATE_MS);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

describe('a client that is slow', () => {
  it('but steady, or that waits for the server, loses nothing', async () => {
    const title = 'x'.repeat(150);
    const body = JSON.stringify({ title, duration: 60, settings: { padding: 'y'.repeat(9_000) } });
    const request = openRequest(server, {
      path: '/api/exams',
      headers: { 'content-type': 'application/json', 'content-length': String(body.length), authorization },
    });
    // Six times as long as a slow one has, at six times the rate: a busy machine makes pauses.
    for (let at = 0; at < body.length; at += 180) {
      request.write(body.slice(at, at + 180));
      await delay(110);
    }
    const answer = await request.answer;
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { title }]);
  });
});

it('a connection that sends nothing, or never ends its headers, is closed', async () => {
  for (const start of ['', 'GET /healthz HTTP/1.1\r\nX-Slow: ']) {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(start);
    expect([start, await text(socket)]).toEqual([start, expect.stringMatching(/^HTTP\/1\.1 408 /)]);
  }
});
