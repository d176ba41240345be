import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report } from '../helpers/exam.ts';
import { openClient } from '../helpers/postgres.ts';
import { ADMIN_KEY, collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let second: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
  database = await openClient(server.databaseUrl);
});
afterAll(async () => {
  await database.end();
  await second.stop();
  await server.stop();
});

interface Seated {
  status: string;
  startedAt: string | null;
  endsAt: string | null;
  remainingSeconds: number | null;
  timeCredits: { minutes: number; reason: string; by: string }[];
}

const FIELDS = 'status startedAt endsAt remainingSeconds timeCredits { minutes reason by }';
const read = async (examId: string, userId: string, credential?: string): Promise<Seated> => {
  const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { ${FIELDS} } } }`;
  return (await server.graphql(credential).request<{ exam: { participant: Seated } }>(query)).exam.participant;
};
const act = async (examId: string, userId: string, what: string, body: object = { reason: 'A fire alarm' }, credential?: string) => {
  const response = await server.post(`/exams/${examId}/participants/${userId}/${what}`, body, credential ? { credential } : {});
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown> & { error?: { message: string; details: object[] } },
  };
};
/** Moves a participant's clock, as if so many seconds had gone by. */
const goBy = (examId: string, userId: string, seconds: number) =>
  database.query(`UPDATE "Participant" SET "endsAt" = "endsAt" - $3 * interval '1 s' WHERE "examId" = $1 AND "userId" = $2`, [
    examId,
    userId,
    seconds,
  ]);
const minutes = (from: string | null, to: string | null) => (Date.parse(to ?? '') - Date.parse(from ?? '')) / 60_000;

async function seated(duration = 60): Promise<{ examId: string; token: string }> {
  const { id: examId } = await createExam(server, { duration });
  return { examId, token: await join(server, examId, 'user_1') };
}

describe("a participant's time", () => {
  it('begins with the participant, and is the duration with the extra minutes of the invitation', async () => {
    const { id: examId } = await createExam(server, { duration: 60 });
    await server
      .graphql()
      .request(
        `mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "user_1", extraMinutes: 15, group: "A" }]) { id } }`,
      );
    expect(await read(examId, 'user_1')).toMatchObject({ status: 'INVITED', startedAt: null, endsAt: null, remainingSeconds: null });
    const token = await join(server, examId, 'user_1');
    const seat = await read(examId, 'user_1', token);
    expect(minutes(seat.startedAt, seat.endsAt)).toBe(75);
    expect(seat.remainingSeconds).toBeGreaterThan(74 * 60);
  });

  it('grows by seven days at most, and one who has that fails nothing for others', async () => {
    const { examId } = await seated();
    for (let day = 0; day < 7; day++)
      expect((await act(examId, 'user_1', 'time', { minutes: 1_440, reason: 'A strike' })).status).toBe(200);
    const { status, body } = await act(examId, 'user_1', 'time', { minutes: 1, reason: 'A strike' });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'conflict' });
    expect(body.error?.details).toMatchObject([{ field: 'minutes', issue: expect.stringContaining('user_1') }]);
    expect((await read(examId, 'user_1')).timeCredits).toHaveLength(7);
    // Outages are credited beyond it, and of one that lasts for weeks the end of the exam is not refused.
    await database.query(
      `UPDATE "Participant" SET status = 'DISCONNECTED', "offlineSince" = now() - interval '40 days', "endsAt" = NULL WHERE "examId" = $1`,
      [examId],
    );
    expect((await server.post(`/exams/${examId}/end`, {})).status).toBe(200);
    expect((await read(examId, 'user_1')).status).toBe('TIMED_OUT');
  });

  it('is over for one whose clock has run down, within seconds and on whichever server, and for nobody else', async () => {
    const { examId } = await seated();
    await join(server, examId, 'user_2');
    const live = collect<{ examEvents: { change: object | null } }>(
      second.subscribe(),
      'subscription ($examId: ID!) { examEvents(examId: $examId, after: 3) { ... on ParticipantChanged { change { what from to by reason } } } }',
      { examId },
    );
    await goBy(examId, 'user_1', 3_600);
    const [event] = await live.take(1);
    expect(event?.examEvents.change).toEqual({
      what: 'status',
      from: 'ACTIVE',
      to: 'TIMED_OUT',
      by: 'system',
      reason: 'The time is over.',
    });
    expect(await read(examId, 'user_1')).toMatchObject({ status: 'TIMED_OUT', endsAt: null, remainingSeconds: 0 });
    expect(await read(examId, 'user_2')).toMatchObject({ status: 'ACTIVE' });
  });

  it('is over although every server was down meanwhile', async () => {
    const own = await startTestServer();
    try {
      const { id: examId } = await createExam(own);
      await join(own, examId, 'user_1');
      const client = await openClient(own.databaseUrl);
      await own.kill();
      await client.query(`UPDATE "Participant" SET "endsAt" = now() - interval '1 minute'`);
      await client.end();
      await own.restart();
      const status = async () => {
        const { exam } = await own
          .graphql()
          .request<{ exam: { participant: { status: string } } }>(`{ exam(id: "${examId}") { participant(userId: "user_1") { status } } }`);
        return exam.participant.status;
      };
      await expect.poll(status).toBe('TIMED_OUT');
    } finally {
      await own.stop();
    }
  });

  it('can be made longer for one, a group or all, and every minute says who added it and why', async () => {
    const { examId, token } = await seated();
    const before = await read(examId, 'user_1');
    expect((await act(examId, 'user_1', 'time', { minutes: 10, reason: 'A fire alarm' })).status).toBe(200);
    await server
      .graphql()
      .request(`mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "user_2", group: "B" }]) { id } }`);
    const all = await server.post(`/exams/${examId}/time`, { minutes: 5, reason: 'A late start' });
    expect(((await all.json()) as { participants: object[] }).participants).toHaveLength(2);
    await server.post(`/exams/${examId}/time`, { minutes: 3, reason: 'Room B', group: 'B' });
    const seat = await read(examId, 'user_1', token);
    expect(minutes(before.endsAt, seat.endsAt)).toBe(15);
    expect(seat.timeCredits).toEqual([
      { minutes: 10, reason: 'A fire alarm', by: 'staff' },
      { minutes: 5, reason: 'A late start', by: 'staff' },
    ]);
    await join(server, examId, 'user_2');
    const other = await read(examId, 'user_2');
    expect(minutes(other.startedAt, other.endsAt)).toBe(68);
  });

  it('is never lost, added by many while others come, report and are invited', async () => {
    const { id: examId } = await createExam(server, { duration: 60 });
    const users = Array.from({ length: 20 }, (_, i) => `user_${i}`);
    const added = { minutes: 1, reason: 'r' };
    const later = async (userId: string) => {
      const invite = `mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "${userId}" }]) { id } }`;
      const [, one] = await Promise.all([
        server.graphql().request(invite),
        act(examId, userId, 'time', added),
        join(server, examId, userId).then((token) => report(server, examId, userId, ['noise'], token)),
      ]);
      return one.status === 200 ? 1 : 0;
    };
    const own = await Promise.all(users.map(later));
    const all = await Promise.all([1, 2, 3].map(() => server.post(`/exams/${examId}/time`, added)));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const [i, userId] of users.entries()) {
      const seat = await read(examId, userId);
      expect(seat.timeCredits).toHaveLength(3 + (own[i] ?? 0));
      expect(minutes(seat.startedAt, seat.endsAt)).toBe(60 + seat.timeCredits.length);
    }
  });

  it('that is added with an Idempotency-Key is added once', async () => {
    const { examId } = await seated();
    const add = () =>
      server.post(`/exams/${examId}/participants/user_1/time`, { minutes: 5, reason: 'r' }, { headers: { 'idempotency-key': examId } });
    expect((await add()).status).toBe(200);
    expect((await add()).status).toBe(200);
    expect((await read(examId, 'user_1')).timeCredits).toHaveLength(1);
  });

  it.each([
    ['minutes', { minutes: 0, reason: 'r' }],
    ['minutes', { minutes: -5, reason: 'r' }],
    ['minutes', { minutes: 1.5, reason: 'r' }],
    ['minutes', { minutes: 1_441, reason: 'r' }],
    ['reason', { minutes: 5 }],
    ['reason', { minutes: 5, reason: '  ' }],
  ])('is not changed by a bad %s: %j', async (field, body) => {
    const { examId } = await seated();
    expect(await act(examId, 'user_1', 'time', body)).toMatchObject({ status: 400, body: { error: { details: [{ field }] } } });
    expect((await read(examId, 'user_1')).timeCredits).toEqual([]);
  });

  it('cannot be added after the exam, nor for somebody who is not in it', async () => {
    const { examId } = await seated();
    expect((await act(examId, 'nobody', 'time', { minutes: 5, reason: 'r' })).status).toBe(404);
    await server.rest(`/exams/${examId}/end`, { method: 'POST' });
    expect((await act(examId, 'user_1', 'time', { minutes: 5, reason: 'r' })).body.error?.message).toBe('The exam is over');
  });
});

describe('a pause', () => {
  it('stops the clock, also while the connection is gone, and a second click changes nothing', async () => {
    const { examId, token } = await seated();
    await goBy(examId, 'user_1', 600);
    for (let clicks = 0; clicks < 2; clicks++)
      expect((await act(examId, 'user_1', 'pause')).body).toMatchObject({ status: 'paused', endsAt: null });
    const paused = await read(examId, 'user_1');
    expect(paused.remainingSeconds).toBeGreaterThan(49 * 60);
    expect(paused.remainingSeconds).toBeLessThanOrEqual(50 * 60);
    // A warning from a paused page does not bring it back in.
    await report(server, examId, 'user_1', ['tab_switch'], token);
    expect((await read(examId, 'user_1')).status).toBe('PAUSED');
    expect((await act(examId, 'user_1', 'time', { minutes: 10, reason: 'r' })).body).toMatchObject({
      remainingSeconds: (paused.remainingSeconds ?? 0) + 600,
    });
    const resumed = await act(examId, 'user_1', 'resume', {});
    expect(resumed.body).toMatchObject({ status: 'active' });
    const seat = await read(examId, 'user_1');
    expect(seat.remainingSeconds).toBeGreaterThan(59 * 60);
    expect(seat.remainingSeconds).toBeLessThanOrEqual(60 * 60);
    const events = await server.graphql().request<{ exam: { lastSeq: number } }>(`{ exam(id: "${examId}") { lastSeq } }`);
    // Started, joined, paused, warned, added, resumed.
    expect(events.exam.lastSeq).toBe(6);
  });

  it('for all, or a group, leaves those alone who are not in the exam', async () => {
    const { id: examId } = await createExam(server);
    const invited = ['a', 'b', 'c'].map((userId) => `{ userId: "${userId}", group: "${userId === 'a' ? 'A' : 'B'}" }`).join(' ');
    await server.graphql().request(`mutation { inviteParticipants(examId: "${examId}", participants: [${invited}]) { id } }`);
    for (const userId of ['a', 'b']) await join(server, examId, userId);
    const names = async (path: string, body: object) => {
      const answer = (await (await server.post(`/exams/${examId}/${path}`, body)).json()) as { participants: { id: string }[] };
      return answer.participants.map(({ id }) => id).toSorted();
    };
    expect(await names('pause', { reason: 'r', group: 'B' })).toEqual(['b']);
    expect(await names('pause', { reason: 'r' })).toEqual(['a', 'b']);
    expect((await read(examId, 'c')).status).toBe('INVITED');
    expect(await names('resume', { userIds: ['a'] })).toEqual(['a']);
    expect(await names('resume', {})).toEqual(['b']);
    const unknown = await server.post(`/exams/${examId}/pause`, { reason: 'r', userIds: ['a', 'nobody'] });
    expect(unknown.status).toBe(404);
    // Misspelt: nobody gets the time, and whoever grants it must know.
    for (const path of ['pause', 'resume', 'time'])
      expect((await server.post(`/exams/${examId}/${path}`, { reason: 'r', minutes: 1, group: 'Bee' })).status).toBe(404);
    expect((await read(examId, 'a')).status).toBe('ACTIVE');
  });

  it('of many at once, some of them by somebody without the right, is made once for each', async () => {
    const { id: examId } = await createExam(server);
    const users = Array.from({ length: 12 }, (_, i) => `user_${i}`);
    const tokens = await Promise.all(users.map((userId) => join(server, examId, userId)));
    const stranger = (await createKey(server, 'PROCTOR', 'elsewhere')).key;
    const answers = await Promise.all(
      users.flatMap((userId, i) => [
        act(examId, userId, 'pause', { reason: 'r' }, ADMIN_KEY),
        act(examId, userId, 'pause', { reason: 'r' }, ADMIN_KEY),
        act(examId, userId, 'pause', { reason: 'x' }, tokens[(i + 1) % users.length]),
        act(examId, userId, 'terminate', { reason: 'x' }, stranger),
      ]),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual(users.flatMap(() => [200, 200, 401, 404]));
    const { rows } = await database.query(`SELECT "userId" FROM "Event" WHERE "examId" = $1 AND data ->> 'to' = 'PAUSED'`, [examId]);
    expect(rows.map(({ userId }: { userId: string }) => userId).toSorted()).toEqual(users.toSorted());
  });
});

describe('somebody who is sent out', () => {
  it('cannot go on, comes back only by readmission with the time that was left, and the log says why', async () => {
    const { examId, token } = await seated();
    await goBy(examId, 'user_1', 600);
    expect((await act(examId, 'user_1', 'terminate', { reason: 'A phone' })).body).toMatchObject({ status: 'terminated', endsAt: null });
    const again = await server
      .graphql()
      .request(`mutation { joinExam(examId: "${examId}", userId: "user_1") { token } }`)
      .catch((error: unknown) => error);
    expect(String(again)).toContain('already left the exam');
    expect((await act(examId, 'user_1', 'pause')).body.error?.details).toEqual([{ field: 'userId', issue: 'possible: active' }]);
    expect((await act(examId, 'user_1', 'resume', {})).body.error?.message).toContain('readmit');
    const back = await act(examId, 'user_1', 'readmit', { reason: 'It was a calculator' });
    expect(back.body).toMatchObject({ participant: { status: 'active' }, token: expect.stringMatching(/^eyJ/) });
    expect((await read(examId, 'user_1', token)).remainingSeconds).toBeLessThanOrEqual(50 * 60);
    const live = collect<{ examEvents: { change: object | null } }>(
      server.subscribe(),
      'subscription ($examId: ID!) { examEvents(examId: $examId, after: 2) { ... on ParticipantChanged { change { from to reason } } } }',
      { examId },
    );
    expect((await live.take(2)).map(({ examEvents }) => examEvents.change)).toEqual([
      { from: 'ACTIVE', to: 'TERMINATED', reason: 'A phone' },
      { from: 'TERMINATED', to: 'ACTIVE', reason: 'It was a calculator' },
    ]);
  });

  it('comes back after their time is over only when time was added', async () => {
    const { examId } = await seated();
    await goBy(examId, 'user_1', 3_600);
    await expect.poll(async () => (await read(examId, 'user_1')).status).toBe('TIMED_OUT');
    expect((await act(examId, 'user_1', 'readmit')).body.error?.message).toContain('add time');
    await act(examId, 'user_1', 'time', { minutes: 7, reason: 'The network was down' });
    expect((await act(examId, 'user_1', 'readmit')).body).toMatchObject({ participant: { status: 'active' } });
    const seat = await read(examId, 'user_1');
    expect(seat.remainingSeconds).toBeGreaterThan(6 * 60);
  });
});

describe('the window of an exam', () => {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
  const joining = async (examId: string) =>
    server
      .graphql()
      .request(`mutation { joinExam(examId: "${examId}", userId: "user_1") { token } }`)
      .then(
        () => 'joined',
        (error: unknown) => String(error),
      );

  it('keeps everybody out before it opens and after it closes, but those who have begun may come back', async () => {
    const { id: early, ...shown } = await createExam(server, { opensAt: at(3_600) });
    expect(shown['opensAt']).toMatch(/^20/);
    expect(await joining(early)).toContain('The exam opens at');
    const { id: late } = await createExam(server, { closesAt: at(-1) });
    expect(await joining(late)).toContain('nobody may begin any more');
    const { id: open } = await createExam(server, { opensAt: at(-10), closesAt: at(3_600) });
    expect(await joining(open)).toBe('joined');
    await database.query(`UPDATE "Exam" SET "closesAt" = now() WHERE id = $1`, [open]);
    expect(await joining(open)).toBe('joined');
  });

  it('that is over completes the exam once nobody is in it', async () => {
    const { id: examId } = await createExam(server, { closesAt: at(3_600) });
    const token = await join(server, examId, 'user_1');
    const status = async () => ((await (await server.rest(`/exams/${examId}`)).json()) as { status: string }).status;
    await database.query(`UPDATE "Exam" SET "closesAt" = now() WHERE id = $1`, [examId]);
    await server.post(`/exams/${examId}/warnings`, { warnings: [{ type: 'noise' }] }, { credential: token });
    expect(await status()).toBe('in_progress');
    await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
    await expect.poll(status).toBe('completed');
  });

  it('must not close before it opens', async () => {
    const response = await server.post('/exams', { title: 'A', duration: 5, opensAt: at(60), closesAt: at(30) });
    expect(await response.json()).toMatchObject({ error: { details: [{ field: 'closesAt' }] } });
  });
});

describe('a participant who has submitted and was readmitted', () => {
  it('submits again, and both are kept; a third time, or a repeat of the first request, adds nothing', async () => {
    const { examId, token } = await seated();
    const submit = async (stats: object, key?: string) => {
      const headers = key ? { 'idempotency-key': key } : {};
      const response = await server.post(`/exams/${examId}/submit`, { stats }, { credential: token, headers });
      return (await response.json()) as { id: string; error?: { code: string } };
    };
    const first = await submit({ part: 1 }, 'first');
    expect((await submit({ part: 2 })).error?.code).toBe('conflict');
    await act(examId, 'user_1', 'readmit');
    const again = await Promise.all([submit({ part: 2 }), submit({ part: 3 })]);
    expect(again.map(({ error }) => error?.code ?? 'stored').toSorted()).toEqual(['conflict', 'stored']);
    expect((await submit({ part: 1 }, 'first')).id).toBe(first.id);
    const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { status submission { stats } } } }`;
    const { exam } = await server
      .graphql()
      .request<{ exam: { participant: { status: string; submission: { stats: { part: number } } } } }>(query);
    expect(exam.participant).toMatchObject({ status: 'SUBMITTED', submission: { stats: { part: expect.toBeOneOf([2, 3]) } } });
    const { rows } = await database.query('SELECT 1 FROM "Submission" WHERE "examId" = $1', [examId]);
    expect(rows).toHaveLength(2);
  });
});
