import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, json, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { GraphQLUpload } from 'graphql-upload-minimal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSpoolScope, type SpoolScope } from '../../src/adapters/storage/spool-scope.ts';
import { createDiskStorage } from '../../src/adapters/storage/storage-disk.ts';
import { AppError } from '../../src/errors.ts';
import { type Answer, answerEarly, type DrainLimits } from '../../src/http/answer-early.ts';
import { type GraphqlFile, readGraphqlMultipart } from '../../src/http/bodies/graphql-multipart.ts';
import { readMultipart } from '../../src/http/bodies/multipart.ts';

const KB = 1024;
const MB = 1024 * KB;
const FILES = { webcam: { maxBytes: 300 * MB }, screen: { maxBytes: MB } };
const TOO_LARGE = { field: 'screen', issue: 'File size exceeds the maximum allowed (1MB)' };
const TRUNCATED = { field: 'body', issue: 'The body ended before it was complete' };

let folder: string;
let port: number;
let close: () => Promise<void>;
/** What the server found out, in the order of its requests. */
let outcomes: unknown[];
let drainLimits: DrainLimits | undefined;
let admit: () => Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-uploads-'));
  outcomes = [];
  drainLimits = undefined;
  admit = async () => {};
  const storage = createDiskStorage(folder);
  await storage.sweep();
  const server = createServer((req, res) => void handle(req).then((answer) => answerEarly(req, res, answer, drainLimits)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;

  async function handle(req: IncomingMessage): Promise<Answer> {
    await using scope = createSpoolScope(storage);
    try {
      const found = req.url === '/graphql' ? await describeOperation(req, scope) : await describeForm(req, scope);
      outcomes.push(found);
      return { status: 200, body: JSON.stringify(found) };
    } catch (error) {
      if (!(error instanceof AppError)) {
        outcomes.push(error);
        return { status: 500, body: '{}' };
      }
      outcomes.push(error.details[0] ?? error.message);
      return { status: 400, body: JSON.stringify(error.details[0] ?? error.message) };
    }
  }

  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});

afterEach(async () => {
  // A client that hung up does not wait for the server to clean up.
  await expect.poll(spooled).toEqual([]);
  await close();
  await rm(folder, { recursive: true, force: true });
});

const spooled = () => readdir(join(folder, 'spool'));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function describeForm(req: IncomingMessage, scope: SpoolScope) {
  const { fields, files } = await readMultipart(req, { scope, files: FILES, maxFieldBytes: 1000, maxFields: 4, admit });
  const described = Object.entries(files).map(([name, { filename, mimeType, size, sha256 }]) => [
    name,
    { filename, mimeType, size, sha256 },
  ]);
  return { fields, files: Object.fromEntries(described) as unknown };
}

async function post(body: FormData | string, path = '/', boundary = 'b') {
  const headers: Record<string, string> = typeof body === 'string' ? { 'content-type': `multipart/form-data; boundary=${boundary}` } : {};
  const res = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers });
  return [res.status, await res.json()];
}

function form(...parts: [name: string, value: string | Uint8Array<ArrayBuffer>, filename?: string, type?: string][]): FormData {
  const data = new FormData();
  for (const [name, value, filename, type = 'video/webm'] of parts) {
    if (typeof value === 'string' && filename === undefined) data.append(name, value);
    else data.append(name, new Blob([value], { type }), filename ?? 'file.webm');
  }
  return data;
}

/** A body by hand: each part is its headers, an empty line, its content. */
const raw = (...parts: string[]) => `${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;
const field = (name: string, value: string) => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (name: string, value: string, filename = 'a.webm', type = 'video/webm') =>
  `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n${value}`;

const options = (): RequestOptions => ({
  port,
  host: '127.0.0.1',
  method: 'POST',
  headers: { 'content-type': 'multipart/form-data; boundary=b' },
});

/** Sends one file of so many bytes, as fast as the server takes them, until it answers. */
async function sendFile(name: string, size: number): Promise<{ status: number | undefined; body: unknown; sent: number }> {
  const block = Buffer.alloc(64 * KB, 7);
  const req = request(options());
  const state = { answered: false };
  const response = once(req, 'response').then(([res]) => {
    state.answered = true;
    return res as IncomingMessage;
  });
  req.write(`--b\r\n${file(name, '')}`);
  let sent = 0;
  for (; sent < size && !state.answered; sent += block.length) if (!req.write(block)) await Promise.race([once(req, 'drain'), response]);
  req.on('error', () => {});
  if (!state.answered) req.end('\r\n--b--\r\n');
  const res = await response;
  const body = await json(res);
  req.destroy();
  return { status: res.statusCode, body, sent };
}

describe('a multipart form', () => {
  test('may have fields and files in any order', async () => {
    const video = randomBytes(5_000_003);
    const screen = randomBytes(MB);
    const expected = {
      fields: { stats: '{"duration":1}', warnings: '[]' },
      files: {
        webcam: { filename: 'Kämera 1.webm', mimeType: 'video/webm', size: video.length, sha256: sha256(video) },
        screen: { filename: 's.mp4', mimeType: 'video/mp4', size: MB, sha256: sha256(screen) },
      },
    };
    const parts: Parameters<typeof form> = [
      ['webcam', video, 'Kämera 1.webm'],
      ['stats', '{"duration":1}'],
      ['screen', screen, '..\\up/s.mp4', 'video/mp4'],
      ['warnings', '[]'],
    ];
    expect(await post(form(...parts))).toEqual([200, expected]);
    expect(await post(form(...parts.toReversed()))).toEqual([200, expected]);
  });

  test('may have JSON fields as blobs; unneeded files are skipped, and empty inputs are ignored', async () => {
    const body = form(
      ['stats', '{"a":1}', 'blob', 'application/json'],
      ['audio', randomBytes(3 * MB), 'a.ogg', 'audio/ogg'],
      ['note', 'hi'],
    );
    expect(await post(body)).toEqual([200, { fields: { stats: '{"a":1}', note: 'hi' }, files: {} }]);
    const empty = raw(
      field('webcam', ''),
      file('screen', '', '', 'application/octet-stream'),
      'X-Odd: 1\r\n\r\nskipped',
      'Content-Disposition: form-data\r\n\r\nnameless',
    );
    expect(await post(empty)).toEqual([200, { fields: {}, files: {} }]);
    expect(await post(raw())).toEqual([200, { fields: {}, files: {} }]);
  });

  test('may use the names of prototype members like any other', async () => {
    const [status, body] = await post(
      raw(field('__proto__', 'x'), field('constructor', 'y'), file('toString', 'z'), field('hasOwnProperty', 'w')),
    );
    expect(status).toBe(200);
    expect(Object.entries((body as { fields: object }).fields)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['hasOwnProperty', 'w'],
    ]);
  });

  test.for([
    ['a field that is given twice', raw(field('stats', '1'), field('stats', '2')), { field: 'stats', issue: 'Given more than once' }],
    ['a file that is given twice', raw(file('webcam', '1'), file('webcam', '2')), { field: 'webcam', issue: 'Given more than once' }],
    [
      'a file and a field of the same name',
      raw(file('webcam', '1'), field('webcam', '')),
      { field: 'webcam', issue: 'Given more than once' },
    ],
    [
      'a field too long',
      raw(field('stats', 'x'.repeat(1001))),
      { field: 'stats', issue: 'Field exceeds the maximum allowed (1000 bytes)' },
    ],
    [
      'a JSON blob too long',
      raw(file('stats', 'x'.repeat(1001), 'blob', 'application/json')),
      { field: 'stats', issue: 'Field exceeds the maximum allowed (1000 bytes)' },
    ],
    ['too many fields', raw(...['a', 'b', 'c', 'd', 'e'].map((name) => field(name, ''))), { field: 'body', issue: 'More than 4 fields' }],
    ['too many files', raw(...Array.from({ length: 11 }, (_, i) => file(`f${i}`, ''))), { field: 'body', issue: 'More than 10 files' }],
    ['too many parts', raw(...Array.from({ length: 50 }, () => 'X-Odd: 1\r\n\r\n')), { field: 'body', issue: 'Too many parts' }],
    ['a recording sent as text', raw(field('webcam', 'AAAA')), { field: 'webcam', issue: 'Must be sent as a file, with a filename' }],
    ['a file above its limit', raw(file('screen', 'x'.repeat(MB + 1))), TOO_LARGE],
    ['headers without end', `--b\r\nX: ${'x'.repeat(100_000)}`, { field: 'body', issue: 'Not valid multipart/form-data' }],
    ['no end', raw(field('stats', '1')).slice(0, -6), TRUNCATED],
    ['an end within a file', `--b\r\n${file('webcam', 'x'.repeat(100_000))}`, TRUNCATED],
    ['an end within a file that is skipped', `--b\r\n${file('audio', 'x'.repeat(100_000))}`, TRUNCATED],
    ['an end within the headers', '--b\r\nContent-Disp', TRUNCATED],
    ['no body', '', TRUNCATED],
    ['rubbish', 'rubbish', TRUNCATED],
  ] as const)('with %s is refused, naming the field', async ([, body, detail]) => {
    expect(await post(body)).toEqual([400, detail]);
  });

  test('is accepted exactly at its limits', async () => {
    const body = raw(
      field('a', 'x'.repeat(1000)),
      field('b', ''),
      field('c', ''),
      field('d', ''),
      file('screen', 'x'.repeat(MB)),
      ...Array.from({ length: 9 }, (_, i) => file(`f${i}`, '')),
    );
    expect((await post(body))[0]).toBe(200);
  });

  test.for(['multipart/form-data', 'multipart/form-data; boundary=', 'text/plain', ''])('with content type %j is refused', async (type) => {
    const res = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: raw(field('a', '1')), headers: { 'content-type': type } });
    expect([res.status, await res.json()]).toEqual([400, { field: 'body', issue: 'Not valid multipart/form-data' }]);
  });

  test('leaves nothing if the client hangs up in the middle of a file', async () => {
    for (const name of ['webcam', 'audio']) {
      const req = request(options());
      req.on('error', () => {});
      const sent = new Promise((resolve) => {
        req.write(`--b\r\n${file(name, 'x'.repeat(2 * MB))}`, resolve);
      });
      if (name === 'webcam') await expect.poll(spooled).toHaveLength(1);
      else await sent;
      req.destroy();
    }
    await expect.poll(() => outcomes).toEqual([TRUNCATED, TRUNCATED]);
  });

  test('of 200 MB does not grow the memory', async () => {
    await sendFile('webcam', 40 * MB);
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10);
    try {
      const { status, body, sent } = await sendFile('webcam', 200 * MB);
      expect(status).toBe(200);
      expect(body).toMatchObject({ files: { webcam: { size: sent, sha256: sha256(Buffer.alloc(sent, 7)) } } });
    } finally {
      clearInterval(watch);
    }
    expect((peak - before) / MB).toBeLessThan(60);
  });
});

describe('an answer to a body that is still being sent', () => {
  test('reaches a client that listens while it sends', async () => {
    const { status, body, sent } = await sendFile('screen', 400 * MB);
    expect([status, body]).toEqual([400, TOO_LARGE]);
    expect(sent).toBeLessThan(100 * MB);
  });

  test('reaches a client that sends everything before it listens', async () => {
    const socket = connect(port, '127.0.0.1').pause();
    const size = 100 * MB;
    const head = `--b\r\n${file('screen', '')}`;
    socket.write(
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${head.length + size}\r\n\r\n${head}`,
    );
    const block = Buffer.alloc(MB);
    for (let sent = 0; sent < size; sent += MB) if (!socket.write(block)) await once(socket, 'drain');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('connection: close');
    expect(answer).toContain(JSON.stringify(TOO_LARGE));
  });

  test('reaches curl', async ({ skip }) => {
    const path = join(folder, 'large');
    const large = await open(path, 'w');
    await large.truncate(300 * MB);
    await large.close();
    const curl = (...args: string[]) =>
      promisify(execFile)('curl', ['-s', '-w', '\n%{http_code}', ...args, '-F', `screen=@${path}`, `http://127.0.0.1:${port}/`]);
    if ((await curl('--version').catch(() => true)) === true) skip('curl is not installed');
    for (const args of [[], ['-H', 'Expect:'], ['-H', 'Transfer-Encoding: chunked']])
      expect((await curl(...args)).stdout).toBe(`${JSON.stringify(TOO_LARGE)}\n400`);
  });

  test('is followed by the end of the connection if the client never stops sending', async () => {
    drainLimits = { maxBytes: 8 * MB, maxMs: 10_000, idleMs: 5000 };
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${1024 * MB}\r\n\r\n`);
    socket.write(`--b\r\n${file('screen', '')}`);
    const timer = setInterval(() => socket.write(Buffer.alloc(MB)), 1);
    try {
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toContain(JSON.stringify(TOO_LARGE));
      await new Promise((resolve) => socket.once('close', resolve));
    } finally {
      clearInterval(timer);
    }
  });

  test('ends the connection of a client that stalls', async () => {
    drainLimits = { maxBytes: 8 * MB, maxMs: 10_000, idleMs: 50 };
    const socket = connect(port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 99999999\r\n\r\nabc');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('keeps the connection open if the body was read', async () => {
    const socket = connect(port, '127.0.0.1');
    const body = raw(field('stats', '1'), field('stats', '2'));
    const message = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    socket.write(message);
    await once(socket, 'data');
    socket.end(message);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

async function describeOperation(req: IncomingMessage, scope: SpoolScope) {
  const operation = await readGraphqlMultipart(req, {
    scope,
    maxFileBytes: MB,
    maxFiles: 2,
    maxOperationsBytes: 10_000,
    maxMembers: 100,
    admit,
  });
  const uploads: unknown[] = [];
  const open = async (value: unknown): Promise<unknown> => {
    if (value === null || typeof value !== 'object') return value;
    if (!('promise' in value))
      return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, inner]) => [name, await open(inner)] as const)));
    const { createReadStream, ...given } = (await (GraphQLUpload.parseValue(value) as Promise<unknown>)) as GraphqlFile;
    const [first, second] = [await buffer(createReadStream()), await buffer(createReadStream())];
    uploads.push(value);
    return { ...given, file: given.file.size, bytes: first.toString(), again: first.equals(second) };
  };
  return { ...operation, variables: await open(operation.variables) };
}

describe('a GraphQL upload', () => {
  const query = 'mutation ($file: Upload!) { upload(file: $file) }';
  const operations = (variables: unknown) => field('operations', JSON.stringify({ query, variables }));
  const map = (paths: unknown) => field('map', JSON.stringify(paths));
  const graphql = (...parts: string[]) => post(raw(...parts), '/graphql');

  test('reaches the Upload scalar, with files in any order and one of them used twice', async () => {
    const [status, body] = await graphql(
      operations({ file: null, input: { list: [null, null], n: 1 } }),
      map({ a: ['variables.file', 'variables.input.list.0'], b: ['variables.input.list.1'] }),
      file('b', 'BBB', 'b.mp4', 'video/mp4'),
      file('extra', 'x'.repeat(MB)),
      file('a', 'AAAAA'),
    );
    const a = { fieldName: 'a', filename: 'a.webm', mimetype: 'video/webm', encoding: '7bit', file: 5, bytes: 'AAAAA', again: true };
    const b = { fieldName: 'b', filename: 'b.mp4', mimetype: 'video/mp4', encoding: '7bit', file: 3, bytes: 'BBB', again: true };
    expect([status, body]).toEqual([200, { query, variables: { file: a, input: { list: { 0: a, 1: b }, n: 1 } } }]);
  });

  const fine = { file: null, list: [null], text: 'x', input: {} };
  test.for([
    ['variables.hasOwnProperty.call', 'must be null'],
    ['variables.__proto__.polluted', 'must be null'],
    ['variables.constructor.prototype.polluted', 'must be null'],
    ['variables.input.__proto__', 'must be null'],
    ['variables.input.toString', 'must be null'],
    ['variables.missing', 'must be null'],
    ['variables.text', 'must be null'],
    ['variables.text.0', 'must be null'],
    ['variables.list.length', 'must be null'],
    ['variables.list.1', 'must be null'],
    ['variables.list.00', 'must be null'],
    ['variables.', 'must be null'],
    ['variables', 'must begin'],
    ['query', 'must begin'],
    ['__proto__.polluted', 'must begin'],
    ['', 'must begin'],
    [5, 'must begin'],
  ] as const)('with a map to %j is refused, and does no harm', async ([path, issue]) => {
    const [status, detail] = await graphql(operations(fine), map({ 0: [path] }), file('0', 'x'));
    expect([status, detail]).toEqual([400, { field: 'map', issue: expect.stringContaining(issue) as string }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await graphql(operations({ file: null }), map({ 0: ['variables.file'] }), file('0', 'x')))[0]).toBe(200);
  });

  test('with an own member named like the prototype is refused too', async () => {
    const hostile = field('operations', '{"query":"{a}","variables":{"__proto__":{"x":null}}}');
    expect(await graphql(hostile, map({ 0: ['variables.__proto__.x'] }), file('0', 'x'))).toMatchObject([400, { field: 'map' }]);
  });

  const good = operations({ file: null });
  const toFile = map({ 0: ['variables.file'] });
  test.for([
    [
      'a file that is too large',
      [good, toFile, file('0', 'x'.repeat(MB + 1))],
      { field: 'variables.file', issue: 'File size exceeds the maximum allowed (1MB)' },
    ],
    ['a file that never arrives', [good, toFile], { field: 'variables.file', issue: 'The file is missing' }],
    ['a file sent twice', [good, toFile, file('0', 'x'), file('0', 'y')], { field: 'variables.file', issue: 'Given more than once' }],
    ['a file before the map', [good, file('0', 'x'), toFile], { field: '0', issue: 'Files must come after operations and map' }],
    ['a map before the operations', [toFile, good], { field: 'map', issue: 'Must come after operations' }],
    ['no map', [good], { field: 'map', issue: 'Missing' }],
    ['no operations', [], { field: 'operations', issue: 'Missing' }],
    ['another field', [good, field('x', '')], { field: 'x', issue: 'Expected operations, then map, then the files' }],
    ['two operations', [good, good], { field: 'operations', issue: 'Expected operations, then map, then the files' }],
    [
      'one variable for two files',
      [good, map({ 0: ['variables.file'], 1: ['variables.file'] })],
      { field: 'map', issue: '"variables.file" is named twice' },
    ],
    ['too many files', [good, map({ 0: [], 1: [], 2: [] })], { field: 'map', issue: 'More than 2 files' }],
    ['a map of another shape', [good, map({ 0: 'variables.file' })], { field: 'map', issue: 'Every value must be a list of paths' }],
    ['a map that is a list', [good, map([['variables.file']])], { field: 'map', issue: 'Must be an object' }],
    ['a map that is not JSON', [good, field('map', '{')], { field: 'map', issue: 'Not valid JSON' }],
    ['operations that are not JSON', [field('operations', '{')], { field: 'operations', issue: 'Not valid JSON' }],
    ['operations that are not an object', [field('operations', 'null')], { field: 'operations', issue: 'Must be an object' }],
    ['a batch', [field('operations', '[{}]')], 'Batches of operations are not supported'],
    [
      'operations that are too long',
      [field('operations', `"${'x'.repeat(10_000)}"`)],
      { field: 'operations', issue: 'Field exceeds the maximum allowed (9KB)' },
    ],
  ] as const)('with %s is refused', async ([, parts, detail]) => {
    expect(await graphql(...parts)).toEqual([400, detail]);
  });
});
