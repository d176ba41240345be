import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const open = () => connect(Number(new URL(server.url).port), '127.0.0.1');

/** What the server answers to bytes, up to the end of the connection. */
async function answerTo(bytes: string): Promise<{ status: string; headers: string; body: string }> {
  const socket = open();
  socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  const [status = '', ...headers] = head.split('\r\n');
  return { status, headers: headers.join('\n').toLowerCase(), body };
}

describe('a request that is not HTTP', () => {
  it.each([
    [
      'with headers above the limit',
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
    ['with a header without a name', 'GET /healthz HTTP/1.1\r\nHost: x\r\n: value\r\n\r\n', '400 Bad Request'],
    ['with a version that does not exist', 'GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n', '400 Bad Request'],
    ['with two lengths', 'POST /api/exams HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', '400 Bad Request'],
    ['of a TLS client', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '400 Bad Request'],
  ])('%s is answered in the documented envelope before its connection ends', async (_what, bytes, status) => {
    const answer = await answerTo(bytes);
    expect(answer.status).toBe(`HTTP/1.1 ${status}`);
    expect(answer.headers).toMatch(/^connection: close$/m);
    expect(answer.headers).toMatch(/^x-request-id: \S+$/m);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'invalid_request', details: [{ field: 'headers' }] } });
  });

  it('is answered after the request before it on the same connection', async () => {
    const socket = open();
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.write('NONSENSE\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('ends the connection without a word while another answer is being sent on it', async () => {
    const { id } = await createExam(server);
    const query = new URLSearchParams({ query: `subscription { warningAdded(examId: "${id}") { type } }` });
    const socket = open();
    const headers = `Host: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n\r\n`;
    socket.write(`GET /graphql?${query} HTTP/1.1\r\n${headers}`);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(String(first)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.on('error', () => {});
    let rest = '';
    socket.setEncoding('utf8').on('data', (more: string) => {
      rest += more;
    });
    socket.write('NONSENSE\r\n\r\n');
    await once(socket, 'close');
    expect(rest).not.toContain('HTTP/1.1');
  });
});

it('an idle connection stays open for longer than the 60 s of common load balancers', async () => {
  const socket = open();
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(String(bytes)).toMatch(/^Keep-Alive: timeout=75\r$/m);
  socket.destroy();
});
