import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const PAGE = '/exam/exam_0123456789';

let server: TestServer;
let script: string;
beforeAll(async () => {
  server = await startTestServer({ LOG_LEVEL: 'info' });
  const page = await (await fetch(server.url + PAGE)).text();
  script = new URL(/<script [^>]*src="([^"]+)"/.exec(page)?.[1] ?? '', server.url + PAGE).pathname;
});
afterAll(() => server.stop());

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') => fetch(server.url + path, { headers, method });

/** As it is on the wire: `fetch` removes the compression, and `..` from paths. */
function askRaw(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; encoding: string | undefined; body: Buffer }>((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const req = request({ hostname, port, path, headers }, (res) => {
      const parts: Buffer[] = [];
      res.on('data', (part: Buffer) => parts.push(part));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, encoding: res.headers['content-encoding'], body: Buffer.concat(parts) }));
    });
    req.on('error', reject).end();
  });
}

describe('the page of an exam', () => {
  it('may run and load nothing but what this server sends, and use the devices that a room needs', async () => {
    const { headers } = await ask(PAGE);
    const policy = headers.get('content-security-policy')?.split('; ') ?? [];
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "worker-src 'self'", "connect-src 'self'"])
      expect(policy).toContain(rule);
    for (const rule of ["frame-ancestors 'none'", "require-trusted-types-for 'script'", 'trusted-types invigil', 'frame-src https: http:'])
      expect(policy).toContain(rule);
    expect(policy.join()).not.toContain('unsafe');
    expect(headers.get('permissions-policy')).toMatch(/camera=\(self\).*display-capture=\(self\).*geolocation=\(\)/);
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('x-robots-tag')).toBe('noindex');
  });

  it('is asked for again each time, and sent again only if it has changed', async () => {
    const first = await ask(PAGE);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const again = await ask(PAGE, { 'if-none-match': `"other", W/${etag}` });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    expect(again.headers.get('content-security-policy')).toBe(first.headers.get('content-security-policy'));
    expect((await ask(PAGE, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('loads its parts relative to its own address, so that a proxy may add a prefix', async () => {
    const page = await (await ask(PAGE)).text();
    const targets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) {
      expect(target).toMatch(/^\.\.\/assets\//);
      expect((await ask(new URL(target, server.url + PAGE).pathname)).status).toBe(200);
    }
  });

  it('is refused for other methods than GET and HEAD', async () => {
    for (const path of [PAGE, script]) {
      const answer = await ask(path, {}, 'POST');
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await answer.json()).toMatchObject({ error: { code: 'invalid_request' } });
      const head = await ask(path, {}, 'HEAD');
      expect([head.status, await head.text()]).toEqual([200, '']);
      expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0);
    }
  });
});

it.each([PAGE, '/console/', '/graphql', '/graphql?query={__typename}', '/api/exams', '/api/openapi.json', '/readyz', '/none'])(
  '%s is shown in no frame: questions that lead there would have the origin of the room around them',
  async (path) => {
    for (const accept of ['text/html', 'application/json']) {
      const { headers } = await ask(path, { accept });
      expect(headers.get('content-security-policy')?.split('; ')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
    const foreign = await ask(path, { origin: 'https://elsewhere.example' });
    expect(foreign.headers.get('x-frame-options')).toBe('DENY');
  },
);

describe('what a page loads', () => {
  it('is kept by browsers for good, because its name changes with its content', async () => {
    const { status, headers } = await ask(script);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('vary')).toBe('Origin, Accept-Encoding');
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['BR', 'br'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity, gzip;q=0.2', undefined],
    ['identity;q=0, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', undefined],
    ['zstd', undefined],
    ['', undefined],
  ])('is compressed as the browser asks by Accept-Encoding: %s', async (wanted, expected) => {
    const plain = await askRaw(script);
    const { encoding, body } = await askRaw(script, { 'accept-encoding': wanted });
    expect(encoding).toBe(expected);
    const unpack = { br: brotliDecompressSync, gzip: gunzipSync }[encoding ?? ''] ?? ((bytes: Buffer) => bytes);
    expect(unpack(body).equals(plain.body)).toBe(true);
  });

  it('includes the licences of the packages in it', async () => {
    const answer = await ask('/assets/licenses.txt');
    const text = await answer.text();
    expect([answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual(['text/plain; charset=utf-8', 'no-cache']);
    for (const name of ['react', 'react-dom', 'scheduler']) expect(text).toMatch(new RegExp(`^${name} [\\d.]+ \\(MIT\\)$`, 'm'));
    expect(text).toContain('Permission is hereby granted');
  });

  it.each([
    '/assets/',
    '/assets/none.js',
    '/assets/../exam/index.html',
    '/assets/..%2f.vite/manifest.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets/../../../package.json',
    '/assets/..\\..\\package.json',
    '/assets//etc/passwd',
    '/.vite/manifest.json',
    '/assets/%00',
  ])('is nothing else that lies on the disk: %s', async (path) => {
    const { status, body } = await askRaw(path);
    expect([status, JSON.parse(body.toString())]).toMatchObject([404, { error: { code: 'not_found' } }]);
  });

  it('is in the log without names that a stranger chose', async () => {
    await ask('/assets/somebody-chose-this.js');
    await expect.poll(() => server.log()).toContain('"/assets/:file"');
    expect(server.log()).not.toContain('somebody-chose-this');
  });
});

it('the folder of the build has no source maps', async () => {
  const built = await readFile(join(projectRoot, 'dist/web', script));
  expect(built.includes('sourceMappingURL')).toBe(false);
});
