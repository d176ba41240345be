import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join } from '../helpers/exam.ts';
import { makeMedia, VP8 } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { analysed, uploadRecording, watchProgress } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let folder: string;
let video: string;
beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'invigil-jobs-'));
  video = joinPath(folder, 'session.webm');
  await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=20,vflip', ...VP8, video);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const RETRY = 'mutation ($id: ID!) { retryAnalysis(recordingId: $id) { id status } }';
const upload = (server: TestServer, examId: string, userId: string) =>
  uploadRecording(server, { examId, userId, type: 'webcam', path: video });
const sendRetry = (server: TestServer, id: string, credential?: string) =>
  server.rest(`/recordings/${id}/retry`, { method: 'POST', ...(credential && { credential }) });

describe('an analysis', () => {
  it('that was interrupted again and again is given up with a reason, and succeeds when a proctor runs it again', async () => {
    const server = await startTestServer({ INLINE_WORKER: 'false' });
    try {
      const { id: examId } = await createExam(server);
      const { id } = await upload(server, examId, 'user_1');
      // As workers leave it that were killed over it.
      await runSql(server, `UPDATE "Recording" SET attempts = 5, status = 'PROCESSING' WHERE id = $1`, [id]);
      const worker = await server.another({ INLINE_WORKER: 'true' });
      try {
        expect(await analysed(server, id)).toMatchObject({ status: 'failed', error: expect.stringContaining('started 5 times') as string });
        const token = await join(server, examId, 'user_1');
        expect((await sendRetry(server, id, token)).status).toBe(401);
        const stranger = await createKey(server, 'PROCTOR', 'another');
        expect((await sendRetry(server, id, stranger.key)).status).toBe(404);

        const proctor = await createKey(server, 'PROCTOR');
        const answer = await server.graphql(proctor.key).request(RETRY, { id });
        expect(answer).toEqual({ retryAnalysis: { id, status: 'UPLOADED' } });
        expect(await analysed(server, id)).toMatchObject({ status: 'processed', analysis: { faceDetection: { multipleFaces: 0 } } });
        const again = await sendRetry(server, id);
        expect([again.status, await again.json()]).toEqual([
          400,
          expect.objectContaining({ error: expect.objectContaining({ code: 'conflict' }) as object }),
        ]);
      } finally {
        await worker.stop();
      }
    } finally {
      await server.stop();
    }
  });

  it('that takes too long fails with a reason after its last attempt', async () => {
    const server = await startTestServer({ ANALYSIS_LIMIT_SECONDS: '1' });
    try {
      // Twelve minutes cannot be watched in a second.
      const long = joinPath(folder, 'long.webm');
      await makeMedia('-stream_loop', '35', '-i', video, '-c', 'copy', long);
      const { id: examId } = await createExam(server);
      const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path: long });
      expect(await analysed(server, id)).toMatchObject({ status: 'failed', error: expect.stringContaining('longer than 1 s') as string });
      expect((await sendRetry(server, id)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it('for an exam in progress runs before those for other exams', async () => {
    const server = await startTestServer({ INLINE_WORKER: 'false' });
    try {
      const [over, running] = await Promise.all([createExam(server), createExam(server)]);
      await server.graphql().request(`mutation { startExam(examId: "${running.id}") { id } }`);
      const waiting = [await upload(server, over.id, 'user_1'), await upload(server, over.id, 'user_2')];
      const urgent = await upload(server, running.id, 'user_1');
      const order: string[] = [];
      const ended = [...waiting, urgent].map(async ({ id }) => {
        await watchProgress(server, id).end();
        order.push(id);
      });
      const worker = await server.another({ INLINE_WORKER: 'true' });
      await Promise.all(ended);
      await worker.stop();
      expect(order[0]).toBe(urgent.id);
      expect(order).toHaveLength(3);
    } finally {
      await server.stop();
    }
  });
});
