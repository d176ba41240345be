import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDiskStorage } from '../../src/adapters/storage/storage-disk.ts';
import { createS3Storage, type S3Options } from '../../src/adapters/storage/storage-s3.ts';
import { createExam } from '../helpers/exam.ts';
import { makeMedia, VP8 } from '../helpers/media.ts';
import { uploadRecording, watchProgress } from '../helpers/recordings.ts';
import { hasS3, startBucket, type TestBucket } from '../helpers/s3.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const MB = 1024 * 1024;

let s3: TestBucket;
beforeAll(async () => {
  if (hasS3) s3 = await startBucket();
});
afterAll(() => s3?.stop());

const objects = () => s3.objects();

async function openStorage(bucket = s3.bucket, { credentials = s3.credentials, ...rest }: Partial<S3Options> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'invigil-s3-spool-'));
  const { endpoint } = s3;
  const options = {
    bucket,
    endpoint,
    credentials,
    prefix: 'unit/',
    region: 'us-east-1',
    forcePathStyle: true,
    redirectDownloads: false,
    ...rest,
  };
  const storage = createS3Storage(options, { spool: createDiskStorage(folder), workFolder: join(folder, 'copies') });
  return { storage, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

describe.skipIf(!hasS3)('a bucket', () => {
  it.for([0, 1, 5 * MB, 40 * MB + 1])('returns %i bytes unchanged, and any range of them', async (size) => {
    await using opened = await openStorage();
    const { storage } = opened;
    const bytes = randomBytes(size);
    const file = await storage.spool(Readable.from([bytes], { objectMode: false }), { maxBytes: size });
    expect(bytes.equals(await buffer(storage.read(file)))).toBe(true);
    await storage.commit(file, 'rec_1.webm');
    await expect(buffer(storage.read(file))).rejects.toThrow('ENOENT');
    expect(bytes.equals(await buffer(storage.read('rec_1.webm')))).toBe(true);
    expect(bytes.equals(await storage.withLocalFile('rec_1.webm', (path) => readFile(path)))).toBe(true);
    if (size > 10) {
      const part = await buffer(storage.read('rec_1.webm', { start: size - 7, end: size - 3 }));
      expect(part.equals(bytes.subarray(size - 7, size - 2))).toBe(true);
    }
    expect(await objects()).toContain('unit/rec_1.webm');
    await storage.remove('rec_1.webm');
    await storage.remove('rec_1.webm');
    expect(await objects()).not.toContain('unit/rec_1.webm');
    await expect(buffer(storage.read('rec_1.webm'))).rejects.toThrow(/exist|NoSuchKey/i);
  });

  it.for([{}, { copyBytes: 5 * MB }])(
    'turns a multipart upload into a file without copying it through the server (%o)',
    async (options) => {
      await using opened = await openStorage(s3.bucket, options);
      const { storage } = opened;
      if (!storage.parts) throw new Error('it takes no parts');
      const bytes = randomBytes(13 * MB);
      const upload = { name: 'upl_1', bucketId: await storage.parts.begin('upl_1') };
      const parts = [];
      for (const [number, start, end] of [
        [1, 0, 6 * MB],
        [4, 6 * MB, 12 * MB],
        [5, 12 * MB, 13 * MB],
      ] as const) {
        const piece = await storage.spool(Readable.from([bytes.subarray(start, end)], { objectMode: false }), { maxBytes: 6 * MB });
        parts.push({ number, etag: await storage.parts.putPart(upload, number, piece) });
        await storage.discard(piece);
      }
      await storage.parts.join(upload, parts);
      await storage.parts.join(upload, parts);
      const file = await storage.spool(storage.parts.read('upl_1'), { maxBytes: bytes.length });
      storage.parts.holds(file, 'upl_1');
      await storage.commit(file, 'rec_2.webm');
      await storage.parts.remove(upload);
      await storage.parts.remove(upload);
      expect(bytes.equals(await buffer(storage.read('rec_2.webm')))).toBe(true);
      expect([await objects(), await s3.unfinished()]).toEqual([['unit/rec_2.webm'], []]);
      await storage.remove('rec_2.webm');
    },
  );

  it('that does not exist is reported at the start', async () => {
    await using opened = await openStorage('nowhere');
    await expect(opened.storage.sweep()).rejects.toThrow('Cannot use the bucket nowhere');
  });

  it('is not accessible with a wrong secret', async () => {
    await using opened = await openStorage(s3.bucket, { credentials: { ...s3.credentials, secretAccessKey: 'another' } });
    await expect(opened.storage.sweep()).rejects.toThrow('Cannot use the bucket');
  });

  it('does not lose waiting files while it is unreachable', async () => {
    const away = await startBucket();
    const folder = await mkdtemp(join(tmpdir(), 'invigil-s3-spool-'));
    try {
      const { endpoint, credentials, bucket } = away;
      const options = { bucket, endpoint, credentials, prefix: '', region: 'us-east-1', forcePathStyle: true, redirectDownloads: false };
      const storage = createS3Storage(options, { spool: createDiskStorage(folder), workFolder: join(folder, 'copies') });
      const file = await storage.spool(Readable.from([Buffer.from('evidence')], { objectMode: false }), { maxBytes: 100 });
      await away.stop();
      await expect(storage.commit(file, 'rec_1.webm')).rejects.toThrow('ECONNREFUSED');
      expect((await buffer(storage.read(file))).toString()).toBe('evidence');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasS3)('a server with a bucket', () => {
  let server: TestServer;
  let folder: string;
  let video: string;
  beforeAll(async () => {
    server = await startTestServer(s3.settings);
    folder = await mkdtemp(join(tmpdir(), 'invigil-s3-video-'));
    video = join(folder, 'session.webm');
    await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=3', ...VP8, video);
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('stores and analyses recordings in it, serves them from it, and leaves nothing on its own disk', async () => {
    const { id: examId } = await createExam(server);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video });
    expect(await objects()).toContain(`invigil/${id}.webm`);
    await watchProgress(server, id).end();
    expect(await (await server.rest(`/recordings/${id}`)).json()).toMatchObject({ status: 'processed' });
    const whole = Buffer.from(await (await server.rest(`/recordings/${id}/download`)).arrayBuffer());
    expect(whole.equals(await readFile(video))).toBe(true);
    const part = await server.rest(`/recordings/${id}/download`, { headers: { range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(100, 200))).toBe(true);
    await server.idle();
    expect((await server.allFiles()).filter((name) => name.includes('recordings'))).toEqual([]);
    await server
      .graphql()
      .request(`mutation { deleteExam(examId: "${examId}") }`)
      .catch(() => {});
  });

  it('keeps nothing that is sent to a cancelled exam', async () => {
    const { id: examId } = await createExam(server);
    await server.graphql().request(`mutation { cancelExam(examId: "${examId}") { id } }`);
    const before = await objects();
    await expect(uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: video })).rejects.toThrow('400');
    expect(await objects()).toEqual(before);
  });

  it('redirects downloads to the bucket if configured, with links that work only as signed', async () => {
    const second = await server.another({ S3_REDIRECT_DOWNLOADS: 'true' });
    try {
      const { id: examId } = await createExam(server);
      const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'screen', path: video });
      const answer = await second.rest(`/recordings/${id}/download`, { redirect: 'manual', headers: { range: 'bytes=0-9' } });
      const link = answer.headers.get('location') ?? '';
      expect([answer.status, answer.headers.get('cache-control'), link.startsWith(s3.endpoint)]).toEqual([302, 'no-store', true]);
      const file = await fetch(link);
      expect(file.headers.get('content-type')).toBe('video/webm');
      expect(file.headers.get('content-disposition')).toContain(`${id}.webm`);
      expect(Buffer.from(await file.arrayBuffer()).equals(await readFile(video))).toBe(true);
      const signed = new URL(link).searchParams;
      expect([signed.get('X-Amz-Expires'), signed.get('X-Amz-Signature')]).toEqual(['3600', expect.stringMatching(/^[0-9a-f]{64}$/)]);
      expect((await second.rest(`/recordings/${id}/download`, { method: 'HEAD' })).status).toBe(200);
    } finally {
      await second.stop();
    }
  });
});
