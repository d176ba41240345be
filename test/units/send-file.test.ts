import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDiskStorage } from '../../src/adapters/storage/storage-disk.ts';
import { sendFile, type StoredFile } from '../../src/http/send-file.ts';

const MB = 1024 * 1024;
const bytes = Buffer.from(Array.from({ length: 3 * MB + 7 }, (_, i) => i % 251));
const lastModified = new Date('2025-03-26T15:30:00.750Z');
const modified = 'Wed, 26 Mar 2025 15:30:00 GMT';

let folder: string;
let port: number;
let close: () => Promise<void>;
const errors: unknown[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-downloads-'));
  const storage = createDiskStorage(folder);
  const store = async (key: string, content: Buffer) =>
    storage.commit(await storage.spool(Readable.from([content]), { maxBytes: 100 * MB }), key);
  await store('rec', bytes);
  await store('empty', Buffer.alloc(0));
  await store('large', Buffer.alloc(64 * MB));
  const file = { storage, etag: 'v1', contentType: 'video/webm', lastModified };
  const files: Record<string, StoredFile> = {
    '/rec': { ...file, key: 'rec', size: bytes.length, filename: 'rec_1.webm' },
    '/empty': { ...file, key: 'empty', size: 0 },
    '/large': { ...file, key: 'large', size: 64 * MB, disposition: 'inline' },
    '/gone': { ...file, key: 'gone', size: 5 },
    '/odd': { ...file, key: 'empty', size: 0, filename: 'a"b\\c\r\nX: é\ud800%\'.webm' },
  };
  const server = createServer((req, res) => {
    res.setHeader('X-Request-Id', 'r1');
    sendFile(req, res, files[req.url ?? ''] as StoredFile).catch((error: unknown) => {
      errors.push(error);
      if (!res.headersSent) res.writeHead(500).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  };
});
afterAll(() => close());

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const req = request({ port, host: '127.0.0.1', path, method, headers }).end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return { status: res.statusCode, headers: res.headers, body: await buffer(res) };
}

const openFiles = async () => {
  const links = await readdir('/proc/self/fd').then((fds) => Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))));
  return links.filter((path) => path.startsWith(folder));
};

describe('the download of a recording', () => {
  test('is the whole file, with the headers that a player needs to seek', async () => {
    const { status, headers, body } = await get('/rec');
    expect(status).toBe(200);
    expect(body.equals(bytes)).toBe(true);
    expect(headers).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': String(bytes.length),
      'content-type': 'video/webm',
      etag: '"v1"',
      'last-modified': modified,
      'x-content-type-options': 'nosniff',
      'x-request-id': 'r1',
    });
    expect(headers['content-disposition']).toBe(`attachment; filename="rec_1.webm"; filename*=UTF-8''rec_1.webm`);
    expect((await get('/large', {}, 'HEAD')).headers['content-disposition']).toBe('inline');
  });

  test.for([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=1048570-2097160', 1048570, 2097160],
    ['bytes=3145730-', 3145730, 3145734],
    ['bytes=3145730-99999999999999999999', 3145730, 3145734],
    ['bytes=-5', 3145730, 3145734],
    ['bytes=-99999999', 0, 3145734],
    ['BYTES=1-2', 1, 2],
  ] as const)('with the range %s is that part of the file', async ([range, start, end]) => {
    const { status, headers, body } = await get('/rec', { range });
    expect([status, headers['content-range'], headers['content-length']]).toEqual([
      206,
      `bytes ${start}-${end}/3145735`,
      String(end - start + 1),
    ]);
    expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
  });

  test.for(['bytes=3145735-', 'bytes=9999999999-9999999999', 'bytes=-0'])('with the range %s is answered with 416', async (range) => {
    const { status, headers, body } = await get('/rec', { range });
    expect([status, headers['content-range'], body.length]).toEqual([416, 'bytes */3145735', 0]);
  });

  test.for(['bytes=5-2', 'bytes=-', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,5-6', 'bytes', 'bytes=1'])(
    'with the range %s is the whole file',
    async (range) => {
      const { status, body } = await get('/rec', { range });
      expect([status, body.length]).toEqual([200, bytes.length]);
    },
  );

  test.for([
    ['"v1"', 206],
    ['"v0"', 200],
    ['W/"v1"', 200],
    [modified, 206],
    ['Wed, 26 Mar 2025 15:29:59 GMT', 200],
  ] as const)('of a range with If-Range %s is answered with %i', async ([version, status]) => {
    expect((await get('/rec', { range: 'bytes=1-2', 'if-range': version })).status).toBe(status);
  });

  test.for([
    [{ 'if-none-match': '"v1"' }, 304],
    [{ 'if-none-match': '"v0", W/"v1"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"v0"' }, 200],
    [{ 'if-none-match': '"v0"', 'if-modified-since': modified }, 200],
    [{ 'if-modified-since': modified }, 304],
    [{ 'if-modified-since': 'Wed, 26 Mar 2025 15:29:59 GMT' }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
  ] as const)('of a file that the client has already, with %j, is answered with %i', async ([headers, status]) => {
    const answer = await get('/rec', headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.etag).toBe('"v1"');
    if (status === 304) expect(answer.body.length).toBe(0);
  });

  test('with HEAD has the same headers without the bytes, and ignores ranges', async () => {
    const { status, headers, body } = await get('/rec', { range: 'bytes=1-2' }, 'HEAD');
    expect([status, headers['content-length'], body.length]).toEqual([200, String(bytes.length), 0]);
  });

  test('works twice at the same time on one connection, one after the other', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /rec HTTP/1.1\r\nHost: a\r\n\r\nGET /rec HTTP/1.1\r\nHost: a\r\nRange: bytes=5-1048999\r\nConnection: close\r\n\r\n');
    const answer = await buffer(socket);
    const [first, second] = [answer.indexOf('\r\n\r\n') + 4, answer.lastIndexOf('\r\n\r\n') + 4];
    expect(answer.subarray(first, first + bytes.length).equals(bytes)).toBe(true);
    expect(answer.subarray(second).equals(bytes.subarray(5, 1_049_000))).toBe(true);
  });

  test('works for an empty file', async () => {
    const { status, headers, body } = await get('/empty');
    expect([status, headers['content-length'], body.length]).toEqual([200, '0', 0]);
    expect((await get('/empty', { range: 'bytes=0-' })).status).toBe(416);
    expect((await get('/empty', { range: 'bytes=-1' })).status).toBe(416);
  });

  test('has a filename that cannot break out of its header', async () => {
    const { headers } = await get('/odd');
    expect(headers['content-disposition']).toBe(
      `attachment; filename="a_b_c__X: ___'.webm"; filename*=UTF-8''a%22b%5Cc%0D%0AX%3A%20%C3%A9%EF%BF%BD%25%27.webm`,
    );
    expect(headers['x']).toBeUndefined();
  });

  test('of missing bytes fails early enough to be answered with an error', async () => {
    expect((await get('/gone')).status).toBe(500);
    expect(errors.splice(0)).toMatchObject([{ code: 'ENOENT' }]);
  });

  test.skipIf(process.platform !== 'linux')('keeps no file open for long if the client leaves or never reads', async () => {
    const before = process.memoryUsage.rss();
    const clients = Array.from({ length: 5 }, () => request({ port, host: '127.0.0.1', path: '/large' }).end());
    const responses = await Promise.all(clients.map(async (req) => ((await once(req, 'response')) as [IncomingMessage])[0]));
    await expect.poll(openFiles).toHaveLength(5);
    expect((process.memoryUsage.rss() - before) / MB).toBeLessThan(80);
    for (const res of responses) res.destroy();
    await expect.poll(openFiles).toEqual([]);
    expect(errors).toEqual([]);
  });
});
