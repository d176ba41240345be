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
const GRACE_MS = 1_000;
/** For who must be heard in time after a server began or went on, which takes long on a busy machine. */
const LONGER_MS = 4_000;
const LONGER = { PRESENCE_GRACE_SECONDS: String(LONGER_MS / 1_000) };
/** Several times the heartbeats that the grace period needs. */
const BEAT_MS = 150;

async function beat(server: TestServer, examId: string, token: string): Promise<Seen> {
  return (await server.graphql(token).request<{ heartbeat: Seen }>(HEARTBEAT, { examId })).heartbeat;
}

/** Somebody who gives a sign of life again and again, until it is stopped, and outlives an outage of the server. */
interface Steady {
  stop(): void;
  /** The longest time, in milliseconds, in which the server may have heard nothing of them: who is silent may be called so. */
  silence(): number;
}

function keepGiving(sign: () => Promise<unknown>): Steady {
  let heardFrom = performance.now();
  let longest = 0;
  const give = async () => {
    const sent = performance.now();
    try {
      await sign();
    } catch {
      return;
    }
    // It was heard after it was sent, and before it was answered.
    longest = Math.max(longest, performance.now() - heardFrom);
    heardFrom = Math.max(heardFrom, sent);
  };
  const timer = setInterval(() => void give(), BEAT_MS);
  return { stop: () => clearInterval(timer), silence: () => Math.max(longest, performance.now() - heardFrom) };
}
const keepBeating = (server: TestServer, examId: string, token: string) => keepGiving(() => beat(server, examId, token));

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

/** Those of one user. */
const changesOfOne = async (server: TestServer, examId: string, userId: string) =>
  (await changesOf(server, examId)).flatMap((change) => (change.startsWith(`${userId} `) ? [change.slice(userId.length + 1)] : []));

/** Goes and comes in turn, and so often at least: whoever is back and says nothing more is soon gone again. */
function expectInTurn(changes: readonly string[], atLeast: number): void {
  expect(changes.length).toBeGreaterThanOrEqual(atLeast);
  expect(changes).toEqual(changes.map((_, at) => (at % 2 === 0 ? 'ACTIVE>DISCONNECTED' : 'DISCONNECTED>ACTIVE')));
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
  const steady: Steady[] = [];
  beforeAll(async () => {
    server = await startTestServer(SETTINGS);
  });
  afterEach(() => {
    for (const one of steady.splice(0)) one.stop();
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
    const there = keepBeating(server, exam.id, others);
    steady.push(there);
    await beat(server, exam.id, token);
    await sees(live, 'DISCONNECTED', 'user_1');
    expect(await beat(server, exam.id, token)).toMatchObject({ userId: 'user_1', status: 'ACTIVE' });
    await Promise.all([beat(server, exam.id, token), beat(server, exam.id, token)]);
    expectInTurn(await changesOfOne(server, exam.id, 'user_1'), 2);
    const moved = await changesOfOne(server, exam.id, 'user_2');
    if (there.silence() < GRACE_MS) expect(moved).toEqual([]);
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
    const reporting = keepGiving(() => report(server, exam.id, 'user_1', ['window_blur'], token));
    steady.push(reporting);
    await waitForSilence(exam.id);
    const moved = await changesOfOne(server, exam.id, 'user_1');
    if (reporting.silence() < GRACE_MS) expect(moved).toEqual([]);
    reporting.stop();
    await sees(live, 'DISCONNECTED', 'user_1');
    await report(server, exam.id, 'user_1', ['noise'], token);
    await expect.poll(() => changesOfOne(server, exam.id, 'user_1')).toContain('DISCONNECTED>ACTIVE');
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
    // Whether somebody was called silent before it was cancelled depends on how soon that was.
    const left = { status: expect.toBeOneOf(['ACTIVE', 'DISCONNECTED']) as string };
    expect(before).toMatchObject([{ user_1: { status: 'TIMED_OUT' } }, { user_1: left }]);
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
  const steady: Steady[] = [];
  const start = async (settings: Record<string, string> = {}) => {
    const server = await startTestServer({ ...SETTINGS, ...settings });
    servers.unshift(server);
    return server;
  };
  afterEach(async () => {
    for (const one of steady.splice(0)) one.stop();
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
    const token = await join(one, exams[0]?.id ?? '', 'steady');
    let turn = 0;
    // Each heartbeat reaches another server than the one before.
    const there = keepGiving(() => beat((turn += 1) % 2 ? one : two, exams[0]?.id ?? '', token));
    steady.push(there);

    const usersOf = (examId: string) => candidates.filter((candidate) => candidate.examId === examId).map(({ userId }) => userId);
    const silence = exams.map(({ id }, i) => sees(watch(i ? one : two, id), 'DISCONNECTED', ...usersOf(id)));
    await beatAll();
    await Promise.all(silence);
    expect((await beatAll()).map(({ status }) => status)).toEqual(candidates.map(() => 'ACTIVE'));
    await Promise.all([beatAll(), beatAll()]);

    for (const { examId, userId } of candidates) expectInTurn(await changesOfOne(one, examId, userId), 2);
    const moved = await changesOfOne(one, exams[0]?.id ?? '', 'steady');
    // Of each server, which may know nothing yet of what the other one heard.
    if (2 * there.silence() < GRACE_MS) expect(moved).toEqual([]);
  });

  it('marks nobody as disconnected because all servers were down for an hour', async () => {
    const server = await start(LONGER);
    const exam = await createExam(server);
    const [there, gone] = [await join(server, exam.id, 'there'), await join(server, exam.id, 'gone')];
    await Promise.all([beat(server, exam.id, there), beat(server, exam.id, gone)]);
    await server.shutDown();
    await runSql(server, `UPDATE "Participant" SET "lastSeenAt" = "lastSeenAt" - interval '1 hour'`);
    const back = keepBeating(server, exam.id, there);
    steady.push(back);
    await server.restart();
    const live = watch(server, exam.id);
    await sees(live, 'DISCONNECTED', 'gone');
    const moved = await changesOfOne(server, exam.id, 'there');
    expect(await changesOfOne(server, exam.id, 'gone')).toEqual(['ACTIVE>DISCONNECTED']);
    if (back.silence() < LONGER_MS) expect(moved).toEqual([]);
  });

  it('marks nobody as disconnected because the server process was suspended', async () => {
    const server = await start(LONGER);
    const exam = await createExam(server);
    const live = watch(server, exam.id);
    const [there, gone] = [await join(server, exam.id, 'there'), await join(server, exam.id, 'gone')];
    await beat(server, exam.id, gone);
    // The process has been up long enough to judge before it stops.
    await sees(live, 'DISCONNECTED', 'gone');
    await Promise.all([beat(server, exam.id, there), beat(server, exam.id, gone)]);
    const heard = performance.now();
    process.kill(server.pid, 'SIGSTOP');
    const heardFor = performance.now() - heard;
    await runSql(server, 'SELECT pg_sleep(6)');
    process.kill(server.pid, 'SIGCONT');
    const back = keepBeating(server, exam.id, there);
    steady.push(back);
    await expect.poll(async () => (await changesOfOne(server, exam.id, 'gone')).length).toBeGreaterThanOrEqual(3);
    const moved = await changesOfOne(server, exam.id, 'there');
    expectInTurn(await changesOfOne(server, exam.id, 'gone'), 3);
    if (Math.max(heardFor, back.silence()) < LONGER_MS) expect(moved).toEqual([]);
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
    // Once a second, and every five seconds before it is looked who is silent.
    expect(Number(await updates())).toBeLessThanOrEqual(20 * Math.ceil(1.2 * seconds + 3));
    const late = await runSql(server, `SELECT 1 FROM "Participant" WHERE "sendsHeartbeats" AND "lastSeenAt" >= $1`, [new Date(begun)]);
    expect(late).toHaveLength(20);
    expect(await runSql(server, `SELECT 1 FROM "Event" WHERE "examId" = $1`, [exam.id])).toHaveLength(21);
  });
});
