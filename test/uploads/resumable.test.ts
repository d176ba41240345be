import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey } from '../helpers/exam.ts';
import { makeMedia, VP8 } from '../helpers/media.ts';
import { freePort } from '../helpers/redis.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { beginUpload, downloaded, flowingPatch, askUpload, offsetOf, patch, tusHeaders } from '../helpers/tus.ts';

const hashOf = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('base64');

let video: Buffer;
beforeAll(async () => {
  video = await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=6', ...VP8, '-f', 'webm', 'pipe:1');
});

describe.each([
  { disk: 'a plain disk', settings: {} },
  { disk: 'an encrypted disk', settings: { STORAGE_ENCRYPTION_KEY: 'ab'.repeat(32) } },
])('an upload to $disk', ({ settings }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ ...settings, INLINE_WORKER: 'false' });
  });
  afterAll(() => server.stop());

  it('that does not fit on the disk gets an error, and continues when there is room', async ({ skip }) => {
    const mount = join(server.dataDir, 'uploads');
    const mountSmall = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mount], { stdio: 'ignore' });
    try {
      mountSmall('size=64k');
    } catch {
      skip('may not mount a small file system here');
    }
    try {
      const { path } = await beginUpload(server, video.length);
      const refused = await patch(server, path, 0, video);
      expect(refused.status).toBe(500);
      expect(await refused.json()).toMatchObject({
        error: { code: 'server_error', message: expect.stringMatching(/^The server's storage is full/) },
      });
      mountSmall('remount,size=16m');
      const offset = await offsetOf(server, path);
      const whole = await downloaded(server, await patch(server, path, offset, video.subarray(offset)));
      expect(whole.equals(video)).toBe(true);
    } finally {
      execFileSync('umount', [mount]);
    }
  });

  it('follows the same rules for web origins as every other request, and shows its headers to them', async () => {
    const ask = (origin: string) => fetch(`${server.api}/uploads`, { method: 'OPTIONS', headers: { ...tusHeaders(), origin } });
    const own = await ask(server.url.replace('127.0.0.1', 'localhost'));
    expect(own.headers.get('access-control-allow-origin')).toBe(server.url.replace('127.0.0.1', 'localhost'));
    expect(own.headers.get('access-control-expose-headers')?.split(/,\s*/)).toEqual(expect.arrayContaining(['X-Recording-Id', 'Location']));
    expect((await ask('https://elsewhere.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is found below the path of PUBLIC_URL', async () => {
    const port = await freePort();
    const prefixed = await server.another({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}/invigil` });
    try {
      const { id: examId } = await createExam(server);
      const metadata = Object.entries({ examId, userId: 'user_1', type: 'webcam' });
      const encoded = metadata.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(',');
      const headers = { ...tusHeaders(), 'upload-length': '4', 'upload-metadata': encoded };
      const response = await fetch(`http://127.0.0.1:${port}/api/uploads`, { method: 'POST', headers });
      const location = response.headers.get('location') ?? '';
      expect(location).toMatch(/^\/invigil\/api\/uploads\/[0-9a-f]{32}$/);
      const upload = `http://127.0.0.1:${port}${location.slice('/invigil'.length)}`;
      expect((await fetch(upload, { method: 'DELETE', headers: tusHeaders() })).status).toBe(204);
    } finally {
      await prefixed.stop();
    }
  });

  it('belongs to the API key that began it, not to another one of the same name', async () => {
    const [first, twin] = [await createKey(server, 'LMS', 'default', 'Moodle'), await createKey(server, 'LMS', 'default', 'Moodle')];
    const { path } = await beginUpload(server, video.length, first.key);
    expect((await patch(server, path, 0, video, { credential: twin.key })).status).toBe(404);
    expect((await askUpload(server, path, twin.key)).status).toBe(404);
    await downloaded(server, await patch(server, path, 0, video, { credential: first.key }));
  });

  it('continues after the server was killed in the middle, and gives the same file', async () => {
    const { path } = await beginUpload(server, video.length);
    // Not at the border of a cipher's block.
    expect((await patch(server, path, 0, video.subarray(0, 10_007))).status).toBe(204);
    const { answer: cutOff, feed } = flowingPatch(server, path, 10_007);
    feed(video.subarray(10_007, 30_000));
    const partial = () => readStoredUpload(server);
    await expect.poll(async () => (await partial()).length).toBe(30_000);
    await server.kill();
    await expect(cutOff).rejects.toThrow('fetch failed');
    await server.restart();
    const offset = await offsetOf(server, path);
    expect(offset).toBe(30_000);
    const isPlain = (await partial()).equals(video.subarray(0, offset));
    expect(isPlain).toBe(Object.keys(settings).length === 0);
    const whole = await downloaded(server, await patch(server, path, offset, video.subarray(offset)));
    expect(whole.equals(video)).toBe(true);
    const files = await Promise.all((await server.storedFiles()).map((name) => readFile(name)));
    expect(files.some((bytes) => bytes.equals(video))).toBe(isPlain);
  });

  it('accepts a chunk with a correct checksum, and nothing of one with a wrong checksum', async () => {
    const { path } = await beginUpload(server, video.length);
    const half = Math.floor(video.length / 2);
    const first = video.subarray(0, half);
    for (const algorithm of ['sha1', 'sha256']) {
      const refused = await patch(server, path, 0, first, {
        headers: { 'upload-checksum': `${algorithm} ${hashOf(algorithm, Buffer.from('other'))}` },
      });
      expect([refused.status, await offsetOf(server, path)]).toEqual([460, 0]);
    }
    const unknown = await patch(server, path, 0, first, { headers: { 'upload-checksum': `md5 ${hashOf('md5', first)}` } });
    expect([unknown.status, await offsetOf(server, path)]).toEqual([400, 0]);
    expect((await patch(server, path, 0, first, { headers: { 'upload-checksum': `sha1 ${hashOf('sha1', first)}` } })).status).toBe(204);
    const rest = video.subarray(half);
    const finished = await patch(server, path, half, rest, { headers: { 'upload-checksum': `sha256 ${hashOf('sha256', rest)}` } });
    expect((await downloaded(server, finished)).equals(video)).toBe(true);
    // Who did not hear the end of it asks once more.
    const asked = await askUpload(server, path);
    const told = [asked.status, asked.headers.get('upload-offset'), asked.headers.get('x-recording-id')];
    expect(told).toEqual([200, String(video.length), finished.headers.get('x-recording-id')]);
    expect((await server.storedFiles()).filter((name) => name.includes('spool') || name.includes('uploads'))).toEqual([]);
  });

  it('is refused with the name of metadata that cannot be stored', async () => {
    const metadata = `examId ${Buffer.from('a\0b').toString('base64')}`;
    const headers = { ...tusHeaders(), 'upload-length': '1', 'upload-metadata': metadata };
    const refused = await fetch(`${server.api}/uploads`, { method: 'POST', headers });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Upload-Metadata')]);
  });

  it('for a user id that is not UTF-8 is refused by that name, because two candidates would become one', async () => {
    const { id: examId } = await createExam(server);
    const metadata = { examId: Buffer.from(examId), userId: Buffer.from('Jos\xe9', 'latin1'), type: Buffer.from('webcam') };
    const written = Object.entries(metadata).map(([name, value]) => `${name} ${value.toString('base64')}`);
    const headers = { ...tusHeaders(), 'upload-length': '1', 'upload-metadata': written.join(',') };
    const refused = await fetch(`${server.api}/uploads`, { method: 'POST', headers });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { details: [{ field: 'userId' }] } }]);
  });

  it('that comes whole in the creating request becomes one recording, and can be asked for', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const metadata = Object.entries({ examId, userId: 'user_1', type: 'webcam' });
    const headers = {
      ...tusHeaders(),
      'content-type': 'application/offset+octet-stream',
      'upload-length': String(video.length),
      'upload-metadata': metadata.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(','),
    };
    const created = await fetch(`${server.api}/uploads`, { method: 'POST', headers, body: new Uint8Array(video) });
    expect([created.status, created.headers.get('upload-offset')]).toEqual([201, String(video.length)]);
    const id = created.headers.get('x-recording-id') ?? '';
    expect(Buffer.from(await (await server.rest(`/recordings/${id}/download`)).arrayBuffer()).equals(video)).toBe(true);
    const asked = await askUpload(server, new URL(created.headers.get('location') ?? '', server.api).pathname);
    expect([asked.status, asked.headers.get('x-recording-id')]).toEqual([200, id]);
    const query = `{ exam(id: "${examId}") { recordings { edges { node { id } } } } }`;
    expect(await server.graphql().request(query)).toEqual({ exam: { recordings: { edges: [{ node: { id } }] } } });
  });

  it('can be continued by POST with X-HTTP-Method-Override', async () => {
    const { path } = await beginUpload(server, video.length);
    const override = (method: string, headers: Record<string, string> = {}, body?: Uint8Array<ArrayBuffer>) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { ...tusHeaders(), 'x-http-method-override': method, ...headers },
        ...(body && { body }),
      });
    const chunk = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
    expect((await override('PATCH', chunk, new Uint8Array(video.subarray(0, 100)))).status).toBe(204);
    expect((await override('HEAD')).headers.get('upload-offset')).toBe('100');
    expect((await override('DELETE')).status).toBe(204);
  });

  it('is refused as the protocol says for another version or another type of body', async () => {
    const { path } = await beginUpload(server, video.length);
    for (const version of [{}, { 'tus-resumable': '0.2.2' }]) {
      const authorization = tusHeaders().authorization;
      const refused = await fetch(`${server.url}${path}`, { method: 'HEAD', headers: { authorization, ...version } });
      expect([refused.status, refused.headers.get('tus-version')]).toEqual([412, '1.0.0']);
    }
    const refused = await patch(server, path, 0, video, { headers: { 'content-type': 'video/webm' } });
    expect([refused.status, await offsetOf(server, path)]).toEqual([415, 0]);
  });

  it('announces its tus extensions', async () => {
    const { headers } = await fetch(`${server.api}/uploads`, { method: 'OPTIONS', headers: tusHeaders() });
    expect(headers.get('tus-extension')?.split(',')).toEqual(expect.arrayContaining(['creation', 'termination', 'expiration', 'checksum']));
    expect(headers.get('tus-checksum-algorithm')).toBe('sha1,sha256');
  });
});

describe('an upload to an encrypted disk', () => {
  it('continues after the key was replaced, and earlier files can still be downloaded', async () => {
    const first = await startTestServer({ STORAGE_ENCRYPTION_KEY: 'ab'.repeat(32), INLINE_WORKER: 'false' });
    try {
      const earlier = await beginUpload(first, video.length);
      const finished = await patch(first, earlier.path, 0, video);
      const { path } = await beginUpload(first, video.length);
      expect((await patch(first, path, 0, video.subarray(0, 10_007))).status).toBe(204);
      const replaced = { STORAGE_ENCRYPTION_KEY: 'cd'.repeat(32), STORAGE_ENCRYPTION_KEY_OLD: 'ab'.repeat(32) };
      const second = await first.another(replaced);
      try {
        expect((await downloaded(second, finished)).equals(video)).toBe(true);
        const whole = await patch(second, path, 10_007, video.subarray(10_007));
        expect((await downloaded(second, whole)).equals(video)).toBe(true);
      } finally {
        await second.stop();
      }
      await expect(first.another({ STORAGE_ENCRYPTION_KEY: 'cd'.repeat(32) })).rejects.toThrow('STORAGE_ENCRYPTION_KEY_OLD lacks a key');
      await expect(first.another({ STORAGE_ENCRYPTION_KEY_OLD: 'cd' })).rejects.toThrow('must be keys of 64 hexadecimal digits');
    } finally {
      await first.stop();
    }
  });
});

async function readStoredUpload(server: TestServer): Promise<Buffer> {
  const names = (await server.storedFiles()).filter((name) => name.includes('uploads') && !name.endsWith('.json'));
  return Buffer.concat(await Promise.all(names.map((name) => readFile(name))));
}
