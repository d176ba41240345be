import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const preload = fileURLToPath(new URL('../helpers/skewed-clock.mjs', import.meta.url));
  second = await server.another({ SKEW_MS: '20000', NODE_OPTIONS: `--import=${preload}` });
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

interface Row {
  userId: string;
  status: string;
  startedAt: string | null;
  remainingSeconds: number | null;
}
const participants = async (examId: string, credential?: string): Promise<Row[]> => {
  const query = `{ exam(id: "${examId}") { participants(first: 500) { edges { node { userId status startedAt remainingSeconds } } } } }`;
  const { exam } = await server.graphql(credential).request<{ exam: { participants: { edges: { node: Row }[] } } }>(query);
  return exam.participants.edges.map(({ node }) => node);
};
const statuses = async (examId: string) => Object.fromEntries((await participants(examId)).map(({ userId, status }) => [userId, status]));
const examStatus = async (examId: string) =>
  (await server.graphql().request<{ exam: { status: string } }>(`{ exam(id: "${examId}") { status } }`)).exam.status;
const call = async (path: string, body: object = {}, credential?: string) =>
  (await (await server.post(`/exams/${path}`, body, credential ? { credential } : {})).json()) as {
    status: string;
    participants: { id: string; status: string }[];
    error?: { code: string; message: string; details: { field: string; issue: string }[] };
  };
const withAdmission = (settings: object = {}) => createExam(server, { settings: { admission: 'proctor', ...settings } });
const checkingIn = (examId: string, userId: string) =>
  server
    .graphql()
    .request<{ joinExam: { token: string; participant: { status: string } } }>(
      `mutation { joinExam(examId: "${examId}", userId: "${userId}", checkIn: true) { token participant { status } } }`,
    );

describe('the waiting room', () => {
  it('holds all who join, without a running clock, and starts all of them at one click', async () => {
    const { id } = await withAdmission();
    const users = Array.from({ length: 30 }, (_, i) => `user_${i}`);
    await Promise.all(users.map((user) => join(server, id, user)));
    await join(second, id, 'user_0');
    await report(server, id, 'user_1', ['window_blur']);
    expect(new Set(Object.values(await statuses(id)))).toEqual(new Set(['WAITING']));
    expect((await participants(id)).every(({ startedAt, remainingSeconds }) => startedAt === null && remainingSeconds === null)).toBe(true);
    expect(await examStatus(id)).toBe('CREATED');

    const both = await Promise.all([call(`${id}/admit`), call(`${id}/admit`)]);
    expect(both.map(({ participants }) => participants.length).toSorted((a, b) => a - b)).toEqual([0, 30]);
    const rows = await participants(id);
    expect(new Set(rows.map(({ status, startedAt }) => `${status} ${startedAt}`)).size).toBe(1);
    expect(rows[0]).toMatchObject({ status: 'ACTIVE' });
    expect(await examStatus(id)).toBe('IN_PROGRESS');
  });

  it('lets in one by name; a second click changes nothing, and what is not possible says why', async () => {
    const { id } = await withAdmission();
    await join(server, id, 'user_1');
    await server.graphql().request(`mutation { inviteParticipants(examId: "${id}", participants: [{ userId: "user_2" }]) { id } }`);
    expect(await call(`${id}/participants/user_1/admit`)).toMatchObject({ status: 'active' });
    const before = await participants(id);
    expect(await call(`${id}/participants/user_1/admit`)).toMatchObject({ status: 'active' });
    expect((await participants(id))[0]?.startedAt).toBe(before[0]?.startedAt);
    expect((await call(`${id}/participants/user_2/admit`)).error).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('not come'),
    });
    expect((await call(`${id}/participants/nobody/admit`)).error?.code).toBe('not_found');
    await call(`${id}/participants/user_1/terminate`, { reason: 'Left the room' });
    expect((await call(`${id}/participants/user_1/admit`)).error).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('readmit'),
    });
    expect((await call(`${id}/admit`, { userIds: ['user_1', 'nobody'] })).error?.code).toBe('not_found');
  });

  it('cannot be left by the candidate alone, nor for another, whatever token is shown', async () => {
    const exam = await withAdmission();
    const token = await join(server, exam.id, 'user_1');
    await join(server, exam.id, 'user_2');
    const { key } = await createKey(server, 'LMS', 'elsewhere');
    for (const credential of [token, tokenIn(exam.accessUrl), key])
      expect(['forbidden', 'not_found']).toContain((await call(`${exam.id}/participants/user_2/admit`, {}, credential)).error?.code);
    await join(server, exam.id, 'user_1', token);
    expect(await statuses(exam.id)).toEqual({ user_1: 'WAITING', user_2: 'WAITING' });
  });

  it('is no way to start the exam by handing in', async () => {
    const { id } = await withAdmission();
    const token = await join(server, id, 'user_1');
    expect((await server.post(`/exams/${id}/submit`, { stats: {} }, { credential: token })).status).toBe(200);
    expect([await statuses(id), await examStatus(id)]).toEqual([{ user_1: 'SUBMITTED' }, 'CREATED']);
  });

  it('is closed for those who were never let in once nobody could be in the exam any more', async () => {
    const { id } = await withAdmission();
    await join(server, id, 'user_1');
    const log = collect<{ examEvents: { change: object } }>(
      second.subscribe(),
      'subscription ($id: ID!) { examEvents(examId: $id, after: 1) { ... on ParticipantChanged { change { what from to by reason } } } }',
      { id },
    );
    await runSql(server, `UPDATE "Exam" SET "closesAt" = now() - interval '61 minutes' WHERE id = $1`, [id]);
    expect((await log.take(1))[0]?.examEvents.change).toEqual({
      what: 'status',
      from: 'WAITING',
      to: 'TIMED_OUT',
      by: 'system',
      reason: 'The exam is closed.',
    });
  });
});

describe('a check-in', () => {
  it('comes before the waiting room where the page or the settings ask for it', async () => {
    const [plain, photo] = [await createExam(server), await createExam(server, { settings: { identityPhoto: true } })];
    expect((await checkingIn(plain.id, 'user_1')).joinExam.participant.status).toBe('CHECKING_IN');
    await join(server, photo.id, 'user_1');
    await report(server, photo.id, 'user_1', ['device_changed']);
    expect([await statuses(plain.id), await statuses(photo.id)]).toEqual([{ user_1: 'CHECKING_IN' }, { user_1: 'CHECKING_IN' }]);
  });

  it('is skipped only by name and with a reason, which is in the log', async () => {
    const { id } = await withAdmission();
    await checkingIn(id, 'user_1');
    expect((await call(`${id}/admit`)).participants).toEqual([]);
    expect((await call(`${id}/participants/user_1/admit`)).error).toMatchObject({
      code: 'invalid_request',
      details: [{ field: 'reason' }],
    });
    expect(await call(`${id}/participants/user_1/admit`, { reason: 'No camera; I know her' })).toMatchObject({ status: 'active' });
    const [change] = await runSql<{ data: object }>(server, `SELECT data FROM "Event" WHERE "examId" = $1 ORDER BY seq DESC LIMIT 1`, [id]);
    expect(change?.data).toMatchObject({ from: 'CHECKING_IN', to: 'ACTIVE', reason: 'No camera; I know her' });
  });
});

describe('the address of the questions', () => {
  const contentUrl = 'https://lms.example/quiz/1';
  const doors = async (examId: string, credential: string): Promise<unknown[]> => {
    const { exam } = await server
      .graphql(credential)
      .request<{ exam: { contentUrl: string | null } }>(`{ exam(id: "${examId}") { contentUrl } }`);
    const rest = (await (await server.rest(`/exams/${examId}`, { credential })).json()) as { contentUrl?: string };
    return [exam.contentUrl, rest.contentUrl ?? null];
  };

  it('is not told to a candidate whose time has not begun, nor to the bearer of a link, by any door', async () => {
    const exam = await createExam(server, { contentUrl, settings: { admission: 'proctor' } });
    const { id } = exam;
    const invited = await server.post(`/exams/${id}/participants`, { participants: [{ userId: 'user_1' }] });
    const [seat] = ((await invited.json()) as { participants: { accessUrl: string }[] }).participants;
    const waiting = await join(server, id, 'user_1');
    const { joinExam } = await checkingIn(id, 'user_2');
    const links = [tokenIn(exam.accessUrl), tokenIn(seat?.accessUrl ?? '')];
    for (const credential of [...links, waiting, joinExam.token]) expect(await doors(id, credential)).toEqual([null, null]);
    expect(await doors(id, tokenIn(exam.adminUrl))).toEqual([contentUrl, contentUrl]);
    await server.post(`/exams/${id}`, { contentUrl: `${contentUrl}?b` }, { method: 'PATCH' });
    await server.post(`/exams/${id}`, { contentUrl }, { method: 'PATCH' });
    const log = collect<{
      examEvents: { exam?: { contentUrl: string | null }; change: { what: string; from: string | null; to: string | null } };
    }>(
      server.subscribe(waiting),
      'subscription ($id: ID!) { examEvents(examId: $id, after: 0) { ... on ExamChanged { exam { contentUrl } change { what from to } } } }',
      { id },
    );
    await log.find(({ examEvents }) => examEvents.change?.what === 'contentUrl');
    expect(JSON.stringify(log.items)).not.toContain(contentUrl);

    await call(`${id}/admit`);
    expect(await doors(id, waiting)).toEqual([contentUrl, contentUrl]);
    for (const credential of [...links, joinExam.token]) expect(await doors(id, credential)).toEqual([null, null]);
    await call(`${id}/participants/user_1/pause`, { reason: 'Fire alarm' });
    expect(await doors(id, waiting)).toEqual([contentUrl, contentUrl]);
  });
});
