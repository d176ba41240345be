import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, tokenIn } from '../helpers/exam.ts';
import { recorded } from '../helpers/live.ts';
import { tempDir } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

const codeOf = (error: unknown) =>
  (error as { response?: { errors: { extensions: { code: string } }[] } }).response?.errors[0]?.extensions.code ?? String(error);
const tryJoin = (examId: string, userId: string, credential: string) =>
  join(server, examId, userId, credential).then(() => 'JOINED', codeOf);

async function invite(examId: string, ...users: string[]): Promise<string[]> {
  const { inviteParticipants } = await server
    .graphql()
    .request<{ inviteParticipants: { accessUrl: string }[] }>(
      `mutation ($users: [ParticipantInput!]!) { inviteParticipants(examId: "${examId}", participants: $users) { accessUrl } }`,
      { users: users.map((userId) => ({ userId })) },
    );
  return inviteParticipants.map(({ accessUrl }) => tokenIn(accessUrl));
}
const readmit = (examId: string, userId: string) =>
  server.post(`/exams/${examId}/participants/${userId}/readmit`, { reason: 'The browser crashed' });
const secondSessions = async (examId: string) =>
  ((await (await server.rest(`/exams/${examId}/warnings`)).json()) as { warnings: { type: string; userId: string; source: string }[] })
    .warnings;

describe('a personal link', () => {
  it('is the same each time, and takes the seat of its owner once, whoever tries at the same moment', async () => {
    const { id } = await createExam(server);
    const [link = '', other = ''] = await invite(id, 'user_1', 'user_2');
    expect(await invite(id, 'user_1')).toEqual([link]);
    const tries = await Promise.all(
      [server, second, server, second].map((one) => join(one, id, 'user_1', link).then(() => 'JOINED', codeOf)),
    );
    expect(tries.toSorted()).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'JOINED']);
    expect(await tryJoin(id, 'user_1', other)).toBe('FORBIDDEN');
    expect(await tryJoin(id, 'user_3', other)).toBe('FORBIDDEN');
    expect(await secondSessions(id)).toMatchObject([{ type: 'second_session', userId: 'user_1', source: 'system' }]);
  });

  it('opens nothing that its owner has sent, written or was granted, because it may lie in a mailbox', async () => {
    const { id } = await createExam(server);
    const [link = ''] = await invite(id, 'user_1');
    const token = await join(server, id, 'user_1', link);
    const mutations = `mutation ($id: ID!) {
      own: sendMessage(examId: $id, text: "I am ill") { id }
      startRecording(input: { examId: $id, userId: "user_1", type: WEBCAM }) { id }
    }`;
    await server.graphql(token).request(mutations, { id });
    await server.graphql().request(
      `mutation ($id: ID!) {
      sendMessage(examId: $id, userId: "user_1", text: "Get well") { id }
      setAccommodations(examId: $id, userId: "user_1", suppress: ["talking"], reason: "Tics") { id }
    }`,
      { id },
    );
    const { exam } = await server
      .graphql(token)
      .request<{ exam: { notice: { version: string } } }>(`{ exam(id: "${id}") { notice { version } } }`);
    await server.graphql(token).request(
      `mutation ($id: ID!, $version: String!) {
      acceptNotice(examId: $id, version: $version) { id }
      checkIn(examId: $id, device: { browser: "Firefox" }) { id }
    }`,
      { id, version: exam.notice.version },
    );
    await server.post(`/exams/${id}/submit`, { stats: { answers: [1] } }, { credential: token });
    const query = `{ exam(id: "${id}") { messages { edges { node { text } } } participant(userId: "user_1") {
      status messages { edges { node { text } } } recordings { id } submission { stats } accommodations { reason }
      checkIn { device } verification { id } evidence { type } } } }`;
    const seen = await server.graphql(link).request<{ exam: object }>(query);
    const nothing = {
      messages: { edges: [] },
      recordings: [],
      submission: null,
      accommodations: [],
      checkIn: null,
      verification: null,
      evidence: [],
    };
    expect(seen.exam).toEqual({ messages: { edges: [] }, participant: { status: 'SUBMITTED', ...nothing } });
    const own = await server.graphql(token).request<{ exam: { participant: object } }>(query);
    expect(own.exam.participant).toMatchObject({
      submission: { stats: { answers: [1] } },
      checkIn: { device: {} },
      accommodations: [{ reason: 'Tics' }],
    });
  });

  it('is enough to contest a verdict, once and by REST as by GraphQL, and only the one about its owner', async () => {
    const { id } = await createExam(server);
    const [link = '', other = ''] = await invite(id, 'user_1', 'user_2');
    await server.post(`/exams/${id}/participants/user_1/review`, { status: 'suspicious', reason: 'A second voice' });
    const contest = async (credential: string) => {
      const response = await server.post(`/exams/${id}/contest`, { text: 'It was the radio' }, { credential });
      return ((await response.json()) as { review?: string; error?: { code: string } }).review ?? 'refused';
    };
    expect([await contest(other), await contest(link), await contest(link)]).toEqual(['refused', 'contested', 'refused']);
    const mutation = `mutation { contestVerdict(examId: "${id}", text: "Again") { id } }`;
    expect(await server.graphql(link).request(mutation).catch(codeOf)).toBe('CONFLICT');
  });

  it('is reported when it is opened again, whatever the participant has reported before under the id of that warning', async () => {
    const { id } = await createExam(server);
    const [link = ''] = await invite(id, 'user_1');
    const token = await join(server, id, 'user_1', link);
    await tryJoin(id, 'user_1', link);
    const known = await runSql<{ id: string }>(server, `DELETE FROM "Warning" WHERE "examId" = '${id}' RETURNING "clientEventId" AS id`);
    const claim = { warnings: [{ type: 'tab_switch', clientEventId: known[0]?.id }] };
    const refused = await server.post(`/exams/${id}/warnings`, claim, { credential: token });
    expect([refused.status, JSON.stringify(await refused.json())]).toEqual([400, expect.stringContaining('clientEventId')]);
    await tryJoin(id, 'user_1', link);
    expect(await secondSessions(id)).toMatchObject([{ type: 'second_session', source: 'system' }]);
  });

  it('lets its owner in once more after a readmission, and shows nothing of others', async () => {
    const { id } = await createExam(server);
    const [link = ''] = await invite(id, 'user_1', 'user_2');
    await join(server, id, 'user_1', link);
    expect(await tryJoin(id, 'user_1', link)).toBe('CONFLICT');
    await readmit(id, 'user_1');
    expect([await tryJoin(id, 'user_1', link), await tryJoin(id, 'user_1', link)]).toEqual(['JOINED', 'CONFLICT']);
    const seen = await server
      .graphql(link)
      .request(`{ exam(id: "${id}") { adminUrl participants { edges { node { userId accessUrl } } } } }`);
    expect(seen).toEqual({ exam: { adminUrl: null, participants: { edges: [{ node: { userId: 'user_1', accessUrl: null } }] } } });
  });

  it('opens no recording, sends nothing and gives no token but by joining', async () => {
    const { id } = await createExam(server);
    const [link = ''] = await invite(id, 'user_1');
    await join(server, id, 'user_1', link);
    const path = joinPath(tempDir(), 'webcam.webm');
    await writeFile(path, await recorded(1));
    const { id: recordingId } = await uploadRecording(server, { examId: id, userId: 'user_1', type: 'webcam', path });
    expect((await server.rest(`/recordings/${recordingId}/download`, { credential: link })).status).toBe(404);
    expect((await server.rest(`/recordings/${recordingId}`, { credential: link })).status).toBe(404);
    const query = `{ exam(id: "${id}") { participant(userId: "user_1") { renewedToken { token } recordings { url } } } }`;
    expect(await server.graphql(link).request(query)).toEqual({ exam: { participant: { recordings: [], renewedToken: null } } });
    for (const mutation of [
      `heartbeat(examId: "${id}") { id }`,
      `reportWarnings(examId: "${id}", warnings: [{ type: "noise" }]) { id }`,
      `submitExam(examId: "${id}", input: { stats: {} }) { id }`,
      `startRecording(input: { examId: "${id}", userId: "user_1", type: WEBCAM }) { id }`,
    ])
      expect(await server.graphql(link).request(`mutation { ${mutation} }`).catch(codeOf), mutation).toBe('FORBIDDEN');
    expect((await server.post(`/exams/${id}/warnings`, { warnings: [{ type: 'noise' }] }, { credential: link })).status).toBe(401);
  });

  it('is the only way in where the link for everybody is switched off', async () => {
    const exam = await createExam(server, { settings: { sharedLink: false } });
    const [link = ''] = await invite(exam.id, 'user_1');
    expect(await tryJoin(exam.id, 'user_1', tokenIn(exam.accessUrl))).toBe('FORBIDDEN');
    expect(await tryJoin(exam.id, 'user_1', link)).toBe('JOINED');
  });

  it('opens nothing 90 days after the end', async () => {
    const exam = await createExam(server);
    const [link = ''] = await invite(exam.id, 'user_1');
    await join(server, exam.id, 'user_1', link);
    await server.rest(`/exams/${exam.id}/end`, { method: 'POST' });
    const other = await server.another();
    const read = async () => (await other.rest(`/exams/${exam.id}`, { credential: link })).status;
    try {
      await runSql(server, `UPDATE "Exam" SET "endedAt" = now() - interval '91 days' WHERE id = $1`, [exam.id]);
      expect(await read()).toBe(401);
    } finally {
      await other.stop();
    }
    expect(
      (await server.rest(`/exams/${exam.id}`, { credential: await invite(exam.id, 'user_1').then(([link = '']) => link) })).status,
    ).toBe(200);
  });

  it('of one exam opens no other, and the shared link takes no seat that is taken', async () => {
    const [exam, other] = [await createExam(server), await createExam(server)];
    const [link = ''] = await invite(exam.id, 'user_1');
    expect(await tryJoin(other.id, 'user_1', link)).toBe('NOT_FOUND');
    await join(server, exam.id, 'user_1', link);
    expect(await tryJoin(exam.id, 'user_1', tokenIn(exam.accessUrl))).toBe('CONFLICT');
    expect(await secondSessions(exam.id)).toEqual([]);
  });
});

describe('a token', () => {
  it('is renewed by the heartbeat when time was added, and only for its owner', async () => {
    const { id } = await createExam(server, { duration: 60 });
    const [token, stranger] = [await join(server, id, 'user_1'), await join(server, id, 'user_2')];
    const beat = async (credential: string) =>
      (await (await server.rest(`/exams/${id}/heartbeat`, { method: 'POST', credential })).json()) as {
        endsAt: string;
        renewedToken?: { token: string; expiresAt: string };
      };
    expect((await beat(token)).renewedToken).toBeUndefined();
    await server.post(`/exams/${id}/participants/user_1/time`, { minutes: 120, reason: 'Fire alarm' });
    expect((await beat(stranger)).renewedToken).toBeUndefined();
    const { renewedToken, endsAt } = await beat(token);
    expect(Date.parse(renewedToken?.expiresAt ?? '') - Date.parse(endsAt)).toBe(24 * 3_600_000);
    expect((await beat(renewedToken?.token ?? '')).renewedToken).toBeUndefined();
    const query = `{ exam(id: "${id}") { participant(userId: "user_1") { renewedToken { token } } } }`;
    expect(await server.graphql().request(query)).toEqual({ exam: { participant: { renewedToken: null } } });
  });
});
