import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, tokenIn } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { openClient, runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Answer {
  status?: string;
  verified?: boolean;
  error?: { code: string; message: string; details: { field: string; issue: string }[] };
}
const post = async (path: string, body: unknown, credential?: string) =>
  (await (await server.post(path, body, credential ? { credential } : {})).json()) as Answer;

async function checksIn(settings: object = { identityPhoto: true }) {
  const { id: examId } = await createExam(server, { settings });
  return { examId, token: await join(server, examId, 'user_1') };
}
async function accept(examId: string, token: string): Promise<void> {
  const { version } = (await (await server.rest(`/exams/${examId}/notice`, { credential: token })).json()) as { version: string };
  await post(`/exams/${examId}/notice`, { version }, token);
}
async function checkIn(
  examId: string,
  token: string,
  photo: Uint8Array<ArrayBuffer> | null,
  device: object = { browser: 'Firefox 140' },
): Promise<Answer> {
  const body = new FormData();
  body.set('device', JSON.stringify(device));
  if (photo) body.set('photo', new Blob([photo]), 'me.jpg');
  return (await (await server.rest(`/exams/${examId}/check-in`, { method: 'POST', credential: token, body })).json()) as Answer;
}
async function verify(examId: string, token: string, image: Uint8Array<ArrayBuffer>): Promise<Answer> {
  const headers = { 'content-type': 'image/jpeg' };
  return (await (
    await server.rest(`/exams/${examId}/verify`, { method: 'POST', credential: token, headers, body: image })
  ).json()) as Answer;
}

const FACTS = 'status checkIn { noticeVersion noticeAcceptedAt device photoUrl } verification { verified }';
interface Facts {
  status: string;
  checkIn: { noticeVersion: string; device: object; photoUrl: string | null } | null;
  verification: { verified: boolean } | null;
}
const read = async (examId: string, credential?: string): Promise<Facts> => {
  const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { ${FACTS} } } }`;
  return (await server.graphql(credential).request<{ exam: { participant: Facts } }>(query)).exam.participant;
};
const templates = async () => (await runSql<{ n: number }>(server, 'SELECT count(*)::int AS n FROM "FaceTemplate"'))[0]?.n;
const warningsOf = async (examId: string) =>
  ((await (await server.rest(`/exams/${examId}/warnings`)).json()) as { warnings: { type: string; severity: string }[] }).warnings;

describe('the notice', () => {
  it('says what the settings record, and has another version when they change', async () => {
    const { examId, token } = await checksIn({ webcam: true, screenRecording: false, audioRecording: false });
    const notice = async () =>
      (await (await server.rest(`/exams/${examId}/notice`, { credential: token })).json()) as { version: string; text: string };
    const first = await notice();
    expect(first).toMatchObject({ records: ['webcam'], liveChecks: true, text: expect.stringContaining('your camera is recorded') });
    await server.post(`/exams/${examId}`, { settings: { screenRecording: true } }, { method: 'PATCH' });
    const second = await notice();
    expect(second.text).toContain('your camera and your screen are recorded');
    expect(second.version).not.toBe(first.version);
    expect((await post(`/exams/${examId}/notice`, { version: first.version }, token)).error?.code).toBe('conflict');
    expect((await read(examId)).checkIn).toBeNull();
    await accept(examId, token);
    await accept(examId, token);
    expect((await read(examId, token)).checkIn?.noticeVersion).toBe(second.version);
  });
});

// Looks for faces, on a machine that may be busy.
describe('a check-in', () => {
  it('keeps the device and a picture that staff and the candidate can see, and lets the candidate in', async () => {
    const { examId, token } = await checksIn();
    const other = await join(server, examId, 'user_2');
    const photo = await faces.one();
    expect((await checkIn(examId, token, photo)).error).toMatchObject({ code: 'conflict', message: expect.stringContaining('notice') });
    await accept(examId, token);
    expect((await checkIn(examId, token, null)).error?.details).toMatchObject([{ field: 'photo' }]);
    expect((await read(examId)).status).toBe('CHECKING_IN');
    expect((await checkIn(examId, token, photo)).status).toBe('active');
    const { checkIn: facts } = await read(examId);
    expect(facts).toMatchObject({ device: { browser: 'Firefox 140' } });
    const picture = await fetch(facts?.photoUrl ?? '');
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const path = new URL(facts?.photoUrl ?? '').pathname.replace('/api', '');
    expect((await server.rest(path, { credential: token })).status).toBe(200);
    expect((await server.rest(path, { credential: other })).status).toBe(404);
    const { exam } = await server
      .graphql()
      .request<{ exam: { participant: { accessUrl: string } } }>(
        `{ exam(id: "${examId}") { participant(userId: "user_1") { accessUrl } } }`,
      );
    expect((await server.rest(path, { credential: tokenIn(exam.participant.accessUrl) })).status).toBe(404);
    expect((await server.rest(path, { credential: null })).status).toBe(401);
  });

  it('again and again is told to wait, and the log does not grow by it', async () => {
    const { examId, token } = await checksIn({ identityPhoto: false });
    await accept(examId, token);
    const told: (string | undefined)[] = [];
    for (let n = 0; n < 12; n++) told.push((await checkIn(examId, token, null)).error?.code);
    expect(told.filter((code) => code === undefined)).toHaveLength(10);
    expect(told.slice(10)).toEqual(['rate_limited', 'rate_limited']);
    const other = await join(server, examId, 'user_2');
    await accept(examId, other);
    expect((await checkIn(examId, other, null)).error).toBeUndefined();
  });

  it('with a picture of nobody, of two people, or of no picture is refused, and nothing is left', async () => {
    const { examId, token } = await checksIn();
    await accept(examId, token);
    const files = await server.storedFiles();
    const before = await templates();
    const issue = async (photo: Uint8Array<ArrayBuffer>) => (await checkIn(examId, token, photo)).error?.details[0];
    expect(await issue(await faces.nobody())).toMatchObject({ field: 'photo', issue: expect.stringContaining('none was found') });
    expect(await issue(await faces.several())).toMatchObject({ field: 'photo', issue: expect.stringContaining('several') });
    expect((await issue(new Uint8Array(Buffer.from('no picture'))))?.field).toBe('photo');
    expect((await issue(new Uint8Array(11 * 1024 * 1024)))?.field).toBe('photo');
    expect(await server.storedFiles()).toEqual(files);
    expect(await templates()).toBe(before);
    expect((await read(examId)).status).toBe('CHECKING_IN');
  });

  it('leads to the waiting room where a proctor admits, and a second one replaces the picture', async () => {
    const { examId, token } = await checksIn({ identityPhoto: true, admission: 'proctor' });
    await accept(examId, token);
    const photo = await faces.one();
    expect((await checkIn(examId, token, photo)).status).toBe('waiting');
    const [first] = await runSql<{ key: string }>(
      server,
      'SELECT "storageKey" AS key FROM "IdentityPhoto" ORDER BY "createdAt" DESC LIMIT 1',
    );
    expect((await checkIn(examId, token, photo)).status).toBe('waiting');
    await expect.poll(async () => (await server.allFiles()).some((file) => file.includes(first?.key ?? '-'))).toBe(false);
    expect((await read(examId)).verification).toMatchObject({ verified: true });
  });

  it('of another face three times in a row is a warning, once, and the known face stays', async () => {
    const { examId, token } = await checksIn();
    await accept(examId, token);
    await checkIn(examId, token, await faces.one());
    const stranger = await faces.another();
    for (let tries = 0; tries < 2; tries++) await checkIn(examId, token, stranger);
    expect((await read(examId)).verification).toMatchObject({ verified: false });
    expect(await warningsOf(examId)).toEqual([]);
    for (let tries = 0; tries < 2; tries++) await checkIn(examId, token, stranger);
    expect(await warningsOf(examId)).toMatchObject([{ type: 'identity_mismatch', severity: 'high' }]);
    expect((await verify(examId, token, await faces.one())).verified).toBe(true);
  });

  it('of two faces at the same moment makes one of them known, and compares the other', async () => {
    const { examId, token } = await checksIn();
    await accept(examId, token);
    await runSql(server, `DELETE FROM "FaceTemplate"`);
    const photos = [await faces.one(), await faces.another()];
    const client = await openClient(server.databaseUrl);
    // Read by both before either is stored.
    await client.query('BEGIN');
    await client.query('LOCK TABLE "FaceTemplate" IN SHARE ROW EXCLUSIVE MODE');
    // A statement may only wait for 2.5 s: whoever waited in vain before the other came tries again.
    const both = photos.map(async (photo) => {
      // Sooner or later it is also one too many for this minute.
      while (['server_error', 'rate_limited'].includes((await checkIn(examId, token, photo)).error?.code ?? '')) await setTimeout(500);
    });
    const waiting = `SELECT 1 FROM pg_locks WHERE relation = '"FaceTemplate"'::regclass AND NOT granted`;
    await expect.poll(async () => (await client.query(waiting)).rowCount).toBeGreaterThanOrEqual(2);
    await client.query('COMMIT');
    await Promise.all(both);
    await client.end();
    expect((await read(examId)).verification).toMatchObject({ verified: false });
  });

  it('after the exam closed is too late, except for staff', async () => {
    const { examId, token } = await checksIn();
    await accept(examId, token);
    await runSql(server, `UPDATE "Exam" SET "closesAt" = now() WHERE id = $1`, [examId]);
    const refused = await checkIn(examId, token, await faces.one());
    expect(refused.error).toMatchObject({ code: 'conflict', message: expect.stringContaining('closed') });
    expect((await read(examId)).status).toBe('CHECKING_IN');
    await post(`/exams/${examId}/participants/user_1/admit`, { reason: 'The bus was late' });
    expect((await read(examId)).status).toBe('ACTIVE');
  });

  it('with a device of too much, or for another exam, is refused', async () => {
    const { examId, token } = await checksIn({ webcam: false });
    const other = await checksIn({ webcam: false });
    await accept(examId, token);
    expect((await checkIn(examId, token, null, { text: 'x'.repeat(17_000) })).error?.details).toMatchObject([{ field: 'device' }]);
    expect((await checkIn(other.examId, token, null)).error?.code).toBe('not_found');
    expect((await post(`/exams/${examId}/check-in`, { device: {} })).error?.code).toBe('forbidden');
  });

  it('removes its picture when its time is over, or with its exam', async () => {
    const { examId, token } = await checksIn();
    await accept(examId, token);
    await checkIn(examId, token, await faces.one());
    const [row] = await runSql<{ key: string }>(
      server,
      `UPDATE "IdentityPhoto" SET "expiresAt" = now() - interval '1 s' WHERE "participantId" = (SELECT id FROM "Participant" WHERE "examId" = $1) RETURNING "storageKey" AS key`,
      [examId],
    );
    await server.shutDown();
    await server.restart();
    await expect.poll(async () => (await server.allFiles()).some((file) => file.includes(row?.key ?? '-'))).toBe(false);
    expect((await read(examId)).checkIn?.photoUrl).toBeNull();
  });
});

describe('the reference picture of an invitation', () => {
  const invite = (examId: string, users: object[]) =>
    server
      .graphql()
      .rawRequest(`mutation ($users: [ParticipantInput!]!) { inviteParticipants(examId: "${examId}", participants: $users) { id } }`, {
        users,
      });
  const reference = async (picture: Promise<Uint8Array>) => Buffer.from(await picture).toString('base64');

  it('becomes the face that the candidate is compared with, and the third failure in a row is a warning, once', async () => {
    const { id: examId } = await createExam(server);
    await invite(examId, [{ userId: 'invited', referenceImage: await reference(faces.one()) }]);
    const token = await join(server, examId, 'invited');
    expect((await verify(examId, token, await faces.one())).verified).toBe(true);
    const stranger = await faces.another();
    for (let tries = 0; tries < 4; tries++) expect((await verify(examId, token, stranger)).verified).toBe(false);
    expect(await warningsOf(examId)).toMatchObject([{ type: 'identity_mismatch', severity: 'high' }]);
    await verify(examId, token, stranger);
    expect((await verify(examId, token, stranger)).error?.code).toBe('rate_limited');
  });

  it('of two people or none refuses the whole invitation by its place, and keeps nothing', async () => {
    const { id: examId } = await createExam(server);
    const before = await templates();
    const refused = async (picture: Promise<Uint8Array>) =>
      invite(examId, [{ userId: 'a' }, { userId: 'b', referenceImage: await reference(picture) }]).catch(
        (error: { response: { errors: { extensions: { details: object[] } }[] } }) => error.response.errors[0]?.extensions.details,
      );
    expect(await refused(faces.several())).toMatchObject([{ field: 'participants[1].referenceImage' }]);
    expect(await refused(faces.nobody())).toMatchObject([{ field: 'participants[1].referenceImage' }]);
    expect(await templates()).toBe(before);
    const { participants } = (await (await server.rest(`/exams/${examId}`)).json()) as { participants: object[] };
    expect(participants).toEqual([]);
  });

  it('of nobody makes a comparison a conflict that says so', async () => {
    const { id: examId } = await createExam(server);
    const token = await join(server, examId, 'unknown');
    expect((await verify(examId, token, await faces.one())).error).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('No reference picture'),
    });
  });
});
