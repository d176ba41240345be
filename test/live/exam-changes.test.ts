import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const change = async (examId: string, body: object, credential?: string) => {
  const response = await server.post(`/exams/${examId}`, body, { method: 'PATCH', ...(credential && { credential }) });
  return (await response.json()) as Record<string, unknown> & { error?: { code: string; details: { field: string }[] } };
};

describe('a change of an exam', () => {
  it('keeps what is left out, takes away what is null, and is in the log once per thing that changed', async () => {
    const { id } = await createExam(server, { title: 'Before', settings: { webcam: false, admission: 'proctor', ours: 1 } });
    const opensAt = '2026-01-01T08:00:00.000Z';
    const contentUrl = 'https://lms.example/quiz/1';
    await change(id, { opensAt, contentUrl, contentMode: 'window' });
    const log = collect<{ examEvents: { change: { what: string; from: string; to: string; by: string } } }>(
      server.subscribe(),
      'subscription ($id: ID!) { examEvents(examId: $id, after: 0) { ... on ExamChanged { change { what from to by } } } }',
      { id },
    );
    await log.take(3);
    const settings = { candidateView: 'live', aiDetection: { sensitivity: 'high' }, admission: null, theirs: 2 };
    expect(await change(id, { title: 'After', contentUrl: null, settings })).toMatchObject({
      title: 'After',
      opensAt,
      settings: { webcam: false, candidateView: 'live', aiDetection: { enabled: true, sensitivity: 'high' }, ours: 1, theirs: 2 },
    });
    expect((await change(id, {}))['contentUrl']).toBeUndefined();
    expect((await change(id, { title: 'After' }))['settings']).not.toHaveProperty('admission');
    const changes = (await log.take(9)).slice(3).map(({ examEvents }) => examEvents.change);
    expect(changes.map(({ what, from, to }) => [what, from, to])).toEqual([
      ['title', 'Before', 'After'],
      ['contentUrl', contentUrl, null],
      ['settings.aiDetection', '{"enabled":true,"sensitivity":"MEDIUM"}', '{"enabled":true,"sensitivity":"HIGH"}'],
      ['settings.admission', '"PROCTOR"', '"AUTOMATIC"'],
      ['settings.candidateView', '"AFTER_END"', '"LIVE"'],
      ['settings.extra', '{"ours":1}', '{"ours":1,"theirs":2}'],
    ]);
    const query = `{ exam(id: "${id}") { lastSeq contentMode settings { admission candidateView signals snapshotSeconds } } }`;
    expect(await server.graphql().request(query)).toEqual({
      exam: {
        lastSeq: 9,
        contentMode: 'WINDOW',
        settings: { admission: 'AUTOMATIC', candidateView: 'LIVE', signals: null, snapshotSeconds: null },
      },
    });
  });

  it('of the duration moves the clock of those who are in it, and of nobody who has left', async () => {
    const { id } = await createExam(server, { duration: 60 });
    for (const user of ['user_1', 'user_2', 'user_3']) await join(server, id, user);
    await server.post(`/exams/${id}/participants/user_2/pause`, { reason: 'Fire alarm' });
    await server.post(`/exams/${id}/participants/user_3/terminate`, { reason: 'Fire alarm' });
    const remaining = async () => {
      const query = `{ exam(id: "${id}") { participants { edges { node { remainingSeconds } } } } }`;
      const { exam } = await server
        .graphql()
        .request<{ exam: { participants: { edges: { node: { remainingSeconds: number } }[] } } }>(query);
      return exam.participants.edges.map(({ node }) => Math.ceil(node.remainingSeconds / 60));
    };
    await change(id, { duration: 90 });
    expect(await remaining()).toEqual([90, 90, 60]);
    await change(id, { duration: 30 });
    expect(await remaining()).toEqual([30, 30, 60]);
  });

  it('that is taken back leaves a paused participant the time of before, however short the time was meanwhile', async () => {
    const { id } = await createExam(server, { duration: 60 });
    const token = await join(server, id, 'user_1');
    const invite = (extraMinutes: number) =>
      server.post(`/exams/${id}/participants`, { participants: [{ userId: 'user_1', extraMinutes }] });
    const minutesLeft = async () => {
      const query = `{ exam(id: "${id}") { participant(userId: "user_1") { remainingSeconds } } }`;
      const { exam } = await server.graphql(token).request<{ exam: { participant: { remainingSeconds: number } } }>(query);
      return Math.ceil(exam.participant.remainingSeconds / 60);
    };
    await invite(30);
    await runSql(server, `UPDATE "Participant" SET "endsAt" = "endsAt" - interval '80 min' WHERE "examId" = $1`, [id]);
    await server.post(`/exams/${id}/participants/user_1/pause`, { reason: 'Fire alarm' });
    expect(await minutesLeft()).toBe(10);
    const mistakes = [() => change(id, { duration: 6 }), () => invite(0)];
    const corrections = [() => change(id, { duration: 60 }), () => invite(30)];
    for (const [i, mistake] of mistakes.entries()) {
      await mistake();
      expect(await minutesLeft()).toBe(0);
      await corrections[i]?.();
      expect(await minutesLeft()).toBe(10);
    }
  });

  it('that leaves a participant no time ends the time of one who goes on, and lets nobody back in', async () => {
    const { id } = await createExam(server, { duration: 60 });
    const users = ['user_1', 'user_2'];
    for (const user of users) await join(server, id, user);
    const invite = (extraMinutes: number) =>
      server.post(`/exams/${id}/participants`, { participants: users.map((userId) => ({ userId, extraMinutes })) });
    const act = async (user: string, what: string) => {
      const response = await server.post(`/exams/${id}/participants/${user}/${what}`, { reason: 'Fire alarm' });
      const { status, error } = (await response.json()) as { status?: string; error?: { code: string } };
      return error?.code ?? status;
    };
    await invite(30);
    await runSql(server, `UPDATE "Participant" SET "endsAt" = "endsAt" - interval '80 min' WHERE "examId" = $1`, [id]);
    await act('user_1', 'pause');
    await act('user_2', 'terminate');
    await invite(0);
    expect(await act('user_2', 'readmit')).toBe('conflict');
    expect(await act('user_1', 'resume')).toBe('active');
    await expect.poll(() => act('user_1', 'resume')).toBe('conflict');
    expect(await act('user_1', 'readmit')).toBe('conflict');
  });

  it('is refused by field, for an exam that is over, and to all but its LMS', async () => {
    const exam = await createExam(server, { closesAt: '2099-01-01T00:00:00Z' });
    const fieldOf = async (body: object) => (await change(exam.id, body)).error?.details[0]?.field;
    expect(await fieldOf({ duration: 0 })).toBe('duration');
    expect(await fieldOf({ opensAt: '2099-06-01T00:00:00Z' })).toBe('closesAt');
    expect(await fieldOf({ contentUrl: 'javascript:alert(1)' })).toBe('contentUrl');
    expect(await fieldOf({ settings: { creditDisconnectedMinutes: -1 } })).toBe('settings.creditDisconnectedMinutes');
    expect(await fieldOf({ settings: { admission: 'nobody' } })).toBe('settings.admission');

    const other = await createKey(server, 'LMS', 'elsewhere');
    expect((await change(exam.id, { title: 'Mine' }, other.key)).error?.code).toBe('not_found');
    for (const credential of [tokenIn(exam.adminUrl), tokenIn(exam.accessUrl), await join(server, exam.id, 'user_1')])
      expect((await change(exam.id, { title: 'Mine' }, credential)).error?.code).toBe('forbidden');
    await server.rest(`/exams/${exam.id}/end`, { method: 'POST' });
    expect((await change(exam.id, { title: 'Late' })).error?.code).toBe('conflict');
  });
});
