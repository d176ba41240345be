import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataUrlDecoder, decodeDataUrl } from '../../src/encoding/data-url.ts';

const CASES: [string, string | null][] = [
  ['data:video/webm;codecs="vp8, opus";base64,AAAA', '000000'],
  ['data:video/webm;codecs=vp8,opus;base64,AAAA', '000000'],
  ['data:video/webm;name="a;b";charset=utf-8;codecs="avc1.42E01E";base64,AAAA', '000000'],
  ['data:image/jpeg;name=me.jpg;base64,/9j/', 'ffd8ff'],
  ['data:image/jpeg;charset=utf-8;base64,/9j/', 'ffd8ff'],
  ['data:image/jpeg; base64,/9j/', 'ffd8ff'],
  ['data:image/jpeg;base64,%2F9j%2f', 'ffd8ff'],
  ['data:image/jpeg;base64,AA%3D%3D', '00'],
  ['data:image/jpeg;base64,AA%0d%0AAA', '000000'],
  ['\n data:image/jpeg;base64,AAAA', '000000'],
  ['\t\r\nAAAA\n', '000000'],
  ['data:image/jpeg;base64,AA%2', null],
  ['data:image/jpeg;base64,AA%zz', null],
  ['data:image/jpeg;base64,AA\u0141A', null],
  ['AA%2B%2B', null],
  ['data:image/jpeg;name="\u0141";base64,AAAA', '000000'],
  ['data:image/jpeg;name="\0";base64,AAAA', null],
  ['data:image/jpeg;name="a;base64,b";base64,AAAA', '000000'],
  ['data:image/jpeg;name="a\\"b, c";base64,AAAA', '000000'],
  ['data:image/jpeg;base64 ,AAAA', '000000'],
  ['data:image/jpeg;base64', null],
  ['data:image/jpeg;name="a;base64,AAAA', '000000'],
  ['data:,', ''],
  ['data:image/jpeg,%FF%d8A%2', 'ffd8412532'],
  ['data:image/jpeg;name="a,b",%00,', '002c'],
  ['data:,\u0141', null],
  ['data:', null],
];

/** By both ways in: at once, and in pieces. Null if both refuse it. */
function decode(text: string, size: number): string | null {
  const atOnce = hexOrNull(() => decodeDataUrl(text));
  const inPieces = hexOrNull(() => {
    const pieces: Buffer[] = [];
    const decoder = new DataUrlDecoder((bytes) => pieces.push(bytes));
    const withoutLines = text.replaceAll(/[\t\n\f\r]/g, '').replaceAll(/[^\0-\xff]/g, '\xff');
    for (let at = 0; at < withoutLines.length; at += size) decoder.write(withoutLines.slice(at, at + size));
    decoder.end();
    return Buffer.concat(pieces);
  });
  expect(inPieces).toBe(atOnce);
  return atOnce;
}

function hexOrNull(run: () => Buffer): string | null {
  try {
    return run().toString('hex');
  } catch {
    return null;
  }
}

test.for(CASES)('the file in %j is %s, however it is split', ([text, hex]) => {
  for (let size = 1; size <= text.length; size++) expect(decode(text, size)).toBe(hex);
});

const base64Text = fc
  .tuple(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.tuple(fc.nat(60), fc.constantFrom(' ', '\n', '=', '!', 'é', '', 'AA')), { maxLength: 2 }),
  )
  .map(([bytes, changes]) =>
    changes.reduce((text, [at, put]) => text.slice(0, at) + put + text.slice(at + 1), Buffer.from(bytes).toString('base64')),
  );

test('bare base64 is read as the platform reads it', () => {
  fc.assert(
    fc.property(base64Text, fc.integer({ min: 1, max: 9 }), (text, size) => {
      const expected = hexOrNull(() => Buffer.from(atob(text), 'latin1'));
      expect(decode(text, size)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('a data URL with base64 is read as the platform fetches it', async () => {
  const token = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '.', '+', '-'), minLength: 1, maxLength: 8 });
  const value = fc.oneof(
    token,
    token.map((text) => `"${text} ${text}"`),
  );
  const parameters = fc
    .array(fc.tuple(token, value), { maxLength: 3 })
    .map((all) => all.map(([name, value]) => `;${name}=${value}`).join(''));
  const escaped = fc
    .tuple(base64Text, fc.boolean())
    .map(([text, escape]) => (escape ? text.replaceAll(/[+/=]/g, (character) => encodeURIComponent(character)) : text));
  await fc.assert(
    fc.asyncProperty(
      parameters,
      escaped,
      fc.constantFrom('base64', 'BASE64', ' base64'),
      fc.integer({ min: 1, max: 9 }),
      async (...given) => {
        const [about, data, base64, size] = given;
        const url = `data:video/webm${about};${base64},${data}`;
        const expected = await fetch(url).then(
          async (answer) => Buffer.from(await answer.arrayBuffer()).toString('hex'),
          () => null,
        );
        expect(decode(url, size)).toBe(expected);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a data URL without base64 is read as the platform fetches it', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '/', ',', ';', '%', '%f', '%FF', '%00', '%25', '2', '='), maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom('', 'video/webm', 'video/webm;codecs=vp8'), fc.integer({ min: 1, max: 9 }), async (...given) => {
      const [data, about, size] = given;
      const url = `data:${about},${data}`;
      const expected = Buffer.from(await (await fetch(url)).arrayBuffer()).toString('hex');
      expect(decode(url, size)).toBe(expected);
    }),
    { numRuns: 1_000 },
  );
});
