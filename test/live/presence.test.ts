import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { recorded, sendChunks, startLive } from '../helpers/live.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { openClient, runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

interface Seen {
  userId: string;
  status: string;
  lastSeenAt: string;
}

interface Changed {
  examEvents: { __typename: string; seq: number; participant?: { userId: string; status: string } };
}

const HEARTBEAT = /* GraphQL */ `
  mutation Heartbeat($examId: ID!) {
    heartbeat(examId: $examId) {
      userId
      status
      lastSeenAt
    }
  }
`;
const EVENTS = /* GraphQL */ `
  subscription Watch($examId: ID!) {
    examEvents(examId: $examId, after: 0) {
      __typename
      seq
      ... on ParticipantChanged {
        participant {
          userId
          status
        }
      }
    }
  }
`;
const PARTICIPANTS = /* GraphQL */ `
  query Participants($examId: ID!) {
    exam(id: $examId) {
      participants(first: 100) {
        edges {
          node {
            userId
            status
            lastSeenAt
          }
        }
      }
    }
  }
`;

const SETTINGS = { PRESENCE_GRACE_SECONDS: '1', INLINE_WORKER: 'false', TOKEN_SECRET: 'one secret for all servers of these tests' };
/** Several times the heartbeats that the grace period needs. */
const BEAT_MS = 150;

async function beat(server: TestServer, examId: string, token: string): Promise<Seen> {
  return (await server.graphql(token).request<{ heartbeat: Seen }>(HEARTBEAT, { examId })).heartbeat;
}

/** A client that is there until it is stopped; it outlives an outage of its server. */
function keepBeating(server: TestServer, examId: string, token: string): () => void {
  const timer = setInterval(() => void beat(server, examId, token).catch(() => {}), BEAT_MS);
  return () => clearInterval(timer);
}

async function participantsOf(server: TestServer, examId: string): Promise<Record<string, Seen>> {
  const { exam } = await server.graphql().request<{ exam: { participants: { edges: { node: Seen }[] } } }>(PARTICIPANTS, { examId });
  return Object.fromEntries(exam.participants.edges.map(({ node }) => [node.userId, node]));
}

/** `user from>to` of every change of status, from the log itself: a subscription shows each row as it is by now. */
async function changesOf(server: TestServer, examId: string): Promise<string[]> {
  const rows = await runSql<{ change: string }>(
    server,
    `SELECT "userId" || ' ' || (data->>'from') || '>' || (data->>'to') AS change
       FROM "Event" WHERE "examId" = $1 AND kind = 'PARTICIPANT_CHANGED' AND data ? 'from' ORDER BY seq`,
    [examId],
  );
  return rows.map(({ change }) => change);
}

const watch = (server: TestServer, examId: string) => collect<Changed>(server.subscribe(), EVENTS, { examId });

/** Waits until each of the users has come by with that status. */
const sees = (live: ReturnType<typeof watch>, status: string, ...userIds: string[]) =>
  live.find(() =>
    userIds.every((userId) =>
      live.items.some(({ examEvents: { participant } }) => participant?.userId === userId && participant.status === status),
    ),
  );

describe('presence', () => {
  let server: TestServer;
  const stops: (() => void)[] = [];
  beforeAll(async () => {
    server = await startTestServer(SETTINGS);
  });
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });
  afterAll(() => server.stop());

  /** Falls silent and is noticed: after it, whoever was to be disconnected before is. */
  async function waitForSilence(examId: string, by = server): Promise<void> {
    const live = watch(by, examId);
    await beat(by, examId, await join(by, examId, 'control'));
    await sees(live, 'DISCONNECTED', 'control');
    live.unsubscribe();
  }

  it('answers a heartbeat with the participant and a fresh lastSeenAt', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    const before = Date.now();
    const { lastSeenAt, ...participant } = await beat(server, exam.id, token);
    expect(participant).toEqual({ userId: 'user_1', status: 'ACTIVE' });
    expect(new Date(lastSeenAt).getTime()).toBeGreaterThanOrEqual(before - 1);
    await expect
      .poll(async () => Date.parse((await participantsOf(server, exam.id))['user_1']?.lastSeenAt ?? ''))
      .toBeGreaterThanOrEqual(before - 1);
  });

  it('accepts REST heartbeats with or without a body', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    for (const response of [
      await server.post(`/exams/${exam.id}/heartbeat`, {}, { credential: token }),
      await server.rest(`/exams/${exam.id}/heartbeat`, { method: 'POST', credential: token }),
    ]) {
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        participant: { id: 'user_1', name: null, status: 'active', joinedAt: expect.any(String), lastSeenAt: expect.any(String) },
        serverTime: expect.any(String),
        endsAt: expect.any(String),
        remainingSeconds: expect.any(Number),
      });
    }
  });

  it('marks a silent participant as disconnected and as back at the next heartbeat, with two events', async () => {
    const exam = await createExam(server);
    const live = watch(server, exam.id);
    const token = await join(server, exam.id, 'user_1');
    const others = await join(server, exam.id, 'user_2');
    stops.push(keepBeating(server, exam.id, others));
    await beat(server, exam.id, token);
    await sees(live, 'DISCONNECTED', 'user_1');
    expect(await beat(server, exam.id, token)).toMatchObject({ userId: 'user_1', status: 'ACTIVE' });
    await Promise.all([beat(server, exam.id, token), beat(server, exam.id, token)]);
    expect(await changesOf(server, exam.id)).toEqual(['user_1 ACTIVE>DISCONNECTED', 'user_1 DISCONNECTED>ACTIVE']);
    const events = (await live.take(5)).map(({ examEvents }) => examEvents);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('hears whoever sends chunks of a recording, though no heartbeats come', async () => {
    const exam = await createExam(server);
    const live = watch(server, exam.id);
    const token = await join(server, exam.id, 'user_1');
    const { id } = await startLive(server, { examId: exam.id, userId: 'user_1' }, token);
    await beat(server, exam.id, token);
    await sees(live, 'DISCONNECTED', 'user_1');
    await sendChunks(server, id, [await recorded(1)], 0, token);
    await expect.poll(() => changesOf(server, exam.id)).toContain('user_1 DISCONNECTED>ACTIVE');
  });

  it('raises no warning for silence', async () => {
    const exam = await createExam(server);
    await waitForSilence(exam.id);
    expect(await (await server.rest(`/exams/${exam.id}/warnings`)).json()).toMatchObject({ warnings: [] });
  });

  it('does not touch participants who never sent a heartbeat', async () => {
    const exam = await createExam(server);
    await report(server, exam.id, 'reported_by_lms', ['noise']);
    await join(server, exam.id, 'joined');
    await waitForSilence(exam.id);
    expect(await participantsOf(server, exam.id)).toMatchObject({
      reported_by_lms: { status: 'ACTIVE' },
      joined: { status: 'ACTIVE' },
      control: { status: 'DISCONNECTED' },
    });
  });

  it('counts a reported warning as a sign of life, and as a return', async () => {
    const exam = await createExam(server);
    const live = watch(server, exam.id);
    const token = await join(server, exam.id, 'user_1');
    await beat(server, exam.id, token);
    const reporting = setInterval(() => void report(server, exam.id, 'user_1', ['window_blur'], token).catch(() => {}), BEAT_MS);
    stops.push(() => clearInterval(reporting));
    await waitForSilence(exam.id);
    expect(await changesOf(server, exam.id)).toEqual(['control ACTIVE>DISCONNECTED']);
    clearInterval(reporting);
    await sees(live, 'DISCONNECTED', 'user_1');
    await report(server, exam.id, 'user_1', ['noise'], token);
    expect(await participantsOf(server, exam.id)).toMatchObject({ user_1: { status: 'ACTIVE' } });
  });

  it('never changes a final status or a pause, with or without heartbeats', async () => {
    const exam = await createExam(server);
    const users = ['SUBMITTED', 'TERMINATED', 'TIMED_OUT', 'PAUSED'] as const;
    const tokens = await Promise.all(users.map((user) => join(server, exam.id, user)));
    await Promise.all(tokens.map((token) => beat(server, exam.id, token)));
    await server.post(`/exams/${exam.id}/submit`, { userId: 'SUBMITTED', stats: {}, warnings: [] });
    for (const status of users.slice(1))
      await runSql(server, `UPDATE "Participant" SET status = '${status}' WHERE "examId" = $1 AND "userId" = $2`, [exam.id, status]);
    await waitForSilence(exam.id);
    const before = await participantsOf(server, exam.id);
    const answers = await Promise.all(tokens.map((token) => beat(server, exam.id, token)));
    expect(answers.map(({ status }) => status)).toEqual(users);
    expect(answers.slice(0, 3)).toEqual(users.slice(0, 3).map((user) => before[user]));
  });

  it('changes nothing after the end of the exam or its cancellation', async () => {
    const [ended, cancelled] = [await createExam(server), await createExam(server)];
    const [ofEnded, ofCancelled] = [await join(server, ended.id, 'user_1'), await join(server, cancelled.id, 'user_1')];
    await Promise.all([beat(server, ended.id, ofEnded), beat(server, cancelled.id, ofCancelled)]);
    await server.graphql().request(`mutation { endExam(examId: "${ended.id}") { id } cancelExam(examId: "${cancelled.id}") { id } }`);
    await waitForSilence((await createExam(server)).id);
    const before = [await participantsOf(server, ended.id), await participantsOf(server, cancelled.id)];
    expect(await beat(server, ended.id, ofEnded)).toEqual(before[0]?.['user_1']);
    expect(await beat(server, cancelled.id, ofCancelled)).toEqual(before[1]?.['user_1']);
    expect(before).toMatchObject([{ user_1: { status: 'TIMED_OUT' } }, { user_1: { status: 'ACTIVE' } }]);
    await waitForSilence((await createExam(server)).id);
    expect([await participantsOf(server, ended.id), await participantsOf(server, cancelled.id)]).toEqual(before);
  });

  it('accepts heartbeats only from participants, and only in their own exam', async () => {
    const [exam, other] = [await createExam(server), await createExam(server)];
    const token = await join(server, exam.id, 'user_1');
    const { key: proctor } = await createKey(server, 'PROCTOR');
    const refusal = (credential: string, examId = exam.id) =>
      beat(server, examId, credential).then(
        () => null,
        (error: { response: { errors: { extensions: { code: string } }[] } }) => error.response.errors[0]?.extensions.code,
      );
    expect(await refusal(proctor)).toBe('FORBIDDEN');
    expect(await refusal(tokenIn(exam.adminUrl))).toBe('FORBIDDEN');
    expect(await refusal(tokenIn(exam.accessUrl))).toBe('FORBIDDEN');
    expect(await refusal(token, other.id)).toBe('NOT_FOUND');
    expect((await server.post(`/exams/${exam.id}/heartbeat`, {})).status).toBe(401);
    expect((await server.post(`/exams/${exam.id}/heartbeat`, {}, { credential: null })).status).toBe(401);
    await runSql(server, 'DELETE FROM "Participant" WHERE "examId" = $1', [exam.id]);
    expect(await refusal(token)).toBe('NOT_FOUND');
  });

  it('answers with an error within 3 s while the database is stuck, and still stores the heartbeat later', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    await beat(server, exam.id, token);
    const blocker = await openClient(server.databaseUrl);
    await blocker.query('BEGIN; LOCK TABLE "Participant"');
    const begun = Date.now();
    const failure = await beat(server, exam.id, token).then(String, String);
    expect(Date.now() - begun).toBeLessThan(3_000 + LATE_MS);
    expect(failure).toContain('send it again');
    await blocker.query('COMMIT');
    await blocker.end();
    await expect
      .poll(async () => Date.parse((await participantsOf(server, exam.id))['user_1']?.lastSeenAt ?? ''))
      .toBeGreaterThanOrEqual(begun - 1);
  });
});

// Starts two servers where others start one.
describe('presence across servers and restarts', () => {
  const servers: TestServer[] = [];
  const stops: (() => void)[] = [];
  const start = async (settings: Record<string, string> = {}) => {
    const server = await startTestServer({ ...SETTINGS, ...settings });
    servers.unshift(server);
    return server;
  };
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop();
    for (const server of servers.splice(0)) await server.stop();
  });

  /** The clock of the process, and nothing else of it, is off. */
  const clockOff = (seconds: number) => {
    const code = `const D=Date,off=${seconds * 1_000};globalThis.Date=class Date extends D{constructor(...a){if(a.length)super(...a);else super(D.now()+off)}static now(){return D.now()+off}}`;
    return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
  };

  it.each([
    ['', 0, 0],
    [' whose clocks are 20 s fast and 20 s slow', 20, -20],
  ])('makes one event per change with two servers%s', async (_case, first, second) => {
    const one = await start(clockOff(first));
    const two = await start({ DATABASE_URL: one.databaseUrl, ...clockOff(second) });
    const exams = [await createExam(one), await createExam(two)];
    const candidates = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const examId = exams[i % 2]?.id ?? '';
        return { examId, userId: `user_${i}`, token: await join(i % 3 ? one : two, examId, `user_${i}`) };
      }),
    );
    const beatAll = () => Promise.all(candidates.map(({ examId, token }, i) => beat(i % 4 < 2 ? one : two, examId, token)));
    const steady = await join(one, exams[0]?.id ?? '', 'steady');
    // Each heartbeat may reach another server than the one before.
    stops.push(keepBeating(one, exams[0]?.id ?? '', steady), keepBeating(two, exams[0]?.id ?? '', steady));

    const usersOf = (examId: string) => candidates.filter((candidate) => candidate.examId === examId).map(({ userId }) => userId);
    const silence = exams.map(({ id }, i) => sees(watch(i ? one : two, id), 'DISCONNECTED', ...usersOf(id)));
    await beatAll();
    await Promise.all(silence);
    expect((await beatAll()).map(({ status }) => status)).toEqual(candidates.map(() => 'ACTIVE'));
    await Promise.all([beatAll(), beatAll()]);

    for (const { id } of exams) {
      const expected = usersOf(id).flatMap((user) => [`${user} ACTIVE>DISCONNECTED`, `${user} DISCONNECTED>ACTIVE`]);
      expect((await changesOf(one, id)).sort()).toEqual(expected.sort());
    }
  });

  it('marks nobody as disconnected because all servers were down for an hour', async () => {
    const server = await start();
    const exam = await createExam(server);
    const [there, gone] = [await join(server, exam.id, 'there'), await join(server, exam.id, 'gone')];
    await Promise.all([beat(server, exam.id, there), beat(server, exam.id, gone)]);
    await server.shutDown();
    await runSql(server, `UPDATE "Participant" SET "lastSeenAt" = "lastSeenAt" - interval '1 hour'`);
    await server.restart();
    const live = watch(server, exam.id);
    stops.push(keepBeating(server, exam.id, there));
    await sees(live, 'DISCONNECTED', 'gone');
    expect(await changesOf(server, exam.id)).toEqual(['gone ACTIVE>DISCONNECTED']);
  });

  it('marks nobody as disconnected because the server process was suspended', async () => {
    const server = await start();
    const exam = await createExam(server);
    const live = watch(server, exam.id);
    const [there, gone] = [await join(server, exam.id, 'there'), await join(server, exam.id, 'gone')];
    await beat(server, exam.id, gone);
    // The process has been up long enough to judge before it stops.
    await sees(live, 'DISCONNECTED', 'gone');
    await Promise.all([beat(server, exam.id, there), beat(server, exam.id, gone)]);
    process.kill(server.pid, 'SIGSTOP');
    await runSql(server, 'SELECT pg_sleep(2.5)');
    process.kill(server.pid, 'SIGCONT');
    stops.push(keepBeating(server, exam.id, there));
    const twice = ['gone ACTIVE>DISCONNECTED', 'gone DISCONNECTED>ACTIVE', 'gone ACTIVE>DISCONNECTED'];
    await expect.poll(() => changesOf(server, exam.id)).toHaveLength(twice.length);
    expect(await changesOf(server, exam.id)).toEqual(twice);
  });

  it('writes heartbeats in batches, and the last ones at shutdown', async () => {
    const server = await start({ PRESENCE_GRACE_SECONDS: '30' });
    const exam = await createExam(server);
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => join(server, exam.id, `user_${i}`)));
    const updates = async () =>
      (await runSql<{ n: string }>(server, `SELECT n_tup_upd AS n FROM pg_stat_user_tables WHERE relname = 'Participant'`))[0]?.n;
    const begun = Date.now();
    for (let round = 0; round < 50; round++) await Promise.all(tokens.map((token) => beat(server, exam.id, token)));
    const seconds = Math.ceil((Date.now() - begun) / 1_000);
    // PostgreSQL counts what a connection did when it ends at the latest.
    await server.shutDown();
    await expect.poll(async () => Number(await updates())).toBeGreaterThanOrEqual(20);
    expect(Number(await updates())).toBeLessThanOrEqual(20 * (seconds + 2));
    const late = await runSql(server, `SELECT 1 FROM "Participant" WHERE "sendsHeartbeats" AND "lastSeenAt" >= $1`, [new Date(begun)]);
    expect(late).toHaveLength(20);
    expect(await runSql(server, `SELECT 1 FROM "Event" WHERE "examId" = $1`, [exam.id])).toHaveLength(21);
  });
});
