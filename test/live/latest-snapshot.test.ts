import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { eventually } from '../helpers/patience.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { type Photograph, photographs, snap, unhurried } from '../helpers/snapshots.ts';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer(unhurried);
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

interface Latest {
  takenAt: string;
  url: string;
}
const read = async (examId: string, userId: string, { credential, from = server }: { credential?: string; from?: TestServer } = {}) => {
  const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { id latestSnapshot { takenAt url } } } }`;
  const { exam } = await from
    .graphql(credential)
    .request<{ exam: { participant: { id: string; latestSnapshot: Latest | null } | null } | null }>(query);
  return exam?.participant ?? null;
};

const unwatched = { settings: { aiDetection: { enabled: false } } };

async function seat(input: object = unwatched) {
  const exam = await createExam(server, input);
  return { exam, examId: exam.id, token: await join(server, exam.id, 'user_1') };
}

async function show(examId: string, token: string, shot: Photograph = 'oneFace', takenAt = new Date(), to = server): Promise<Latest> {
  const response = await snap(to, examId, photographs[shot], token, { takenAt: takenAt.toISOString() });
  expect(response.status, await response.clone().text()).toBe(200);
  const taken = (await response.json()) as { takenAt: string };
  let latest: Latest | null | undefined;
  await eventually(async () => {
    latest = (await read(examId, 'user_1'))?.latestSnapshot;
    expect(latest?.takenAt).toBe(taken.takenAt);
  });
  if (!latest) throw new Error('unreachable: it was just read');
  return latest;
}

const statusOf = async (url: string, credential?: string) =>
  (await fetch(url, credential ? { headers: { authorization: `Bearer ${credential}` } } : {})).status;

describe('the newest snapshot of a participant', () => {
  it.each([
    ['is analysed', { settings: { aiDetection: { enabled: true } } }],
    ['is not analysed', unwatched],
  ])('is a small picture without metadata that consoles see, in an exam that %s', async (_how, input) => {
    const { examId, token } = await seat(input);
    expect((await read(examId, 'user_1'))?.latestSnapshot).toBeNull();
    const { url } = await show(examId, token);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    const { format, width, height, exif, icc } = await sharp(await response.arrayBuffer()).metadata();
    expect({ format, width, height, exif, icc }).toEqual({ format: 'jpeg', width: 320, height: 240, exif: undefined, icc: undefined });
  });

  it('is one row that the next replaces, encrypted, which every server can read and an older one does not replace', async () => {
    const { examId, token } = await seat();
    const pictures = new Set<string>();
    for (const shot of ['oneFace', 'nobody', 'twoPeople', 'turnedAway'] as const) {
      const { url } = await show(examId, token, shot);
      pictures.add(Buffer.from(await (await fetch(url)).arrayBuffer()).toString('base64'));
      const elsewhere = await read(examId, 'user_1', { from: second });
      const there = await fetch(`${second.url}${new URL(elsewhere?.latestSnapshot?.url ?? '').pathname}${new URL(url).search}`);
      expect(there.status).toBe(200);
    }
    expect(pictures.size).toBe(4);
    const stored = `SELECT s.sealed FROM "LatestSnapshot" s JOIN "Participant" p ON p.id = s."participantId" WHERE p."examId" = $1`;
    const rows = await runSql<{ sealed: Buffer }>(server, stored, [examId]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.sealed.includes(Buffer.from('JFIF'))).toBe(false);
    const newest = (await read(examId, 'user_1'))?.latestSnapshot;
    const older = new Date(Date.parse(newest?.takenAt ?? '') - 1_000).toISOString();
    const late = await snap(second, examId, photographs.black, token, { takenAt: older });
    expect(late.status).toBe(200);
    // It is written before the next one of the same server.
    const { token: other, examId: otherExam } = await seat();
    await show(otherExam, other, 'oneFace', new Date(), second);
    expect((await read(examId, 'user_1'))?.latestSnapshot?.takenAt).toBe(newest?.takenAt);
  });

  it('leaves no old ones behind: the table does not grow with the number of snapshots', async () => {
    const { examId, token } = await seat();
    await show(examId, token);
    const size = async () =>
      Number((await runSql<{ bytes: string }>(server, `SELECT pg_total_relation_size('"LatestSnapshot"') AS bytes`))[0]?.bytes);
    for (let i = 0; i < 12; i++) await show(examId, token, i % 2 === 0 ? 'oneFace' : 'twoPeople');
    expect(
      await runSql(server, 'SELECT FROM "LatestSnapshot" WHERE "participantId" = (SELECT id FROM "Participant" WHERE "examId" = $1)', [
        examId,
      ]),
    ).toHaveLength(1);
    expect(await size()).toBeLessThan(2 * 1024 * 1024);
  });

  it('is shown to staff of the exam and to nobody else', async () => {
    const { exam, examId, token } = await seat();
    const stranger = await join(server, examId, 'user_2');
    const { url } = await show(examId, token);
    const bare = url.split('?')[0] ?? '';
    const participant = await read(examId, 'user_1', { credential: tokenIn(exam.adminUrl) });
    expect(participant?.latestSnapshot?.url).toBe(url);
    expect(await statusOf(bare, tokenIn(exam.adminUrl))).toBe(200);
    // Also not to the participant: it is a picture for proctors.
    expect((await read(examId, 'user_1', { credential: token }))?.latestSnapshot).toBeNull();
    for (const credential of [token, stranger, tokenIn(exam.accessUrl)]) expect(await statusOf(bare, credential)).toBe(401);
    const { key } = await createKey(server, 'PROCTOR', 'another');
    expect(await statusOf(bare, key)).toBe(404);
    const other = await createExam(server);
    expect(await statusOf(bare, tokenIn(other.adminUrl))).toBe(404);
    expect(await statusOf(bare)).toBe(401);
  });

  it('is opened by its own signature only', async () => {
    const { examId, token } = await seat();
    const { url } = await show(examId, token);
    const signature = new URL(url).searchParams.get('sig') ?? '';
    const { examId: otherExam, token: otherToken } = await seat();
    const { url: otherUrl } = await show(otherExam, otherToken);
    const open = (id: string | undefined, sig: string) => statusOf(`${server.api}/participants/${id}/snapshot?sig=${sig}`);
    const id = (await read(examId, 'user_1'))?.id;
    expect(await open(id, signature)).toBe(200);
    expect(await open(id, new URL(otherUrl).searchParams.get('sig') ?? '')).toBe(401);
    expect(await open(id, `${signature.slice(0, -4)}AAAA`)).toBe(401);
    expect(await open('part_none', signature)).toBe(401);
    const [, payload = ''] = signature.split('.');
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number };
    expect(exp - Date.now() / 1_000).toBeLessThanOrEqual(20 * 60);
  });

  it('is gone an hour after the last one, and with the participant', async () => {
    const { examId, token } = await seat();
    const { url } = await show(examId, token);
    const { examId: other, token: otherToken } = await seat();
    await show(other, otherToken);
    await server.rest(`/exams/${examId}/end`, { method: 'POST' });
    expect(await statusOf(url)).toBe(200);
    const age = `UPDATE "LatestSnapshot" s SET "storedAt" = s."storedAt" - interval '1 hour' FROM "Participant" p
      WHERE p.id = s."participantId" AND p."examId" = $1`;
    await runSql(server, age, [examId]);
    expect(await statusOf(url)).toBe(404);
    expect((await read(examId, 'user_1'))?.latestSnapshot).toBeNull();
    const rows = (of: string) =>
      runSql(server, 'SELECT FROM "LatestSnapshot" s JOIN "Participant" p ON p.id = s."participantId" WHERE p."examId" = $1', [of]);
    // Every server removes them, first when it starts.
    const third = await server.another();
    await eventually(async () => expect(await rows(examId)).toEqual([]));
    await third.stop();
    expect(await rows(other)).toHaveLength(1);
    await runSql(server, 'DELETE FROM "Participant" WHERE "examId" = $1', [other]);
    expect(await rows(other)).toEqual([]);
  });

  it('is not made of what is no picture', async () => {
    const { examId, token } = await seat();
    const noPicture = Buffer.concat([photographs.oneFace.subarray(0, 500), Buffer.alloc(2_000, 7)]);
    expect((await snap(server, examId, noPicture, token)).status).toBe(200);
    // The next one is made of a later snapshot: one comes too early.
    await eventually(async () => {
      await snap(server, examId, photographs.oneFace, token);
      expect((await read(examId, 'user_1'))?.latestSnapshot).not.toBeNull();
    });
  });
});
