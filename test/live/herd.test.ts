import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, tokenIn } from '../helpers/exam.ts';
import { createTestDatabase, openClient, type TestDatabase, whileLocked } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { startStatementCounter, type StatementCounter } from '../helpers/statements.ts';

// The first and the last second of an exam, in which everybody does the same.

let copy: TestDatabase;
let counter: StatementCounter;
let server: TestServer;
let database: Client;
beforeAll(async () => {
  copy = await createTestDatabase();
  counter = await startStatementCounter(copy.url);
  server = await startTestServer({ DATABASE_URL: counter.url, INLINE_WORKER: 'false' });
  database = await openClient(copy.url);
});
afterAll(async () => {
  await database.end();
  await server.stop();
  await counter.stop();
  await copy.drop();
});

const off = { settings: { aiDetection: { enabled: false } } };
const everybody = <T>(count: number, act: (userId: string, n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => act(`user_${n}`, n)));
const warningsOf = (userId: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    type: 'mouse_left',
    timestamp: new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString(),
    clientEventId: `${userId}-${n}`,
  }));
const submit = (examId: string, userId: string, body: object = {}, credential?: string) =>
  server.post(`/exams/${examId}/submit`, { userId, stats: { of: userId }, ...body }, credential ? { credential } : {});
const rowsOf = async <Row extends object>(text: string, ...values: unknown[]) => (await database.query<Row>(text, values)).rows;

/** That the log has no gap and no position twice. */
async function expectContiguous(examId: string): Promise<void> {
  const [log] = await rowsOf<{ count: number; newest: number; position: number }>(
    `SELECT count(*)::int, max(v.seq)::int AS newest, max(e."lastSeq")::int AS position
      FROM "Event" v JOIN "Exam" e ON e.id = v."examId" WHERE e.id = $1`,
    examId,
  );
  expect(log).toEqual({ count: log?.newest, newest: log?.newest, position: log?.newest });
}

describe('candidates who submit in the same second', () => {
  it('are all accepted, each with their own warnings and statistics', async () => {
    const { id: examId } = await createExam(server, off);
    const answers = await everybody(200, (userId) => submit(examId, userId, { warnings: warningsOf(userId, 50) }));
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ warnings: { received: 50, stored: 50 } });
    }
    const stored = await rowsOf<object>(
      `SELECT p."userId", p.status, p."warningCount", s.stats->>'of' AS stats, count(w.id)::int AS warnings
        FROM "Participant" p JOIN "Submission" s ON s."participantId" = p.id JOIN "Warning" w ON w."participantId" = p.id
       WHERE p."examId" = $1 GROUP BY p.id, s.id`,
      examId,
    );
    expect(stored).toHaveLength(200);
    for (const row of stored as { userId: string }[])
      expect(row).toEqual({ userId: row.userId, status: 'SUBMITTED', warningCount: 50, stats: row.userId, warnings: 50 });
    await expectContiguous(examId);
  });

  it('are stored by a few statements, however many they are', async () => {
    let round = 0;
    const { statements } = await counter.least(async () => {
      const { id: examId } = await createExam(server, off);
      // The first one learns of the exam, so that the others need not ask for it.
      await submit(examId, 'user_first');
      const answers = await whileLocked(database, examId, () =>
        everybody(60, (userId) => submit(examId, userId, { warnings: warningsOf(userId, 3) })),
      );
      expect(answers.filter(({ ok }) => ok)).toHaveLength(60);
      round += 1;
    });
    expect(round).toBeGreaterThan(0);
    expect(statements.filter((text) => /^\s*INSERT INTO "Submission"/.test(text)).length).toBeLessThan(10);
    expect(statements.filter((text) => text === 'COMMIT').length).toBeLessThan(12);
    expect(statements.length).toBeLessThan(100);
  });

  it('twice are accepted once, with the statistics of the request that was accepted', async () => {
    const { id: examId } = await createExam(server, off);
    const long = 'x'.repeat(600_000);
    const attempts = await everybody(4, (_user, n) => submit(examId, 'user_1', { stats: { attempt: n, long } }));
    const accepted = attempts.findIndex(({ ok }) => ok);
    expect(attempts.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await rowsOf(`SELECT stats->'attempt' AS attempt FROM "Submission" WHERE "examId" = $1`, examId)).toEqual([
      { attempt: accepted },
    ]);
  });

  it.each([
    ['short', ''],
    ['long', 'x'.repeat(600_000)],
  ])('are accepted beside one whose %s statistics the database refuses', async (_length, long) => {
    const { id: examId } = await createExam(server, off);
    const answers = await whileLocked(database, examId, () =>
      everybody(20, (userId, n) =>
        server.rest(`/exams/${examId}/submit`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: `{"userId":"${userId}","stats":{"long":"${long}","n":${n === 7 ? '1e999999' : n}}}`,
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, n) => (n === 7 ? 400 : 200)));
    expect(await answers[7]?.json()).toMatchObject({ error: { details: [{ field: 'stats' }] } });
    expect(await rowsOf(`SELECT 1 FROM "Participant" WHERE "examId" = $1`, examId)).toHaveLength(19);
    await expectContiguous(examId);
  });

  it('are each held to their own rights', async () => {
    const { id: examId, accessUrl } = await createExam(server, off);
    const { id: otherExam } = await createExam(server, off);
    const tokens = await everybody(20, (userId) => join(server, examId, userId));
    const asked = await Promise.all(
      tokens.flatMap((credential, n) => [
        submit(examId, `user_${n}`, {}, credential),
        submit(examId, `user_${(n + 1) % 20}`, {}, credential),
        submit(otherExam, `user_${n}`, {}, credential),
        submit(examId, `user_${n}`, {}, tokenIn(accessUrl)),
      ]),
    );
    const statuses = asked.map(({ status }) => status);
    expect(statuses).toEqual(tokens.flatMap(() => [200, 401, 404, 401]));
    expect(await rowsOf(`SELECT 1 FROM "Submission" WHERE "examId" = $1 AND stats->>'of' = "userId"`, examId)).toHaveLength(20);
    expect(await rowsOf(`SELECT 1 FROM "Participant" WHERE "examId" = $1`, otherExam)).toEqual([]);
  });
});

describe('candidates who join in the same second', () => {
  it('all get in, once each, and the exam starts once', async () => {
    const { id: examId, accessUrl } = await createExam(server, off);
    const link = tokenIn(accessUrl);
    const attempts = await Promise.all(
      Array.from({ length: 600 }, (_, n) =>
        join(server, examId, `user_${n % 300}`, link).then(
          () => ({ n: n % 300, ok: true }),
          (error: Error) => ({ n: n % 300, ok: error.message.includes('already joined') ? false : error.message }),
        ),
      ),
    );
    const seats = attempts.filter(({ ok }) => ok === true).map(({ n }) => n);
    expect(seats.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    expect(attempts.filter(({ ok }) => ok === false)).toHaveLength(300);
    const events = await rowsOf<{ kind: string; count: number }>(
      `SELECT kind, count(*)::int FROM "Event" WHERE "examId" = $1 GROUP BY kind ORDER BY kind`,
      examId,
    );
    expect(events).toEqual([
      { kind: 'PARTICIPANT_CHANGED', count: 300 },
      { kind: 'EXAM_CHANGED', count: 1 },
    ]);
    await expectContiguous(examId);
  });

  it('are refused without a trace when the exam has been cancelled meanwhile', async () => {
    const { id: examId } = await createExam(server, off);
    const joined = await whileLocked(database, examId, () =>
      Promise.allSettled([
        server.graphql().request(`mutation { cancelExam(examId: "${examId}") { id } }`),
        ...Array.from({ length: 40 }, (_, n) => join(server, examId, `user_${n}`)),
      ]),
    );
    const admitted = joined.slice(1).filter(({ status }) => status === 'fulfilled');
    expect(await rowsOf(`SELECT 1 FROM "Participant" WHERE "examId" = $1`, examId)).toHaveLength(admitted.length);
    const late = await rowsOf(
      `SELECT 1 FROM "Event" WHERE "examId" = $1
        AND seq > (SELECT seq FROM "Event" WHERE "examId" = $1 AND data->>'to' = 'CANCELLED')`,
      examId,
    );
    expect(late).toEqual([]);
  });
});

describe('candidates who are new to the exam', () => {
  it('lose no first warning when all report in the same second', async () => {
    const { id: examId } = await createExam(server, off);
    const answers = await everybody(200, (userId) => server.post(`/exams/${examId}/warnings`, { userId, warnings: warningsOf(userId, 2) }));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(200);
    const counts = await rowsOf(`SELECT 1 FROM "Participant" WHERE "examId" = $1 AND status = 'ACTIVE' AND "warningCount" = 2`, examId);
    expect(counts).toHaveLength(200);
    await expectContiguous(examId);
  });

  it('store a repeated first warning once, also if both arrive together', async () => {
    const { id: examId } = await createExam(server, off);
    const answers = await whileLocked(database, examId, () =>
      everybody(10, () => server.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings: warningsOf('user_1', 3) })),
    );
    const ids = await Promise.all(
      answers.map(async (answer) => ((await answer.json()) as { warnings: { id: string }[] }).warnings.map(({ id }) => id)),
    );
    expect(new Set(ids.flat()).size).toBe(3);
    expect(await rowsOf(`SELECT 1 FROM "Warning" WHERE "examId" = $1`, examId)).toHaveLength(3);
  });

  it('can all start a live recording in the same second', async () => {
    const { id: examId } = await createExam(server, off);
    const answers = await everybody(200, (userId) => server.post('/recordings/live', { examId, userId, type: 'webcam' }));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(200);
    expect(await rowsOf(`SELECT DISTINCT "participantId" FROM "Recording" WHERE "examId" = $1 AND live`, examId)).toHaveLength(200);
    await expectContiguous(examId);
  });
});

describe('a candidate who sends far more than the others', () => {
  it('is told when to try again, and no other candidate is refused', async () => {
    const { id: examId } = await createExam(server, off);
    const tokens = await everybody(6, (userId) => join(server, examId, userId));
    const send = (n: number, clientEventId: string) =>
      server.post(`/exams/${examId}/warnings`, { warnings: [{ type: 'noise', clientEventId }] }, { credential: tokens[n] ?? '' });
    const [flood, others] = await whileLocked(database, examId, async () => {
      const flood = Array.from({ length: 1_400 }, (_, n) => send(0, `flood-${n}`));
      const others = [1, 2, 3, 4, 5].map((n) => send(n, 'only'));
      return [await Promise.all(flood), await Promise.all(others)];
    });
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const refused = flood.filter(({ ok }) => !ok);
    for (const { status, headers } of refused) {
      expect(status).toBe(429);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await rowsOf(`SELECT 1 FROM "Warning" WHERE "examId" = $1`, examId)).toHaveLength(flood.length - refused.length + 5);
  });
});

describe('the largest submission that is allowed', () => {
  it('is stored completely, and others are answered while that happens', async () => {
    const { id: examId } = await createExam(server, off);
    const events = Array.from({ length: 170_000 }, (_, t) => ({
      t,
      e: { type: 'mousemove', x: t % 1_900, d: { a: [1, 2, 3], s: 'abcdefghij' } },
    }));
    const running = submit(examId, 'user_1', { stats: { events }, warnings: warningsOf('user_1', 10_000) });
    const state = { isRunning: true };
    const done = running.finally(() => {
      state.isRunning = false;
    });
    let meanwhile = 0;
    while (state.isRunning) {
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      expect((await server.rest(`/exams/${examId}`)).status).toBe(200);
      if (state.isRunning) meanwhile += 1;
    }
    expect(await (await done).json()).toMatchObject({ warnings: { received: 10_000, stored: 10_000 } });
    expect(meanwhile).toBeGreaterThan(3);
    const text = `SELECT jsonb_array_length(stats->'events') AS events, stats->'events'->169999->>'t' AS last FROM "Submission" WHERE "examId" = $1`;
    expect(await rowsOf(text, examId)).toEqual([{ events: 170_000, last: '169999' }]);
    await expectContiguous(examId);
  });
});
