import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join, tokenIn } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { recorded } from '../helpers/live.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const send = (path: string, credential: string, type: string, body: Uint8Array<ArrayBuffer>, headers: object = {}) =>
  server.rest(path, { method: 'POST', credential, headers: { 'content-type': type, ...headers }, body });

interface Checked {
  faces?: number;
  advice?: string[];
  error?: { code: string; details: { field: string }[] };
}
const check = async (examId: string, credential: string, image: Uint8Array<ArrayBuffer>): Promise<Checked> =>
  (await (await send(`/exams/${examId}/check-picture`, credential, 'image/jpeg', image)).json()) as Checked;

/** An exam with somebody invited, who has not come. */
async function invited() {
  const exam = await createExam(server, { settings: { identityPhoto: true } });
  const { inviteParticipants } = await server
    .graphql()
    .request<{ inviteParticipants: { accessUrl: string }[] }>(
      `mutation { inviteParticipants(examId: "${exam.id}", participants: [{ userId: "user_1" }]) { accessUrl } }`,
    );
  return { examId: exam.id, shared: tokenIn(exam.accessUrl), personal: tokenIn(inviteParticipants[0]?.accessUrl ?? '') };
}

const rows = async () =>
  runSql(
    server,
    `SELECT (SELECT count(*) FROM "Participant" WHERE "joinedAt" IS NOT NULL) AS joined, (SELECT count(*) FROM "Event") AS events,
            (SELECT count(*) FROM "FaceTemplate") AS faces, (SELECT count(*) FROM "Recording") AS recordings`,
  );

describe('trying out the camera before an exam', () => {
  it('works by every link of a candidate, says what would be better, and keeps nothing', async () => {
    const { examId, shared, personal } = await invited();
    const before = [await rows(), await server.storedFiles()];
    const one = await faces.one();
    const dark = new Uint8Array(await sharp(one).linear(0.06, 0).jpeg().toBuffer());
    expect(await check(examId, personal, one)).toEqual({ faces: 1, advice: [] });
    expect(await check(examId, shared, await faces.nobody())).toEqual({ faces: 0, advice: ['no_face'] });
    expect((await check(examId, shared, await faces.several())).advice).toContain('several_faces');
    expect((await check(examId, shared, dark)).advice).toContain('too_dark');
    expect((await check(examId, shared, new Uint8Array(Buffer.from('no picture')))).error?.details).toMatchObject([{ field: 'image' }]);
    expect([await rows(), await server.storedFiles()]).toEqual(before);
    const form = `mutation ($image: Upload!) { checkPicture(examId: "${examId}", image: $image) { faces advice } }`;
    const body = new FormData();
    body.set('operations', JSON.stringify({ query: form, variables: { image: null } }));
    body.set('map', JSON.stringify({ 0: ['variables.image'] }));
    body.set('0', new Blob([await faces.nobody()]), 'me.jpg');
    const headers = { authorization: `Bearer ${personal}`, 'x-graphql-yoga-csrf': '1' };
    const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
    expect(await answer.json()).toEqual({ data: { checkPicture: { faces: 0, advice: ['NO_FACE'] } } });
  });

  it('sends a recording back as it came, or says why it could not be used', async () => {
    const { examId, personal } = await invited();
    const before = [await rows(), await server.storedFiles()];
    const clip = new Uint8Array(await recorded(2));
    const echo = (body: Uint8Array<ArrayBuffer>, headers: object = {}) =>
      send(`/exams/${examId}/echo`, personal, 'video/webm', body, headers);
    for (const headers of [{}, { 'idempotency-key': 'same' }, { 'idempotency-key': 'same' }]) {
      const back = await echo(clip, headers);
      expect([back.status, back.headers.get('content-type')]).toEqual([200, 'video/webm']);
      expect(Buffer.from(await back.arrayBuffer()).equals(clip)).toBe(true);
    }
    for (const bad of [new Uint8Array(Buffer.from('no video')), clip.slice(0, 40), new Uint8Array(6 * 1024 * 1024)]) {
      const refused = (await (await echo(bad)).json()) as Checked;
      expect(refused.error?.code).toBe('invalid_request');
    }
    expect([await rows(), await server.storedFiles()]).toEqual(before);
  });

  it('is only for candidates of this exam, and not without end', async () => {
    const { examId } = await invited();
    const other = await createExam(server);
    const stranger = await join(server, other.id, 'user_1');
    const own = await join(server, examId, 'user_2');
    const nobody = await faces.nobody();
    const codes = async (credential: string) => (await check(examId, credential, nobody)).error?.code;
    expect(await codes(stranger)).toBe('not_found');
    expect(await codes(tokenIn(other.accessUrl))).toBe('not_found');
    const exam = (await (await server.rest(`/exams/${examId}`)).json()) as { adminUrl: string };
    expect(await codes(tokenIn(exam.adminUrl))).toBe('forbidden');
    expect((await server.rest(`/exams/${examId}/echo`, { method: 'POST', credential: null })).status).toBe(401);
    const told = await Promise.all(Array.from({ length: 25 }, () => codes(own)));
    expect(told.filter((code) => code === 'rate_limited')).toHaveLength(5);
    const third = await join(server, examId, 'user_3');
    expect(await codes(third)).toBeUndefined();
  });
});
