import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, report } from '../helpers/exam.ts';
import { film, pictures } from '../helpers/media.ts';
import { openClient, runSql } from '../helpers/postgres.ts';
import { form } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let database: Client;
let folder: string;
let video: string;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
  database = await openClient(server.databaseUrl);
  folder = await mkdtemp(joinPath(tmpdir(), 'invigil-test-'));
  video = joinPath(folder, 'webcam.webm');
  await film(video, [{ picture: pictures.oneFace, seconds: 1 }]);
});
afterAll(async () => {
  await database.end();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const off = { settings: { aiDetection: { enabled: false } } };
const count = async (text: string, ...values: unknown[]) => (await database.query(text, values)).rowCount;

/** A request under its own key, to an exam of its own, and how much of it is stored. */
interface Door {
  name: string;
  send(): Promise<Response>;
  stored(): Promise<number | null>;
}

async function openDoors(): Promise<Door[]> {
  const key = (name: string) => ({ headers: { 'idempotency-key': name } });
  const [known, fresh, submitted, live, uploaded, slow] = (await Promise.all([1, 2, 3, 4, 5, 6].map(() => createExam(server, off)))).map(
    ({ id }) => id,
  );
  for (const examId of [known, slow]) await report(server, examId ?? '', 'user_1', ['noise']);
  const added = { minutes: 5, reason: 'A fire alarm' };
  const minutes = (examId: string | undefined) => () =>
    count(
      `SELECT 1 FROM "TimeCredit" c JOIN "Participant" p ON p.id = c."participantId" WHERE p."examId" = $1 AND c.by <> 'system'`,
      examId,
    );
  const warnings = [{ type: 'copy_paste' }];
  const counted = (table: string, examId: string | undefined) => () => count(`SELECT 1 FROM "${table}" WHERE "examId" = $1`, examId);
  const type = 'copy_paste';
  return [
    {
      name: 'a report',
      send: () => server.post(`/exams/${known}/warnings`, { userId: 'user_1', warnings }, key('report')),
      stored: () => count(`SELECT 1 FROM "Warning" WHERE "examId" = $1 AND type = $2`, known, type),
    },
    {
      name: 'a first report',
      send: () => server.post(`/exams/${fresh}/warnings`, { userId: 'user_1', warnings }, key('first')),
      stored: counted('Warning', fresh),
    },
    {
      name: 'a submission',
      send: () => server.post(`/exams/${submitted}/submit`, { userId: 'user_1', stats: {}, warnings }, key('submit')),
      stored: counted('Submission', submitted),
    },
    {
      name: 'the start of a live recording',
      send: () => server.post('/recordings/live', { examId: live, userId: 'user_1', type: 'webcam' }, key('live')),
      stored: counted('Recording', live),
    },
    {
      name: 'a new exam',
      send: () => server.post('/exams', { title: 'Made once', duration: 60 }, key('exam')),
      stored: () => count(`SELECT 1 FROM "Exam" WHERE title = 'Made once'`),
    },
    {
      name: 'an upload',
      async send() {
        const body = await form({ examId: uploaded ?? '', userId: 'user_1', type: 'webcam', file: { path: video } });
        return server.rest('/recordings', { method: 'POST', body, ...key('upload') });
      },
      stored: counted('Recording', uploaded),
    },
    {
      name: 'time for one',
      send: () => server.post(`/exams/${slow}/participants/user_1/time`, added, key('time')),
      stored: minutes(slow),
    },
  ];
}

describe('a request that is sent again with its Idempotency-Key', () => {
  it('stores nothing twice if the server was killed after the work and before it kept the answer', async () => {
    const doors = await openDoors();
    // The database waits where an answer is kept.
    await database.query(`
      CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
      CREATE TRIGGER hold BEFORE UPDATE OF body ON "IdempotencyRecord" FOR EACH ROW EXECUTE FUNCTION hold();
      SELECT pg_advisory_lock(4711)`);
    const waiting = () => count(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted`);
    let killed = false;
    const isKilled = () => killed;
    // A statement may only wait for 2.5 s, and what fails is not kept: whoever waited in vain before all others came tries again.
    const lost = doors.map(async (door) => {
      while (!isKilled()) await door.send().catch(() => null);
    });
    await expect.poll(waiting).toBe(doors.length);
    killed = true;
    await server.kill();
    await Promise.all(lost);
    await database.query('SELECT pg_advisory_unlock(4711); DROP TRIGGER hold ON "IdempotencyRecord"');
    await server.restart();
    // Two minutes later, the first request counts as dead.
    await database.query(`UPDATE "IdempotencyRecord" SET "lockedUntil" = now() - interval '1 s' WHERE status IS NULL`);
    for (const { name, send, stored } of doors) {
      const answer = await send();
      expect([name, answer.status, await stored()]).toEqual([name, 200, 1]);
      const again = await send();
      expect([name, await again.json(), await stored()]).toEqual([name, await answer.json(), 1]);
    }
  });

  it('stores nothing twice if the first one is still running when its time is up', async () => {
    const { id: examId } = await createExam(server, off);
    await report(server, examId, 'user_1', ['noise']);
    const send = () =>
      server.post(
        `/exams/${examId}/warnings`,
        { userId: 'user_1', warnings: [{ type: 'copy_paste' }] },
        { headers: { 'idempotency-key': 'late' } },
      );
    await database.query('BEGIN');
    await database.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [examId]);
    const first = send();
    // As soon as the key is claimed: the first one may only wait for 2.5 s.
    await runSql(
      server,
      `DO $$ BEGIN LOOP
         UPDATE "IdempotencyRecord" SET "lockedUntil" = now() - interval '1 s' WHERE key = 'late';
         EXIT WHEN FOUND;
         PERFORM pg_sleep(0.005);
       END LOOP; END $$`,
    );
    const second = send();
    // `now()` would be the beginning of the transaction that holds the exam.
    await expect.poll(() => count(`SELECT 1 FROM "IdempotencyRecord" WHERE key = 'late' AND "lockedUntil" > clock_timestamp()`)).toBe(1);
    await database.query('COMMIT');
    // Whoever waited for more than 2.5 s is told to try again.
    let answer = await second;
    while (answer.status === 500) answer = await send();
    expect(answer.status).toBe(200);
    // The first one came too late: it gets the second one's answer or is told to ask for it.
    expect([200, 400, 500]).toContain((await first).status);
    expect(await count(`SELECT 1 FROM "Warning" WHERE "examId" = $1 AND type = 'copy_paste'`, examId)).toBe(1);
  });

  it('is told to come back soon while the first one is still running', async () => {
    const { id: examId } = await createExam(server, off);
    await report(server, examId, 'user_1', ['noise']);
    const body = { userId: 'user_1', warnings: [{ type: 'copy_paste' }] };
    const send = () => server.post(`/exams/${examId}/warnings`, body, { headers: { 'idempotency-key': 'running' } });
    expect((await send()).status).toBe(200);
    // As it is before the answer is kept.
    const holdUntil = (time: string) =>
      database.query(`UPDATE "IdempotencyRecord" SET status = NULL, body = NULL, "lockedUntil" = ${time} WHERE key = 'running'`);
    await holdUntil(`now() + interval '1 hour'`);
    const answers = await Promise.all([send(), send(), send()]);
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([400, '1']);
      expect(await answer.json()).toMatchObject({ error: { code: 'conflict' } });
    }
    expect(await count(`SELECT 1 FROM "Warning" WHERE "examId" = $1 AND type = 'copy_paste'`, examId)).toBe(1);
    await holdUntil(`now() - interval '1 s'`);
    expect((await send()).status).toBe(200);
  });

  it('gets the first answer although its text held half an emoji', async () => {
    const { id: examId } = await createExam(server, off);
    await report(server, examId, 'user_1', ['noise']);
    const send = () =>
      server.rest(`/exams/${examId}/warnings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'emoji' },
        body: String.raw`{"userId":"user_1","warnings":[{"type":"copy_paste","details":"pasted \ud83d, and \\ud83d as text"}]}`,
      });
    const first = await send();
    expect(first.status).toBe(200);
    const answer = (await first.json()) as { warnings: { details: string }[] };
    expect(answer.warnings[0]?.details).toBe(String.raw`pasted ${'\ufffd'}, and \ud83d as text`);
    expect(await (await send()).json()).toEqual(answer);
    expect(await count(`SELECT 1 FROM "Warning" WHERE "examId" = $1 AND type = 'copy_paste'`, examId)).toBe(1);
  });
});
