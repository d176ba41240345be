import { once } from 'node:events';
import busboy from 'busboy';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MultipartError, MultipartScanner } from '../../src/http/bodies/multipart-scanner.ts';
import { boundaryOf, parsePartHead, type PartHead } from '../../src/http/bodies/part-head.ts';

interface Part {
  name: string | undefined;
  filename: string | undefined;
  mimeType: string;
  encoding: string;
  content: string;
}

const joined = (boundary: string, parts: (string | Uint8Array)[][], { preamble = '', epilogue = '' } = {}) =>
  Buffer.concat([
    Buffer.from(preamble === '' ? '' : `${preamble}\r\n`),
    ...parts.flatMap((part) => [`--${boundary}\r\n`, ...part, '\r\n'].map((bytes) => Buffer.from(bytes))),
    Buffer.from(`--${boundary}--\r\n${epilogue}`),
  ]);

/** What ours makes of a body in these chunks; an error where it is malformed or truncated. */
function scan(boundary: string, chunks: Buffer[]): Part[] {
  const parts: Part[] = [];
  let head: PartHead | null = null;
  let content: Buffer[] = [];
  const scanner = new MultipartScanner(boundary, {
    head(block) {
      head = parsePartHead(block);
      content = [];
    },
    data: (bytes) => content.push(Buffer.from(bytes)),
    end() {
      if (!head) return;
      const { name, filename, mimeType, encoding } = head;
      parts.push({ name, filename, mimeType, encoding, content: Buffer.concat(content).toString('latin1') });
    },
  });
  for (const chunk of chunks) scanner.push(chunk);
  if (!scanner.isComplete) throw new MultipartError('truncated');
  return parts;
}

/** What busboy makes of it, in one piece. */
async function oracle(boundary: string, body: Buffer): Promise<Part[]> {
  const parser = busboy({
    headers: { 'content-type': `multipart/form-data; boundary="${boundary}"` },
    defParamCharset: 'utf8',
    defCharset: 'latin1',
    preservePath: true,
  });
  const parts: Part[] = [];
  parser.on('field', (name: string | undefined, content, { mimeType, encoding }) => {
    parts.push({ name, filename: undefined, mimeType, encoding, content });
  });
  parser.on('file', (name: string | undefined, stream, { filename, mimeType, encoding }) => {
    const part: Part = { name, filename, mimeType, encoding, content: '' };
    parts.push(part);
    stream.on('data', (bytes: Buffer) => (part.content += bytes.toString('latin1'))).on('error', () => {});
  });
  parser.end(body);
  await once(parser, 'close');
  return parts;
}

const outcome = (read: () => Part[]) => {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(MultipartError);
    return 'refused';
  }
};

const BOUNDARY = '-b-';
/** Of the bytes that delimiters are made of, so that much looks like one; what follows a whole one is never content. */
const content = fc
  .array(fc.constantFrom('\r', '\n', '-', 'b', '\r\n', '\r\n--', '\r\n---b', '\r\n---', 'x', '\0', '\u00ff'), { maxLength: 12 })
  .map((pieces) => pieces.join(''))
  .filter((text) => !`\r\n${text}\r\n`.includes(`\r\n--${BOUNDARY}`))
  .map((text) => Buffer.from(text, 'latin1'));
const quotable = fc.string({
  unit: fc.constantFrom('a', 'é', '名', '🎥', ' ', ';', '=', "'", '%41', '%', '\\"', '\\\\', '/', ','),
  maxLength: 6,
});
const headers = fc
  .record(
    {
      name: quotable.filter((name) => name !== ''),
      filename: quotable,
      extended: fc.constantFrom("UTF-8''%e2%82%ac.webm", "utf-8'en'a%20b", "iso-8859-1''%A3", 'UTF-8', "UTF-8''%zz"),
      type: fc.constantFrom('video/webm', 'Video/WebM;codecs="vp8,opus"', 'application/octet-stream', 'text/plain; charset=latin1', 'odd'),
      encoding: fc.constantFrom('binary', '8BIT'),
      fold: fc.boolean(),
      extra: fc.constantFrom('X-Odd: 1', 'x-empty:', 'Content-Length: 3'),
    },
    { requiredKeys: ['name'] },
  )
  .map(({ name, filename, extended, type, encoding, fold, extra }) =>
    [
      `Content-Disposition: form-data;${fold ? '\r\n ' : ' '}name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}` +
        (extended?.includes("''%e") || extended?.includes("'en'") ? `; filename*=${extended}` : ''),
      ...(type === undefined ? [] : [`content-TYPE: ${type}`]),
      ...(encoding === undefined ? [] : [`Content-Transfer-Encoding:${encoding}`]),
      ...(extra === undefined ? [] : [extra]),
      '',
      '',
    ].join('\r\n'),
  );
const parts = fc.array(fc.tuple(headers, content), { maxLength: 3 });
const around = fc.record({
  preamble: fc.constantFrom('', 'for old mail readers', '\r\n--', '--'),
  epilogue: fc.constantFrom('', 'x', '\r\n---b-\r\n'),
});

test('small forms, split at every position, are read as busboy reads them whole', async () => {
  await fc.assert(
    fc.asyncProperty(parts, around, async (given, outside) => {
      const body = joined(BOUNDARY, given, outside);
      const expected = await oracle(BOUNDARY, body);
      expect(expected.length).toBe(given.length);
      for (let cut = 0; cut <= body.length; cut++) expect(scan(BOUNDARY, [body.subarray(0, cut), body.subarray(cut)])).toEqual(expected);
      expect(
        scan(
          BOUNDARY,
          Array.from(body, (_, at) => body.subarray(at, at + 1)),
        ),
      ).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('large forms, split anywhere, are read as busboy reads them whole', async () => {
  const large = fc.tuple(
    headers,
    fc.tuple(content, fc.uint8Array({ minLength: 0, maxLength: 70_000 }), content).map((pieces) => Buffer.concat(pieces)),
  );
  const cuts = fc.array(fc.nat({ max: 220_000 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(large, { maxLength: 3 }), cuts, async (given, places) => {
      fc.pre(given.every(([, bytes]) => !bytes.includes(`\r\n--${BOUNDARY}`)));
      const body = joined(BOUNDARY, given);
      const ends = [0, ...places.filter((place) => place < body.length).sort((a, b) => a - b), body.length];
      const chunks = ends.slice(1).map((end, at) => body.subarray(ends[at], end));
      expect(scan(BOUNDARY, chunks)).toEqual(await oracle(BOUNDARY, body));
    }),
    { numRuns: 60 },
  );
});

test('forms as the platform writes them are read as the platform reads them, split anywhere', async () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'é', '🎥', ' ', ';', '=', '"', '\r\n', '%22', '[', ']'),
    minLength: 1,
    maxLength: 6,
  });
  const filename = fc.tuple(name, fc.constantFrom('', '\\')).map((parts) => parts.join(''));
  const entry = fc.record({ name, text: fc.string({ unit: 'binary' }), file: fc.option(fc.record({ filename, bytes: fc.uint8Array() })) });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 4 }), fc.integer({ min: 1, max: 200 }), async (entries, size) => {
      const form = new FormData();
      for (const { name, text, file } of entries) {
        if (file) form.append(name, new File([file.bytes], file.filename, { type: 'video/webm' }));
        else form.append(name, text);
      }
      const sent = new Response(form);
      const type = sent.headers.get('content-type') ?? '';
      const body = Buffer.from(await sent.arrayBuffer());
      const chunks = Array.from({ length: Math.ceil(body.length / size) }, (_, i) => body.subarray(i * size, (i + 1) * size));
      const expected = [];
      for (const [name, value] of await new Response(body, { headers: { 'content-type': type } }).formData()) {
        const bytes = typeof value === 'string' ? value : await value.arrayBuffer();
        expected.push([name, typeof value === 'string' ? undefined : value.name, Buffer.from(bytes as string).toString('latin1')]);
      }
      const found = scan(boundaryOf(type) ?? '', chunks).map((part) => [part.name, part.filename, part.content]);
      expect(found).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('a form that ends anywhere before its closing delimiter is reported as truncated, never as a shorter form', () => {
  const body = joined(BOUNDARY, [
    ['Content-Disposition: form-data; name="a"\r\n\r\n', 'x'],
    ['Content-Disposition: form-data; name="f"; filename="v.webm"\r\n\r\n', 'y\r\n--'],
  ]);
  const closing = body.length - '\r\n'.length;
  for (let length = 0; length < closing; length++) expect(outcome(() => scan(BOUNDARY, [body.subarray(0, length)]))).toBe('refused');
  expect(scan(BOUNDARY, [body.subarray(0, closing)])).toHaveLength(2);
});

test.for([
  [
    'a part without content or an empty line for it',
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n--${BOUNDARY}--`,
    [''],
  ],
  [
    'white space after a delimiter, as RFC 2046 allows',
    `--${BOUNDARY} \t\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--${BOUNDARY}--`,
    ['x'],
  ],
  ['a part without headers, which is skipped', `--${BOUNDARY}\r\n\r\nx\r\n--${BOUNDARY}--`, []],
  [
    'content that starts like a delimiter',
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--${BOUNDARY}x\r\n--${BOUNDARY}--`,
    'refused',
  ],
  ['lines that end in LF alone', `--${BOUNDARY}\nContent-Disposition: form-data; name="a"\n\nx\n--${BOUNDARY}--`, 'refused'],
  ['a header without a colon', `--${BOUNDARY}\r\nContent-Disposition\r\n\r\nx\r\n--${BOUNDARY}--`, 'refused'],
  ['a header with a null byte', `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a\0"\r\n\r\nx\r\n--${BOUNDARY}--`, 'refused'],
  ['a quote that never ends', `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a\r\n\r\nx\r\n--${BOUNDARY}--`, 'refused'],
  ['endless headers', `--${BOUNDARY}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n\r\n--${BOUNDARY}--`, 'refused'],
  ['endless white space after a delimiter', `--${BOUNDARY}${' '.repeat(1_000)}\r\n\r\n\r\n--${BOUNDARY}--`, 'refused'],
] as const)('a form with %s is read or refused correctly, however it is split', ([, text, expected]) => {
  const body = Buffer.from(text, 'latin1');
  const cuts = Array.from({ length: Math.min(body.length, 120) }, (_, at) => at);
  for (const cut of [...cuts, body.length - 3, body.length - 1]) {
    const found = outcome(() => scan(BOUNDARY, [body.subarray(0, cut), body.subarray(cut)]));
    expect(typeof found === 'string' ? found : found.map((part) => part.content)).toEqual(expected);
  }
});

test('names are read as browsers and older clients write them', () => {
  const read = (disposition: string) => {
    const { name, filename } = parsePartHead(Buffer.from(`Content-Disposition: ${disposition}`)) ?? {};
    return [name, filename];
  };
  expect(read('form-data; name="a%22b"; filename="c%0D%0Ad%20.webm"')).toEqual(['a"b', 'c\r\nd%20.webm']);
  expect(read(String.raw`form-data; name="a\"b"; filename="C:\Videos\é.webm"`)).toEqual(['a"b', String.raw`C:\Videos\é.webm`]);
  expect(read("FORM-DATA; name=plain ; filename=v.webm; filename*=UTF-8''%e2%82%ac.webm")).toEqual(['plain', '€.webm']);
  expect(read("form-data; name=a; filename=v.webm; filename*=UTF-8''%zz")).toEqual(['a', 'v.webm']);
  expect(read("form-data; name=a; filename*=iso-8859-1''%A3")).toEqual(['a', '£']);
  expect(read('form-data; name=""; filename=""')).toEqual([undefined, undefined]);
  expect(read('attachment; name=a')).toEqual([undefined, undefined]);
  expect(read('form-data; name="a"; filename="v.webm";')).toEqual(['a', 'v.webm']);
  expect(read('form-data; name = a ; filename= my webcam.webm')).toEqual(['a', 'my webcam.webm']);
  expect(read("form-data; name=a; filename*=UTF-8''%zz.webm")).toEqual(['a', "UTF-8''%zz.webm"]);
  expect(() => read('form-data; name="a')).toThrow(MultipartError);
  expect(() => read('form-data; name="a" b; filename=c')).toThrow(MultipartError);
});

test.for([
  ['multipart/form-data; boundary=b', 'b'],
  ['Multipart/Form-Data; charset=utf-8; Boundary="b c"', 'b c'],
  ['multipart/form-data;boundary=b;', 'b'],
  ['multipart/form-data; boundary=----=_Part/1:2', '----=_Part/1:2'],
  ['multipart/form-data; boundary= b', 'b'],
  ['multipart/form-data; boundary=""', undefined],
  ['multipart/form-data', undefined],
  ['multipart/form-dataX; boundary=b', undefined],
  ['multipart/mixed; boundary=b', undefined],
  [`multipart/form-data; boundary=${'b'.repeat(257)}`, undefined],
  [undefined, undefined],
] as const)('the content type %j has the boundary %j', ([type, boundary]) => {
  expect(boundaryOf(type)).toBe(boundary);
});
