import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join } from '../helpers/exam.ts';
import { cut, ended, recorded, startLive } from '../helpers/live.ts';
import { tempDir } from '../helpers/media.ts';
import { eventually } from '../helpers/patience.ts';
import { createTestDatabase, openClient, runSql } from '../helpers/postgres.ts';
import { uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { startStatementCounter } from '../helpers/statements.ts';

let server: TestServer;
let short: Buffer;
beforeAll(async () => {
  server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '1' });
  short = await recorded(3);
});
afterAll(() => server.stop());

const sql = <Row extends object>(statement: string, values: unknown[] = []) => runSql<Row>(server, statement, values);

interface Track {
  type: string;
  lastChunkAt: string | null;
  receivedSeconds: number;
  expectedSeconds: number;
  gaps: { from: string; to: string | null; cause: string }[];
}

const FIELDS = 'evidence { type lastChunkAt receivedSeconds expectedSeconds gaps { from to cause } }';
async function ledgerOf(examId: string, userId = 'user_1', credential?: string): Promise<Track[]> {
  const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { ${FIELDS} } } }`;
  return (await server.graphql(credential).request<{ exam: { participant: { evidence: Track[] } } }>(query)).exam.participant.evidence;
}

/** A participant of an exam in which only the camera is recorded, and whose time began ten minutes ago. */
async function seated(settings: object = { screenRecording: false, aiDetection: { enabled: false } }) {
  const { id: examId } = await createExam(server, { settings });
  const token = await join(server, examId, 'user_1');
  const [row] = await sql<{ startedAt: Date }>(
    `UPDATE "Participant" SET "startedAt" = "startedAt" - interval '10 min' WHERE "examId" = $1 RETURNING "startedAt"`,
    [examId],
  );
  return { examId, token, begun: row?.startedAt.getTime() ?? 0 };
}

/** A live recording that began with the participant's time, and chunks of it of a second each. */
async function record(examId: string, token: string, begun: number, at: readonly number[], type = 'webcam') {
  const { id } = await startLive(server, { examId, userId: 'user_1', type }, token);
  await sql(`UPDATE "Recording" SET "createdAt" = $2 WHERE id = $1`, [id, new Date(begun)]);
  const chunks = cut(short, 3);
  for (const [index, seconds] of at.entries()) {
    const time = new URLSearchParams({ startedAt: new Date(begun + seconds * 1_000).toISOString(), durationMs: '60000' });
    const chunk = chunks[index % 3] ?? short;
    const response = await server.rest(`/recordings/${id}/chunks/${index}?${time.toString()}`, {
      method: 'PUT',
      body: new Uint8Array(chunk),
      credential: token,
    });
    expect(response.status).toBe(200);
  }
  return id;
}

/** What should be there: so many seconds until ten minutes after the beginning, when the test began, and what passed since then. */
function expectExpected(track: Track | undefined, seconds: number, begun: number): void {
  expect(track?.expectedSeconds).toBeGreaterThanOrEqual(seconds - 1);
  expect(track?.expectedSeconds).toBeLessThanOrEqual(seconds + 1 + (Date.now() - begun) / 1_000 - 600);
}

const causes = (track: Track | undefined) => track?.gaps.map(({ cause }) => cause);
/** Seconds from the beginning. */
const secondsOf = (track: Track | undefined, begun: number) =>
  track?.gaps.map(({ from, to }) => [from, to].map((time) => (time === null ? null : Math.round((Date.parse(time) - begun) / 1_000))));
const tellWhere = (examId: string, from: string, to: string, at: number, what?: string, since?: number) =>
  sql(
    `WITH raised AS (UPDATE "Exam" SET "lastSeq" = "lastSeq" + 1 WHERE id = $1 RETURNING "lastSeq")
     INSERT INTO "Event" ("examId", seq, kind, "subjectId", "userId", data, at)
     SELECT $1, "lastSeq", 'PARTICIPANT_CHANGED', (SELECT id FROM "Participant" WHERE "examId" = $1 AND "userId" = 'user_1'), 'user_1', $2::jsonb, $3 FROM raised`,
    [examId, JSON.stringify({ from, to, ...(what && { what }), ...(since && { since: new Date(since) }) }), new Date(at)],
  );

it('a recording without a gap is all there, while it is sent', async () => {
  const { examId, token, begun } = await seated();
  await record(examId, token, begun, [0, 60, 120, 180, 240, 300, 360, 420, 480, 540]);
  const [webcam, ...others] = await ledgerOf(examId, 'user_1', token);
  expect(others).toEqual([]);
  expect(webcam).toMatchObject({ type: 'WEBCAM', receivedSeconds: 600 });
  expectExpected(webcam, 600, begun);
  // On a busy machine, more is missing by now after the last chunk.
  expect(secondsOf(webcam, begun)?.filter(([from]) => from !== 600)).toEqual([]);
  expect(Date.parse(webcam?.lastChunkAt ?? '')).toBeGreaterThan(begun);
});

it('what is missing is explained: paused, disconnected, the camera stopped, or not sent yet', async () => {
  const { examId, token, begun } = await seated();
  await record(examId, token, begun, [0, 60, 240, 420]);
  const at = (seconds: number) => begun + seconds * 1_000;
  await tellWhere(examId, 'ACTIVE', 'PAUSED', at(120));
  await tellWhere(examId, 'PAUSED', 'ACTIVE', at(180));
  // The silence is noticed later than it begins.
  await tellWhere(examId, 'true', 'false', at(330), 'online', at(300));
  await tellWhere(examId, 'false', 'true', at(360), 'online');
  const warnings = [{ type: 'camera_stopped', timestamp: new Date(at(481)).toISOString() }];
  await server.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings }, { credential: token });
  const [webcam] = await ledgerOf(examId);
  expect(causes(webcam)).toEqual(['paused', 'not_sent_yet', 'disconnected', 'not_sent_yet', 'camera_stopped']);
  expect(secondsOf(webcam, begun)).toEqual([
    [120, 180],
    [180, 240],
    [300, 360],
    [360, 420],
    [480, null],
  ]);
  expect(webcam).toMatchObject({ receivedSeconds: 240 });
  expectExpected(webcam, 540, begun);
});

it('a status of DISCONNECTED counts as well, and what was not begun is named so', async () => {
  const { examId, token, begun } = await seated({ aiDetection: { enabled: false } });
  await record(examId, token, begun, [0, 60]);
  await tellWhere(examId, 'ACTIVE', 'DISCONNECTED', begun + 120_000);
  await tellWhere(examId, 'DISCONNECTED', 'ACTIVE', begun + 500_000);
  const [webcam, screen] = await ledgerOf(examId);
  expect(causes(webcam)).toEqual(['disconnected', 'not_sent_yet']);
  expect(screen).toMatchObject({ type: 'SCREEN', receivedSeconds: 0, lastChunkAt: null });
  expect(causes(screen)).toEqual(['not_started', 'disconnected', 'not_started']);
});

it('after the end, what was announced may still come; then it is lost', async () => {
  const { examId, token, begun } = await seated();
  const id = await record(examId, token, begun, [0, 60, 180]);
  await server.post(`/recordings/${id}/finish`, { chunks: 4 }, { credential: token });
  await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
  expect(causes((await ledgerOf(examId))[0])).toEqual(['not_sent_yet', 'not_sent_yet']);
  await server.rest(`/recordings/${id}/finish`, { method: 'POST', credential: token });
  await ended(server, id);
  const [webcam] = await ledgerOf(examId);
  expect(causes(webcam)?.at(-1)).toBe('lost');
  expect(webcam?.gaps.at(-1)?.to).not.toBeNull();
});

it('what is joined into its file in the moment in which the ledger is read is not lost', async () => {
  const { examId, token, begun } = await seated();
  const id = await record(examId, token, begun, [0, 60, 120]);
  await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
  const settler = await openClient(server.databaseUrl);
  try {
    // As when the last chunk is there: the spans of the file come, and what was known of its chunks goes.
    await settler.query('BEGIN');
    await settler.query('LOCK TABLE "ChunkRun" IN ACCESS EXCLUSIVE MODE');
    const spans = JSON.stringify([{ at: begun, offset: 0, seconds: 180 }]);
    await settler.query('UPDATE "Recording" SET live = false, closed = true, spans = $2, "startedAt" = "createdAt" WHERE id = $1', [
      id,
      spans,
    ]);
    await settler.query('DELETE FROM "ChunkRun" WHERE "recordingId" = $1', [id]);
    const read = ledgerOf(examId);
    const waiting = `SELECT 1 FROM pg_locks WHERE relation = '"ChunkRun"'::regclass AND NOT granted`;
    await expect.poll(async () => (await settler.query(waiting)).rowCount, { interval: 5 }).toBeGreaterThan(0);
    await settler.query('COMMIT');
    expect((await read)[0]).toMatchObject({ receivedSeconds: 180 });
  } finally {
    await settler.end();
  }
});

it('only what was recorded of the expected time counts', async () => {
  const { examId, token, begun } = await seated();
  await record(examId, token, begun, [-60, 0, 60]);
  await tellWhere(examId, 'ACTIVE', 'PAUSED', begun + 90_000);
  await tellWhere(examId, 'PAUSED', 'ACTIVE', begun + 180_000);
  const [webcam] = await ledgerOf(examId);
  expect(webcam).toMatchObject({ receivedSeconds: 90 });
  expectExpected(webcam, 510, begun);
});

it('a whole file that arrives after the end, and does not say when it began, is taken to end with the sitting', async () => {
  const { examId, token, begun } = await seated();
  await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
  const end = begun + 300_000;
  await sql(`UPDATE "Event" SET at = $2 WHERE "examId" = $1 AND data->>'to' = 'SUBMITTED'`, [examId, new Date(end)]);
  const path = joinPath(tempDir(), 'whole.webm');
  await writeFile(path, short);
  const { id, duration } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
  const began = end - duration * 1_000;
  const isRight = async () => {
    const [webcam, ...others] = await ledgerOf(examId);
    expect(others).toEqual([]);
    expect(webcam).toMatchObject({ expectedSeconds: 300, receivedSeconds: expect.closeTo(duration, 0), gaps: [{ cause: 'not_started' }] });
    expect(Math.abs(Date.parse(webcam?.gaps[0]?.to ?? '') - began)).toBeLessThan(5);
  };
  await isRight();
  await eventually(async () => {
    const [row] = await sql<{ startedAt: Date | null }>(`SELECT "startedAt" FROM "Recording" WHERE id = $1`, [id]);
    expect(Math.abs((row?.startedAt?.getTime() ?? 0) - began)).toBeLessThan(5);
  });
  await isRight();
});

it('a participant who has not begun has no gap, and one reads only their own', async () => {
  const { id: examId } = await createExam(server);
  const token = await join(server, examId, 'user_1');
  await server.graphql().request(`mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "user_2" }]) { id } }`);
  const [webcam, screen] = await ledgerOf(examId, 'user_2');
  expect(webcam).toEqual({ type: 'WEBCAM', lastChunkAt: null, receivedSeconds: 0, expectedSeconds: 0, gaps: [] });
  expect(screen).toMatchObject({ type: 'SCREEN', gaps: [] });
  const query = `{ exam(id: "${examId}") { participant(userId: "user_2") { ${FIELDS} } participants { edges { node { userId ${FIELDS} } } } } }`;
  const seen = await server
    .graphql(token)
    .request<{ exam: { participant: object | null; participants: { edges: { node: { userId: string } }[] } } }>(query);
  expect(seen.exam.participant).toBeNull();
  expect(seen.exam.participants.edges.map(({ node }) => node.userId)).toEqual(['user_1']);
  const stranger = await createKey(server, 'PROCTOR', 'stranger');
  expect(await server.graphql(stranger.key).request(`{ exam(id: "${examId}") { id } }`)).toEqual({ exam: null });
});

it('the ledgers of a page of participants take as few statements as that of one', async () => {
  const copy = await createTestDatabase();
  const counter = await startStatementCounter(copy.url);
  const other = await startTestServer({ DATABASE_URL: counter.url, INLINE_WORKER: 'false' });
  try {
    const { id: examId } = await createExam(other, { settings: { aiDetection: { enabled: false } } });
    const users = Array.from({ length: 100 }, (_, i) => `user_${i}`);
    await Promise.all(users.map((userId) => join(other, examId, userId)));
    await Promise.all(users.map((userId) => startLive(other, { examId, userId })));
    const query = `{ exam(id: "${examId}") { participants(first: 100) { edges { node { userId ${FIELDS} } } } } }`;
    const { statements } = await counter.least(async () => {
      const { exam } = await other.graphql().request<{ exam: { participants: { edges: { node: { evidence: Track[] } }[] } } }>(query);
      expect(exam.participants.edges).toHaveLength(100);
      for (const { node } of exam.participants.edges) expect(node.evidence.map(({ type }) => type)).toEqual(['WEBCAM', 'SCREEN']);
    });
    expect(statements.length).toBeLessThanOrEqual(10);
  } finally {
    await other.stop();
    await counter.stop();
    await copy.drop();
  }
});
