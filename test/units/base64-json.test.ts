import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, json } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSpoolScope } from '../../src/adapters/storage/spool-scope.ts';
import { createDiskStorage } from '../../src/adapters/storage/storage-disk.ts';
import type { Storage } from '../../src/adapters/storage/storage.ts';
import { AppError } from '../../src/errors.ts';
import { answerEarly } from '../../src/http/answer-early.ts';
import { readJson, readJsonWithFiles } from '../../src/http/bodies/base64-json.ts';
import { JsonText } from '../../src/validation.ts';

const MB = 1024 * 1024;
const ONE_KB = { 'webcam.data': { maxBytes: 1024 }, 'screen.data': { maxBytes: 1024 } };

let folder: string;
let storage: Storage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-json-'));
  storage = createDiskStorage(folder);
  await storage.sweep();
});
afterEach(async () => {
  expect(await readdir(join(folder, 'spool'))).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

/** A request whose body comes in exactly these chunks, as no socket would promise. */
const requestOf = (...chunks: (string | Uint8Array)[]) =>
  Object.assign(
    Readable.from(
      chunks.map((chunk) => Buffer.from(chunk)),
      { objectMode: false },
    ),
    { headers: {} },
  ) as unknown as IncomingMessage;

async function read(chunks: (string | Uint8Array)[], files: Record<string, { maxBytes: number }> = ONE_KB) {
  await using scope = createSpoolScope(storage);
  const options = { scope, files, raw: ['stats'], maxJsonBytes: 64 * 1024, maxMembers: 1_000 };
  const result = await readJsonWithFiles(requestOf(...chunks), options);
  const { body } = result;
  // Whoever stores the text parses it; here it must be just what came.
  const text = isObject(body) && body['stats'] instanceof JsonText ? body['stats'].text : null;
  if (text !== null && isObject(body)) body['stats'] = JSON.parse(text);
  const bytes: Record<string, string> = {};
  for (const [path, file] of Object.entries(result.files)) bytes[path] = (await buffer(scope.read(file))).toString('hex');
  return { ...result, bytes, text };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const refusal = async (chunks: (string | Uint8Array)[]) => {
  const error = await read(chunks).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(AppError);
  return (error as AppError).details[0];
};

const splitEvery = (text: string, size: number) => {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
};

describe('submitting recordings as base64 in JSON', () => {
  test('accepts the documented body with a data URL as browsers write it', async () => {
    const video = randomBytes(700);
    const { body, files, bytes } = await read([
      JSON.stringify({
        stats: { duration: 3600, data: 'kept' },
        warnings: [{ type: 'tab_switch', data: 'AAAA' }],
        webcam: { data: `data:video/webm;codecs=vp8,opus;base64,${video.toString('base64')}`, filename: '../../cam.webm' },
        screen: { data: video.toString('base64'), filename: 'screen.mp4', mimeType: 'Video/MP4; codecs=avc1' },
      }),
    ]);
    expect(body).toEqual({
      stats: { duration: 3600, data: 'kept' },
      warnings: [{ type: 'tab_switch', data: 'AAAA' }],
      webcam: { filename: '../../cam.webm' },
      screen: { filename: 'screen.mp4', mimeType: 'Video/MP4; codecs=avc1' },
    });
    expect(bytes).toEqual({ 'webcam.data': video.toString('hex'), 'screen.data': video.toString('hex') });
    const sha256 = createHash('sha256').update(video).digest('hex');
    expect(files['webcam.data']).toMatchObject({ filename: 'cam.webm', mimeType: 'video/webm', size: 700, sha256 });
    expect(files['screen.data']).toMatchObject({ filename: 'screen.mp4', mimeType: 'video/mp4', size: 700, sha256 });
  });

  test.for([
    ['slashes escaped as PHP does', String.raw`data:video\/webm;base64,\/\/\/\/AA==`, 'ffffff00'],
    ['plus signs escaped as .NET does', String.raw`\u002B\u002b\u002F\u003d`.replace(String.raw`\u003d`, 'A'), 'fbefc0'],
    ['lines of 76 characters', String.raw`AAAA\r\nAAAA\n\tAA==\n`, '00000000000000'],
    ['spaces', ' AA AA A A = = ', '00000000'],
    ['no padding', 'AAA', '0000'],
    ['nothing', '', ''],
    ['an empty data URL', 'data:;base64,', ''],
    ['an upper-case data URL', 'DATA:VIDEO/MP4;BASE64,AAAA', '000000'],
    ['a start that looks like a data URL', 'data', '75ab5a'],
    ['a single byte', 'AA', '00'],
    ['escaped letters', String.raw`\u0041\u0041AA`, '000000'],
    ['a data URL with quoted codecs', String.raw`data:video/webm;codecs=\"vp8, opus\";base64,AAAA`, '000000'],
    ['a data URL with escaped quotes', String.raw`data:video/webm;codecs=\u0022vp8, opus\u0022;base64,AAAA`, '000000'],
    ['a data URL with an escaped backslash', String.raw`data:video/webm;name=\"c:\\\\u\\\"x\";base64,AAAA`, '000000'],
    ['percent escapes', String.raw`data:video/webm;base64,%2B\u00252F%2B/`, 'fbffbf'],
  ] as const)('accepts %s, however the body is split', async ([, data, hex]) => {
    const text = `{"webcam":{"data":"${data}"}}`;
    for (let size = 1; size <= text.length; size++) {
      const { bytes, body } = await read(splitEvery(text, size));
      expect([bytes, body]).toEqual([{ 'webcam.data': hex }, { webcam: {} }]);
    }
  });

  test.for([
    'AAAAA',
    'AA=A',
    'AA==AA==',
    'AA=',
    '=',
    'AAAA====',
    'AAAA=',
    'AA-_',
    'AA\u00e9A',
    'AA\u0141A',
    'AA"A',
    'AA\\A',
    'AA\u0000A',
    '!',
    'data:video/webm;base64',
    'data:',
    `data:${'x'.repeat(2000)};base64,AAAA`,
  ])('refuses %j and names the recording, however the body is split', async (data) => {
    const text = JSON.stringify({ screen: { data } });
    for (const size of [1, 2, 3, 5, 7, text.length]) {
      expect(await refusal(splitEvery(text, size))).toEqual({ field: 'screen', issue: 'Not valid base64' });
    }
  });

  test.for([
    '',
    ' ',
    '{',
    '{"webcam":{"data":"AAAA"}',
    '{"webcam":{"data":"AAAA',
    '{"webcam":{"data":"AAAA"}]',
    '{"webcam":{"data" "AAAA"}}',
    '{"webcam":{"data":"AAAA" "filename":1}}',
    '{"webcam":{"data":AAAA}}',
    '}{"webcam":{"data":"AAAA"}}',
    '{"webcam":[,{"data":"AAAA"}}',
    '{"a":"\n"}',
    '{"a\\x":1}',
    "{'a':1}",
    '{"a":1}{"a":2}',
    'NaN',
  ])('refuses %j as invalid JSON', async (text) => {
    for (const size of [1, 3, Math.max(1, text.length)])
      expect(await refusal(splitEvery(text, size))).toEqual({ field: 'body', issue: 'Not valid JSON' });
  });

  test.for([
    '{}',
    '{"a":{"b":[{}]}}',
    String.raw`{"quote":"\"}","backslash":"\\","brackets":"}]{[","é\"":"🎥"}`,
    '{ "spaced" : [ 1 , 2 ] , "stats" : { "stats" : { } } }',
    '{"webcam":{"data":"AAAA"},"n":1e400,"n":2.50}',
  ])('keeps an object unchanged as text, however the body is split: %s', async (stats) => {
    for (const body of [
      `{"stats":${stats}}`,
      `{"x":[{"stats":{}}],"stats": ${stats} ,"webcam":{"data":"AAAA"}}`,
      `{"stats":1,"stats":{},"st\\u0061ts":${stats}}`,
    ])
      for (let size = 1; size <= body.length; size++) expect((await read(splitEvery(body, size))).text).toBe(stats);
    for (const other of ['[{}]', '"{}"', 'null', '{},"stats":7']) expect((await read([`{"stats":${other}}`])).text).toBe(null);
    expect((await read([`[{"stats":${stats}}]`])).text).toBe(null);
  });

  test('refuses numbers that are short as text but huge when written out, however the body is split', async () => {
    const tooLarge = { field: 'stats', issue: 'Contains numbers that are too large to store' };
    for (const bomb of [
      '1e1000001',
      '-1.5E+9999999999',
      '1e-20000000',
      Array(11).fill('1e99999').join(),
      Array(4_000).fill('1e300').join(),
    ]) {
      const body = `{"stats":{"a":[${bomb}]}}`;
      for (const size of [1, 3, 7, body.length]) expect(await refusal(splitEvery(body, size))).toEqual(tooLarge);
    }
    for (const fine of ['1e308', '5E-324', '1.25e+2', 'true,false,null,"1e9999999999"', Array(3_000).fill('1e300').join()])
      expect((await read([`{"stats":{"a":[${fine}]}}`])).text).toBe(`{"a":[${fine}]}`);
  });

  test('refuses too many or too deep members and names the first one', async () => {
    const members = (count: number) => `{${Array.from({ length: count }, (_, i) => `"m${i}":1`).join()}}`;
    const tooMany = { field: 'warnings', issue: 'The body exceeds the maximum allowed (1000 members and elements)' };
    expect(await refusal([`{"stats":${members(5_000)},"warnings":${members(1_001)}}`])).toEqual(tooMany);
    expect(await refusal(splitEvery(`{"warnings":[${'[],'.repeat(600)}[]]}`, 100))).toEqual(tooMany);
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    for (const name of ['stats', 'warnings']) {
      const tooDeep = { field: name, issue: 'must not be nested more than 100 levels deep' };
      expect(await refusal([`{"${name}":{"a":${nested(99)}}}`])).toEqual(tooDeep);
      expect((await read([`{"${name}":{"a":${nested(98)}}}`])).body).toHaveProperty(name);
    }
  });

  test('refuses invalid UTF-8', async () => {
    expect(await refusal([Buffer.from('{"stats":{"a":"\xff"}}', 'latin1')])).toEqual({ field: 'body', issue: 'Not valid UTF-8' });
    expect(await refusal([Buffer.from('{"a":"\xff"}', 'latin1')])).toEqual({ field: 'body', issue: 'Not valid UTF-8' });
  });

  test('leaves a value that is not a string as an ordinary value', async () => {
    for (const data of [null, 5, true, ['AAAA'], { data: 'AAAA' }]) {
      const given = { webcam: { data }, screen: 'AAAA', 'webcam.data': 'AAAA', list: [{ webcam: { data: 'AAAA' } }], data: 'AAAA' };
      const { body, files } = await read([JSON.stringify(given)]);
      expect(body).toEqual(given);
      expect(Object.keys(files)).toEqual([]);
    }
    for (const given of ['text', [{ data: 'AAAA' }], 5, null, { webcam: [{ data: 'AAAA' }] }])
      expect((await read([JSON.stringify(given)])).body).toEqual(given);
  });

  test('uses the last of repeated members, whatever it is', async () => {
    const twice = async (text: string) => {
      const { body, bytes } = await read([text]);
      return [body, bytes];
    };
    expect(await twice('{"webcam":{"data":"AAAA","data":"////"}}')).toEqual([{ webcam: {} }, { 'webcam.data': 'ffffff' }]);
    expect(await twice('{"webcam":{"data":"AAAA"},"webcam":{"data":"////"}}')).toEqual([{ webcam: {} }, { 'webcam.data': 'ffffff' }]);
    expect(await twice('{"webcam":{"data":"AAAA","data":null}}')).toEqual([{ webcam: { data: null } }, {}]);
    expect(await twice('{"webcam":{"data":"AAAA"},"webcam":7}')).toEqual([{ webcam: 7 }, {}]);
    expect(await twice(String.raw`{"webcam":{"data":"AAAA"},"\u0077ebcam":{"d\u0061ta":"////"}}`)).toEqual([
      { webcam: {} },
      { 'webcam.data': 'ffffff' },
    ]);
    expect(await refusal([`{"webcam":{${Array(100).fill('"data":"AAAA"').join()}}}`])).toEqual({
      field: 'webcam',
      issue: 'Given too many times',
    });
  });

  test('treats names of prototype members like any other', async () => {
    const { body, files } = await read(['{"__proto__":{"data":"AAAA"},"constructor":{"data":"x"},"webcam":{"data":"AAAA"}}']);
    expect(Object.keys(body as object)).toEqual(['__proto__', 'constructor', 'webcam']);
    expect(Object.keys(files)).toEqual(['webcam.data']);
    expect(({} as Record<string, unknown>)['data']).toBeUndefined();
  });

  test('refuses a file or a body above its limit and names it', async () => {
    expect(await refusal([JSON.stringify({ webcam: { data: Buffer.alloc(1025).toString('base64') } })])).toEqual({
      field: 'webcam',
      issue: 'File size exceeds the maximum allowed (1KB)',
    });
    expect((await read([JSON.stringify({ webcam: { data: Buffer.alloc(1024).toString('base64') } })])).files['webcam.data']?.size).toBe(
      1024,
    );
    expect(await refusal([JSON.stringify({ stats: 'x'.repeat(64 * 1024) })])).toEqual({
      field: 'body',
      issue: 'Body exceeds the maximum allowed (64KB)',
    });
  });

  test('reads small bodies, split at every position, like JSON.parse and Buffer.from', async () => {
    const body = fc.record(
      {
        stats: fc.jsonValue({ maxDepth: 2 }),
        webcam: fc.record({ filename: fc.string({ unit: 'binary' }), data: fc.uint8Array({ maxLength: 9 }) }),
        'é"\\': fc.string(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(0, 2), async (given, indent) => {
        const { expected, text } = encode(given, indent);
        const bytes = Buffer.from(text);
        for (let cut = 0; cut <= bytes.length; cut++) {
          const result = await read([bytes.subarray(0, cut), bytes.subarray(cut)].filter((part) => part.length > 0));
          expect(result.body).toEqual(expected);
          expect(result.bytes['webcam.data']).toEqual(given.webcam && Buffer.from(given.webcam.data).toString('hex'));
        }
      }),
      { numRuns: 15 },
    );
  });

  test('reads large bodies, split anywhere, like JSON.parse and Buffer.from', async () => {
    const cuts = fc.array(fc.nat({ max: 1_400_000 }), { maxLength: 40 });
    const body = fc.record({ stats: fc.jsonValue(), size: fc.nat({ max: MB }), escaped: fc.boolean(), spaced: fc.boolean(), cuts });
    await fc.assert(
      fc.asyncProperty(body, async ({ stats, size, escaped, spaced, cuts }) => {
        const data = randomBytes(size);
        const { expected, text } = encode({ stats, webcam: { data } }, 0);
        const base64 = data.toString('base64');
        // A space between, so that what was decoded of a chunk before it is decoded once.
        const lines = spaced ? base64.replaceAll(/.{1001}/g, '$& ') : base64;
        const escapes = lines.replaceAll('/', String.raw`\/`).replaceAll('+', String.raw`\u002B`);
        const bytes = Buffer.from(text.replace(`"${base64}"`, () => `"${escaped ? escapes : lines}"`));
        const ends = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = ends
          .slice(1)
          .map((end, i) => bytes.subarray(ends[i], end))
          .filter((part) => part.length > 0);
        const result = await read(chunks, { 'webcam.data': { maxBytes: MB } });
        expect(result.body).toEqual(expected);
        expect(result.bytes['webcam.data'] === data.toString('hex')).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('reads any body, written in any way and damaged in any way, like JSON.parse', async () => {
    const strings = fc.string({ unit: 'binary', maxLength: 12 });
    const base64 = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    const data = fc.oneof(
      base64,
      base64.map((text) => `data:video/webm;codecs="vp8, opus";name="\\é";base64,${text}`),
      strings,
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, strings, fc.double(), fc.constantFrom(null, true), tie('list'), tie('object')),
      list: fc.array(tie('any'), { maxLength: 3 }),
      object: fc.dictionary(strings, tie('any'), { maxKeys: 3 }),
    })).any;
    const body = fc.record({ 'a"\\': value, webcam: fc.record({ data, filename: strings }), data: strings }, { requiredKeys: [] });
    const damage = fc.option(fc.record({ at: fc.nat(), put: fc.constantFrom('"', '\\', ',', '}', ']', '\n', 'u', ' ', '0', '') }), {
      freq: 2,
    });
    await fc.assert(
      fc.asyncProperty(body, fc.infiniteStream(fc.nat(5)), damage, fc.integer({ min: 1, max: 50 }), async (given, styles, harm, size) => {
        const text = written(given, () => styles.next().value as number);
        const at = harm ? harm.at % text.length : 0;
        const sent = harm ? text.slice(0, at) + harm.put + text.slice(at + 1) : text;
        const expected = oracle(sent);
        const found = await read(splitEvery(sent, size)).then(
          ({ body, bytes }) => ({ body, hex: bytes['webcam.data'] }),
          (error: unknown) => (error instanceof AppError ? error.details[0]?.issue : error),
        );
        if (expected === NO_BASE64) return;
        if (expected === 'Not valid JSON') expect(found).toMatch(/^Not valid (JSON|base64)$/);
        else expect(found).toEqual(expected);
      }),
      { numRuns: 1_500 },
    );
  });

  /** Valid JSON whose characters are escaped, or not, by `style`. */
  function written(value: unknown, style: () => number): string {
    if (Array.isArray(value)) return `[${value.map((each) => written(each, style)).join(style() === 0 ? ' ,\n' : ',')}]`;
    if (isObject(value)) {
      const members = Object.entries(value).map(
        ([name, each]) => `${written(name, style)}:${style() === 0 ? ' ' : ''}${written(each, style)}`,
      );
      return `{${members.join(',')}}`;
    }
    if (typeof value !== 'string') return JSON.stringify(value);
    const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const units = Array.from(value, (character) => {
      if (style() === 0) return character.split('').map(escape).join('');
      if (character === '/' && style() === 1) return String.raw`\/`;
      return JSON.stringify(character).slice(1, -1);
    });
    return `"${units.join('')}"`;
  }

  /** Damage has made another kind of data URL of it, which has tests of its own. */
  const NO_BASE64 = Symbol('no base64');

  /** What JSON.parse and `atob` make of it. */
  function oracle(text: string): unknown {
    let body: unknown;
    try {
      body = JSON.parse(Buffer.from(text).toString());
    } catch {
      return 'Not valid JSON';
    }
    const webcam = isObject(body) && Object.hasOwn(body, 'webcam') ? body['webcam'] : undefined;
    if (!isObject(webcam) || typeof webcam['data'] !== 'string') return { body, hex: undefined };
    const data = webcam['data'].trimStart();
    delete webcam['data'];
    const isUrl = /^data:/i.test(data);
    const [, about = '', inUrl] =
      /^data:((?:[^"]|"(?:[^"\\]|\\.)*")*?); *base64 *,(.*)$/is.exec(data) ?? /^data:(.*?); *base64 *,(.*)$/is.exec(data) ?? [];
    if (isUrl && inUrl === undefined) return NO_BASE64;
    // oxlint-disable-next-line no-control-regex -- control characters in the parameters are refused
    const base64 = isUrl ? (/[\0-\x08\x0b\x0e-\x1f]/.test(about) ? '!' : inUrl) : data;
    try {
      return { body, hex: Buffer.from(atob(base64 ?? '!'), 'latin1').toString('hex') };
    } catch {
      return 'Not valid base64';
    }
  }

  function encode(given: { stats?: unknown; webcam?: { data: Uint8Array; filename?: string } }, indent: number) {
    const { webcam, ...rest } = given;
    const text = JSON.stringify(
      webcam ? { ...rest, webcam: { ...webcam, data: Buffer.from(webcam.data).toString('base64') } } : rest,
      null,
      indent,
    );
    const expected = JSON.parse(text) as { webcam?: { data?: string } };
    delete expected.webcam?.data;
    return { text, expected };
  }
});

describe('a base64 recording sent over a socket', () => {
  const limits = { 'webcam.data': { maxBytes: 200 * MB }, 'screen.data': { maxBytes: MB } };

  async function serve(run: (port: number) => Promise<void>): Promise<void> {
    const server = createServer((req, res) => void handle(req).then((answer) => answerEarly(req, res, answer)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await run((server.address() as AddressInfo).port);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      // A client that hung up does not wait for the server to clean up.
      await expect.poll(() => readdir(join(folder, 'spool'))).toEqual([]);
    }
  }

  async function handle(req: IncomingMessage) {
    await using scope = createSpoolScope(storage);
    try {
      if (req.url === '/small') return { status: 200, body: JSON.stringify(await readJson(req, { maxBytes: 1024, maxMembers: 100 })) };
      const { files } = await readJsonWithFiles(req, { scope, files: limits, raw: ['stats'], maxJsonBytes: 64 * 1024, maxMembers: 1_000 });
      return { status: 200, body: JSON.stringify(Object.values(files).map(({ size, sha256 }) => ({ size, sha256 }))) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { status: 400, body: JSON.stringify(error.details[0]) };
    }
  }

  /** Sends `{"<name>":{"data":"…"}}` of so many bytes, as fast as the server takes them, until it answers. */
  async function submit(port: number, name: string, size: number): Promise<{ status: number | undefined; body: unknown; sent: number }> {
    const block = Buffer.alloc(3 * 64 * 1024, 7).toString('base64');
    const blockBytes = 3 * 64 * 1024;
    const req = request({ port, host: '127.0.0.1', method: 'POST', path: '/' });
    req.on('error', () => {});
    let sent = 0;
    const state = { answered: false };
    const response = once(req, 'response').then(([res]) => {
      state.answered = true;
      return res as IncomingMessage;
    });
    req.write(`{"${name}":{"data":"`);
    for (; sent < size && !state.answered; sent += blockBytes) if (!req.write(block)) await Promise.race([once(req, 'drain'), response]);
    if (!state.answered) req.end('"}}');
    const res = await response;
    const body = await json(res);
    req.destroy();
    return { status: res.statusCode, body, sent };
  }

  test('does not grow the memory with 100 MB of video', async () => {
    await serve(async (port) => {
      await submit(port, 'webcam', 20 * MB);
      const before = process.memoryUsage.rss();
      let peak = before;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10);
      try {
        const { status, body, sent } = await submit(port, 'webcam', 100 * MB);
        expect(status).toBe(200);
        expect(body).toEqual([{ size: sent, sha256: createHash('sha256').update(Buffer.alloc(sent, 7)).digest('hex') }]);
      } finally {
        clearInterval(watch);
      }
      expect((peak - before) / MB).toBeLessThan(60);
    });
  });

  test('is refused while it is still being sent if it is above its limit', async () => {
    await serve(async (port) => {
      const { status, body, sent } = await submit(port, 'screen', 300 * MB);
      expect([status, body]).toEqual([400, { field: 'screen', issue: 'File size exceeds the maximum allowed (1MB)' }]);
      expect(sent).toBeLessThan(50 * MB);
    });
  });

  test('leaves nothing if the client hangs up in the middle', async () => {
    await serve(async (port) => {
      const req = request({ port, host: '127.0.0.1', method: 'POST', path: '/' });
      req.on('error', () => {});
      req.write(`{"webcam":{"data":"${'A'.repeat(MB)}`);
      await expect.poll(() => readdir(join(folder, 'spool'))).toHaveLength(1);
      req.destroy();
    });
  });

  test('works with a small body, and fails with one that is too large, broken or empty', async () => {
    await serve(async (port) => {
      const post = async (body: string) => {
        const res = await fetch(`http://127.0.0.1:${port}/small`, { method: 'POST', body });
        return [res.status, await res.json()];
      };
      expect(await post('{"a":[1]}')).toEqual([200, { a: [1] }]);
      expect(await post(`"${'x'.repeat(1100)}"`)).toEqual([400, { field: 'body', issue: 'Body exceeds the maximum allowed (1KB)' }]);
      expect(await post('{"a":')).toEqual([400, { field: 'body', issue: 'Not valid JSON' }]);
      expect(await post('')).toEqual([400, { field: 'body', issue: 'Not valid JSON' }]);
    });
  });
});
