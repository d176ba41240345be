import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join } from '../helpers/exam.ts';
import { eventually } from '../helpers/patience.ts';
import { openClient, runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

/** A server that measures how long none ran, which those of other tests do not. */
async function startMeasuring(): Promise<TestServer> {
  const measuring = await startTestServer({ PRESENCE_GRACE_SECONDS: '1', INLINE_WORKER: 'false' });
  await runSql(measuring, 'DELETE FROM "ServerPulse"');
  // Not `expect.poll`, which does not work in a hook.
  await eventually(async () => expect(await runSql(measuring, 'SELECT FROM "ServerPulse"')).toHaveLength(1));
  return measuring;
}

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startMeasuring();
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

interface Seat {
  status: string;
  online: boolean | null;
  outageSeconds: number;
  remainingSeconds: number;
  timeCredits: { minutes: number; reason: string; by: string }[];
}
const FIELDS = 'status online outageSeconds remainingSeconds timeCredits { minutes reason by }';
const read = async (examId: string, userId = 'user_1'): Promise<Seat> => {
  const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { ${FIELDS} } } }`;
  return (await server.graphql().request<{ exam: { participant: Seat } }>(query)).exam.participant;
};
/** @returns how the participant is then: soon after it they count as gone again */
const beat = async (examId: string, token: string, by = server): Promise<Seat> =>
  (await by.graphql(token).request<{ heartbeat: Seat }>(`mutation { heartbeat(examId: "${examId}") { ${FIELDS} } }`)).heartbeat;

const CHANGES = /* GraphQL */ `
  subscription ($id: ID!) {
    examEvents(examId: $id, after: 0) {
      ... on ParticipantChanged {
        change {
          what
          to
        }
      }
    }
  }
`;
const watch = (examId: string) => {
  const live = collect<{ examEvents: { change: { what: string; to: string } | null } }>(server.subscribe(), CHANGES, { id: examId });
  return (what: string, to?: string) =>
    live.find(({ examEvents: { change } }) => change?.what === what && (to === undefined || change.to === to));
};
const shift = (examId: string, column: string, seconds: number) =>
  runSql(server, `UPDATE "Participant" SET "${column}" = "${column}" - $2::float8 * interval '1 s' WHERE "examId" = $1`, [examId, seconds]);

async function seated(settings: object = {}, { isPaused = false } = {}) {
  const { id: examId } = await createExam(server, { duration: 60, settings });
  const token = await join(server, examId, 'user_1');
  const until = watch(examId);
  if (isPaused) await server.post(`/exams/${examId}/participants/user_1/pause`, { reason: 'Fire alarm' });
  await beat(examId, token);
  return { examId, token, until };
}

describe('an outage of a participant', () => {
  it('is measured, credited up to what the exam allows, and the rest is offered to staff', async () => {
    const { examId, token, until } = await seated({ creditDisconnectedMinutes: 3 });
    await until('status', 'DISCONNECTED');
    // The evidence is missing since then for a reason that is known, and not only since it was noticed.
    const [{ offlineSince, since } = { offlineSince: new Date(), since: '' }] = await runSql<{ offlineSince: Date; since: string }>(
      server,
      `SELECT p."offlineSince", e.data->>'since' AS since FROM "Participant" p JOIN "Event" e ON e."subjectId" = p.id
        WHERE p."examId" = $1 AND e.data->>'to' = 'DISCONNECTED'`,
      [examId],
    );
    expect(since).toBe(offlineSince.toISOString());
    await shift(examId, 'offlineSince', 120);
    await shift(examId, 'endsAt', 120);
    const beats = await Promise.all([beat(examId, token), beat(examId, token, second), beat(examId, token)]);
    for (const one of beats) expect(one).toMatchObject({ status: 'ACTIVE', online: true });
    expect(beats[0]?.outageSeconds).toBe(0);
    expect(Math.ceil((beats[0]?.remainingSeconds ?? 0) / 60)).toBe(60);
    const { timeCredits } = await read(examId);
    expect(timeCredits[0]).toMatchObject({ by: 'system', reason: expect.stringMatching(/lost for 1[2-7]\d s/) });
    // One of them brought the candidate back, whichever was first.
    expect(timeCredits.filter(({ minutes }) => minutes >= 2)).toHaveLength(1);

    await until('status', 'ACTIVE');
    await expect.poll(async () => (await read(examId)).status).toBe('DISCONNECTED');
    await shift(examId, 'offlineSince', 120);
    const after = await beat(examId, token);
    expect(Math.round(after.timeCredits.reduce((sum, { minutes }) => sum + minutes, 0) * 1_000) / 1_000).toBe(3);
    expect(after.outageSeconds).toBeGreaterThanOrEqual(60);
    expect(after.outageSeconds).toBeLessThan(120);
  });

  it('ends nobody while it would be credited, and is over when the credit is used up', async () => {
    const [covered, used] = [await seated({ creditDisconnectedMinutes: 10 }), await seated({ creditDisconnectedMinutes: 1 })];
    for (const { examId, until } of [covered, used]) {
      await until('status', 'DISCONNECTED');
      await shift(examId, 'offlineSince', 300);
      // The minute that is credited is over as well.
      await shift(examId, 'endsAt', 3_660);
    }
    await used.until('status', 'TIMED_OUT');
    expect((await read(covered.examId)).status).toBe('DISCONNECTED');
    const back = await beat(covered.examId, covered.token);
    expect(back).toMatchObject({ status: 'ACTIVE' });
    // Nearly four of the five minutes of the outage, without which it would be over.
    expect(back.remainingSeconds).toBeGreaterThan(180);
    expect(await read(used.examId)).toMatchObject({ remainingSeconds: 0, timeCredits: [{ minutes: 1 }] });
  });

  it('of one who is paused or waits is seen, changes no place, and costs nothing', async () => {
    const { examId, token, until } = await seated({ creditDisconnectedMinutes: 10 }, { isPaused: true });
    await until('online', 'false');
    expect(await read(examId)).toMatchObject({ status: 'PAUSED', online: false, outageSeconds: 0 });
    await shift(examId, 'offlineSince', 120);
    await server.post(`/exams/${examId}/participants/user_1/resume`, {});
    expect(await read(examId)).toMatchObject({ status: 'DISCONNECTED', online: false });
    const seat = await beat(examId, token);
    expect(seat).toMatchObject({ status: 'ACTIVE', online: true });
    expect(seat.timeCredits.reduce((sum, { minutes }) => sum + minutes, 0)).toBeLessThan(1);

    const { id: waiting } = await createExam(server, { settings: { admission: 'proctor' } });
    const early = await join(server, waiting, 'user_1');
    const untilThere = watch(waiting);
    await beat(waiting, early);
    await untilThere('online', 'false');
    expect(await read(waiting)).toMatchObject({ status: 'WAITING', online: false });
    expect(await beat(waiting, early)).toMatchObject({ status: 'WAITING', online: true });
  });
});

describe('an outage of the server', () => {
  /** As if no server had run for so many seconds, after which the time of one participant is nearly over. */
  const goDown = (seconds: number, examId: string, userId: string) =>
    runSql(
      server,
      `WITH down AS (UPDATE "ServerPulse" SET at = at - $1::float8 * interval '1 s')
       UPDATE "Participant" SET "endsAt" = now() + interval '10 s' WHERE "examId" = $2 AND "userId" = $3`,
      [seconds, examId, userId],
    );

  it('is credited to everybody whose time ran, once, whichever servers notice it', async () => {
    const { examId, token, until } = await seated();
    await join(server, examId, 'paused');
    await join(server, examId, 'ended');
    await server.post(`/exams/${examId}/participants/paused/pause`, { reason: 'Fire alarm' });
    await until('status', 'PAUSED');
    await runSql(
      server,
      `UPDATE "Participant" SET "startedAt" = "startedAt" - interval '50 min', "endsAt" = "endsAt" - interval '50 min' WHERE "examId" = $1`,
      [examId],
    );
    await goDown(42, examId, 'ended');
    await until('time');
    await beat(examId, token);
    await beat(examId, token, second);
    const credits = async (userId: string) => (await read(examId, userId)).timeCredits;
    expect(await credits('user_1')).toMatchObject([
      { by: 'system', reason: expect.stringMatching(/could not be reached for (4[2-9]|[5-9]\d) s/) },
    ]);
    expect(await credits('ended')).toHaveLength(1);
    expect(await credits('paused')).toEqual([]);
    expect((await read(examId, 'ended')).status).toBe('ACTIVE');
  });

  it('of a killed server is credited when it is back', async () => {
    const alone = await startMeasuring();
    try {
      const { id } = await createExam(alone, { duration: 60 });
      await join(alone, id, 'user_1');
      await alone.kill();
      await runSql(alone, `UPDATE "ServerPulse" SET at = at - interval '30 minutes'`);
      await runSql(
        alone,
        `UPDATE "Participant" SET "startedAt" = "startedAt" - interval '90 min', "endsAt" = "endsAt" - interval '75 min'`,
      );
      await alone.restart();
      const query = `{ exam(id: "${id}") { participant(userId: "user_1") { status remainingSeconds timeCredits { minutes } } } }`;
      const seat = async () => (await alone.graphql().request<{ exam: { participant: Seat } }>(query)).exam.participant;
      await expect.poll(async () => (await seat()).timeCredits.length).toBe(1);
      const { status, remainingSeconds } = await seat();
      expect(status).toBe('ACTIVE');
      expect(Math.round(remainingSeconds / 60)).toBe(15);
    } finally {
      await alone.stop();
    }
  });

  it('is none while the servers run, but exams that end together keep them busy', async () => {
    const { examId, until } = await seated();
    await join(server, examId, 'user_2');
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { id } = await createExam(server);
      await server.rest(`/exams/${id}/start`, { method: 'POST' });
      ids.push(id);
    }
    const holder = await openClient(server.databaseUrl);
    try {
      await holder.query(`UPDATE "Exam" SET "closesAt" = now() + interval '2 s' WHERE id = ANY($1)`, [ids]);
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM "Exam" WHERE id = ANY($1) FOR UPDATE', [ids]);
      const held = 'SELECT extract(epoch FROM clock_timestamp() - now())::float8 AS seconds';
      await expect.poll(async () => (await holder.query<{ seconds: number }>(held)).rows[0]?.seconds).toBeGreaterThan(13);
      await holder.query('COMMIT');
    } finally {
      await holder.end();
    }
    // An outage is credited before anybody's time ends.
    await runSql(server, `UPDATE "Participant" SET "endsAt" = now() WHERE "examId" = $1 AND "userId" = 'user_2'`, [examId]);
    await until('status', 'TIMED_OUT');
    expect((await read(examId)).timeCredits).toEqual([]);
  });

  it('that cannot be credited in one exam yet keeps nobody else in theirs', async () => {
    const [held, other] = [await seated(), await seated()];
    const holder = await openClient(server.databaseUrl);
    const past = `UPDATE "Participant" SET "startedAt" = "startedAt" - interval '50 min', "endsAt" = now() + interval '5 min' WHERE "examId" = $1`;
    await runSql(server, past, [held.examId]);
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [held.examId]);
      await runSql(
        server,
        `INSERT INTO "ServerOutage" (id, "from", "to") VALUES ('out_test', now() - interval '20 min', now() - interval '10 min')`,
      );
      await runSql(server, `UPDATE "Participant" SET "endsAt" = now() WHERE "examId" = $1`, [other.examId]);
      await other.until('status', 'TIMED_OUT');
      await holder.query('COMMIT');
    } finally {
      await holder.end();
    }
    await held.until('time');
    expect((await read(held.examId)).timeCredits).toMatchObject([{ by: 'system', reason: 'The server could not be reached for 600 s.' }]);
  });
});
