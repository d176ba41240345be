import { createHash, randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../helpers/exam.ts';
import { makeMedia, VP8 } from '../helpers/media.ts';
import { openClient } from '../helpers/postgres.ts';
import { hasS3, startBucket, type TestBucket } from '../helpers/s3.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { askUpload, beginUpload, downloaded, flowingPatch, offsetOf, patch, tusHeaders } from '../helpers/tus.ts';

const MB = 1024 * 1024;

describe.skipIf(!hasS3)('an upload to a bucket', () => {
  let s3: TestBucket;
  let server: TestServer;
  let database: Client;
  let video: Buffer;
  beforeAll(async () => {
    s3 = await startBucket();
    server = await startTestServer({ ...s3.settings, INLINE_WORKER: 'false' });
    database = await openClient(server.databaseUrl);
    const pictures = await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=3', ...VP8, '-f', 'webm', 'pipe:1');
    video = Buffer.concat([pictures, voidElement(14 * MB)]);
  });
  afterAll(async () => {
    await database?.end();
    await server?.stop();
    await s3?.stop();
  });

  /** Another machine: the same database and bucket, and nothing of this one's disk. */
  const elsewhere = () => startTestServer({ ...s3.settings, DATABASE_URL: server.databaseUrl, INLINE_WORKER: 'false' });
  const below = async (path: string) => (await s3.objects()).filter((key) => key.includes(path.split('/').at(-1) ?? '-'));

  async function untilSafe(path: string, bytes: number): Promise<void> {
    const safe = async () => {
      const { rows } = await database.query('SELECT received::int FROM "Upload" WHERE id = $1', [path.split('/').at(-1)]);
      return Number(rows[0]?.received);
    };
    await expect.poll(safe).toBeGreaterThanOrEqual(bytes);
  }

  async function expectStoredOnce(recordingId: string | null, examId: string): Promise<void> {
    const { rows } = await database.query('SELECT id, sha256 FROM "Recording" WHERE "examId" = $1', [examId]);
    expect(rows).toEqual([{ id: recordingId, sha256: createHash('sha256').update(video).digest('hex') }]);
    expect(await s3.objects()).toContain(`invigil/${recordingId}.webm`);
    expect([(await s3.objects()).filter((key) => key.includes('uploads')), await s3.unfinished()]).toEqual([[], []]);
  }

  it('continues on another machine after its server was killed in the middle, and gives the same file', async () => {
    const { path, examId } = await beginUpload(server, video.length);
    // Too little for a part, so it has to wait beside them.
    expect((await patch(server, path, 0, video.subarray(0, 3 * MB))).status).toBe(204);
    const { answer, feed } = flowingPatch(server, path, 3 * MB);
    feed(video.subarray(3 * MB, 12 * MB));
    await untilSafe(path, 8 * MB);
    await server.kill();
    await expect(answer).rejects.toThrow('fetch failed');
    const other = await elsewhere();
    try {
      const offset = await offsetOf(other, path);
      expect(offset).toBe(8 * MB);
      const finished = await patch(other, path, offset, video.subarray(offset));
      expect((await downloaded(other, finished)).equals(video)).toBe(true);
      await expectStoredOnce(finished.headers.get('x-recording-id'), examId);
      expect(await other.storedFiles()).toEqual([]);
    } finally {
      await other.stop();
      await server.restart();
    }
  });

  it('becomes one recording even if its server is killed while finishing it', async () => {
    const { path, examId } = await beginUpload(server, video.length);
    const answer = patch(server, path, 0, video);
    answer.catch(() => {});
    await untilSafe(path, video.length);
    await server.kill();
    await answer.catch(() => {});
    await server.restart();
    const asked = await askUpload(server, path);
    expect((await downloaded(server, asked)).equals(video)).toBe(true);
    await expectStoredOnce(asked.headers.get('x-recording-id'), examId);
  });

  it('is finished by a server that starts later, if its client does not come back', async () => {
    const { path, examId } = await beginUpload(server, video.length);
    const answer = patch(server, path, 0, video);
    answer.catch(() => {});
    await untilSafe(path, video.length);
    await server.kill();
    await database.query('DELETE FROM "Lease"'); // which would end by itself in some seconds
    await server.restart();
    const ids = async () => (await database.query<{ id: string }>('SELECT id FROM "Recording" WHERE "examId" = $1', [examId])).rows;
    await expect.poll(ids).toHaveLength(1);
    await expect.poll(() => below(path)).toEqual([]);
    await expectStoredOnce((await ids())[0]?.id ?? null, examId);
  });

  it('in many small pieces, through two servers in turn and at the same time, gives the same file', async () => {
    const other = await elsewhere();
    try {
      const { path, examId } = await beginUpload(server, video.length);
      const sizes = [1, 700_000, 4 * MB, 6 * MB, 1_234_567];
      let offset = 0;
      for (const [index, size] of sizes.entries()) {
        const piece = video.subarray(offset, offset + size);
        // Both take it for theirs; one of them is too late.
        const answers = await Promise.all([server, other].map((one) => patch(one, path, offset, piece)));
        expect(new Set(answers.map(({ status }) => status)), `piece ${index}`).toEqual(new Set([204, 409]));
        offset += size;
        expect(await offsetOf(other, path)).toBe(offset);
      }
      // A client that comes back before its old connection is known to be gone.
      const { answer, feed } = flowingPatch(server, path, offset);
      feed(video.subarray(offset, offset + MB));
      await expect.poll(async () => (await database.query('SELECT 1 FROM "Lease"')).rowCount).toBe(1);
      const resumed = await offsetOf(other, path);
      expect([offset, offset + MB]).toContain(resumed);
      feed(null);
      await answer.catch(() => {});
      const finished = await patch(other, path, resumed, video.subarray(resumed));
      expect((await downloaded(other, finished)).equals(video)).toBe(true);
      await expectStoredOnce(finished.headers.get('x-recording-id'), examId);
    } finally {
      await other.stop();
    }
  });

  it('refuses a piece with a wrong checksum, and accepts it when it is sent again', async () => {
    const { path, examId } = await beginUpload(server, video.length);
    const checksum = (bytes: Uint8Array) => ({
      headers: { 'upload-checksum': `sha256 ${createHash('sha256').update(bytes).digest('base64')}` },
    });
    const [first, rest] = [video.subarray(0, 6 * MB), video.subarray(6 * MB)];
    const refused = await patch(server, path, 0, first, checksum(rest));
    expect([refused.status, await offsetOf(server, path)]).toEqual([460, 0]);
    expect((await patch(server, path, 0, first, checksum(first))).status).toBe(204);
    const finished = await patch(server, path, first.length, rest, checksum(rest));
    expect((await downloaded(server, finished)).equals(video)).toBe(true);
    await expectStoredOnce(finished.headers.get('x-recording-id'), examId);
  });

  it('that is not a video is refused, and nothing of it is kept', async () => {
    const noise = randomBytes(6 * MB);
    const { path } = await beginUpload(server, noise.length);
    const refused = await patch(server, path, 0, noise);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Must be a WebM or MP4 video')]);
    expect([await below(path), await s3.unfinished(), await server.storedFiles()]).toEqual([[], [], []]);
    expect((await askUpload(server, path)).status).toBe(404);
  });

  it('leaves nothing in the bucket if its client cancels it or it expires', async () => {
    const give = async () => {
      const { path } = await beginUpload(server, video.length);
      expect((await patch(server, path, 0, video.subarray(0, 10 * MB))).status).toBe(204);
      // A part and a tail.
      expect([await below(path), await s3.unfinished()]).toEqual([[expect.any(String)], [expect.any(String)]]);
      return path;
    };
    const path = await give();
    expect((await fetch(`${server.url}${path}`, { method: 'DELETE', headers: tusHeaders() })).status).toBe(204);
    expect([await below(path), await s3.unfinished(), (await askUpload(server, path)).status]).toEqual([[], [], 404]);

    const late = await give();
    await database.query(`UPDATE "Upload" SET "createdAt" = now() - interval '25 hours'`);
    expect((await patch(server, late, 10 * MB, video.subarray(10 * MB))).status).toBe(410);
    await server.shutDown();
    await server.restart();
    await expect.poll(() => s3.unfinished()).toEqual([]);
    await expect.poll(() => below(late)).toEqual([]);
    expect((await askUpload(server, late)).status).toBe(404);
  });

  it('is not visible to other callers', async () => {
    const [mine, other] = [await createKey(server, 'LMS', 'north'), await createKey(server, 'LMS', 'south')];
    const { path } = await beginUpload(server, video.length, mine.key);
    const bytes = video.subarray(0, 1000);
    expect((await patch(server, path, 0, bytes, { credential: 'unknown' })).status).toBe(401);
    expect((await askUpload(server, path, 'unknown')).status).toBe(401);
    expect((await patch(server, path, 0, bytes, { credential: other.key })).status).toBe(404);
    expect((await askUpload(server, path, other.key)).status).toBe(404);
    const given = await fetch(`${server.url}${path}`, { method: 'DELETE', headers: tusHeaders(other.key) });
    expect(given.status).toBe(404);
    expect((await patch(server, path, 0, bytes, { credential: mine.key })).status).toBe(204);
  });
});

/** An element of WebM that players skip, so that a short video makes a large file. */
function voidElement(bytes: number): Buffer {
  const head = Buffer.from([0xec, 0x01, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUIntBE(bytes, 3, 6);
  return Buffer.concat([head, randomBytes(bytes)]);
}
