import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report } from '../helpers/exam.ts';
import {
  cut,
  download,
  ended,
  finishLive,
  type LiveRecording,
  putChunk,
  readRecording,
  recorded,
  sendChunks,
  startLive,
} from '../helpers/live.ts';
import { runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

/** Chunks are joined after a second of silence once their exam is over. */
const SETTINGS = { LIVE_RECORDING_GRACE_SECONDS: '1' };
const unwatched = { settings: { aiDetection: { enabled: false } } };

let server: TestServer;
let long: Buffer;
let short: Buffer;
beforeAll(async () => {
  server = await startTestServer(SETTINGS);
  [long, short] = await Promise.all([recorded(6), recorded(3)]);
});
afterAll(() => server.stop());

const sql = <Row extends object>(statement: string, values: unknown[] = [], of = server) => runSql<Row>(of, statement, values);

interface Begun {
  examId: string;
  token: string;
  id: string;
}

async function begin(of = server, exam: object = unwatched, userId = 'user_1'): Promise<Begun> {
  const { id: examId } = await createExam(of, exam);
  const token = await join(of, examId, userId);
  const { id } = await startLive(of, { examId, userId }, token);
  return { examId, token, id };
}

const submit = (examId: string, credential: string, of = server) => of.post(`/exams/${examId}/submit`, { stats: {} }, { credential });
const announce = (id: string, chunks: unknown, credential?: string, of = server) =>
  of.post(`/recordings/${id}/finish`, { chunks }, credential ? { credential } : {});
/** The error's code and details. */
const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; message: string; details: object[] } }).error;

/** As if the sitting had ended so many hours ago, and all chunks had come before. */
const longAgo = (id: string, hours: number, of = server) =>
  sql(
    `WITH events AS (UPDATE "Event" SET at = at - $2 * interval '1 h' WHERE "subjectId" = (SELECT "participantId" FROM "Recording" WHERE id = $1)),
          chunks AS (UPDATE "RecordingChunk" SET "receivedAt" = "receivedAt" - $2 * interval '1 h' WHERE "recordingId" = $1)
     UPDATE "Recording" SET "sittingEndedAt" = "sittingEndedAt" - $2 * interval '1 h' WHERE id = $1`,
    [id, hours],
    of,
  );

/** The recording once it holds all that came: chunks that come far apart are joined one after the other. */
async function joinedAgain(id: string, seconds: number, wanted: Partial<LiveRecording> = {}, of = server): Promise<LiveRecording> {
  await expect.poll(() => readRecording(of, id)).toMatchObject({ duration: expect.closeTo(seconds, 0) as number, ...wanted });
  return readRecording(of, id);
}

const stored = async (id: string, of = server) => (await of.storedFiles()).filter((name) => name.includes(id));

describe('chunks that come after the end', () => {
  it('are taken, and joined with those that came in time; nothing needs them to be announced', async () => {
    const { examId, token, id } = await begin();
    const chunks = cut(long, 6);
    await sendChunks(server, id, chunks.slice(0, 3), 0, token);
    expect((await submit(examId, token)).status).toBe(200);
    const first = await ended(server, id);
    expect(first).toMatchObject({ status: 'uploaded', duration: expect.closeTo(3, 0), complete: false, nextChunk: 3 });
    expect((await download(server, id)).equals(Buffer.concat(chunks.slice(0, 3)))).toBe(true);
    await longAgo(id, 1);
    await sendChunks(server, id, chunks.slice(3), 3, token);
    const second = await joinedAgain(id, 6, { size: long.length });
    expect(second).toMatchObject({ status: 'uploaded', size: long.length, note: 'Arrived after the end: chunks 3 to 5.' });
    expect((await download(server, id)).equals(long)).toBe(true);
  });

  it('are analysed too, and what was found before stays one warning', async () => {
    const { examId, token, id } = await begin(server, { settings: { aiDetection: { sensitivity: 'high' } } });
    const chunks = cut(long, 6);
    await sendChunks(server, id, chunks.slice(0, 4), 0, token);
    await submit(examId, token);
    expect(await ended(server, id)).toMatchObject({ status: 'processed' });
    const warnings = () =>
      sql<{ type: string; offset: number }>(
        `SELECT type, "offsetSeconds" AS "offset" FROM "Warning" WHERE "recordingId" = $1 AND source = 'ANALYSIS'`,
        [id],
      );
    const before = await warnings();
    expect(before).toMatchObject([{ type: 'no_face' }]);
    await sendChunks(server, id, chunks.slice(4), 4, token);
    await joinedAgain(id, 6, { size: long.length });
    expect(await ended(server, id)).toMatchObject({ status: 'processed', duration: expect.closeTo(6, 0) });
    expect(await warnings()).toEqual(before);
  });

  it('close the recording when all have come that were announced, and leave one file', async () => {
    const { examId, token, id } = await begin();
    const chunks = cut(long, 6);
    await sendChunks(server, id, chunks.slice(0, 3), 0, token);
    await submit(examId, token);
    await ended(server, id);
    expect(await (await announce(id, 6, token)).json()).toMatchObject({ complete: false, nextChunk: 3 });
    expect((await announce(id, 6, token)).status).toBe(200);
    for (const index of [5, 3, 4]) expect((await putChunk(server, id, index, chunks[index] ?? short, token)).status).toBe(200);
    const recording = await joinedAgain(id, 6, { complete: true });
    expect(recording).toMatchObject({ complete: true, size: long.length });
    expect(recording).not.toHaveProperty('nextChunk');
    expect(await errorOf(await putChunk(server, id, 6, short, token))).toMatchObject({ code: 'conflict' });
    expect((await announce(id, 6, token)).status).toBe(200);
    await expect.poll(async () => (await sql('SELECT 1 FROM "RecordingChunk" WHERE "recordingId" = $1', [id])).length).toBe(0);
    // The first file can be read to its end by whoever reads it; then it goes.
    await sql(`UPDATE "ObsoleteFile" SET since = now() - interval '1 s'`);
    await expect.poll(() => stored(id)).toHaveLength(1);
  });

  it('are refused a day later, and what never came is named in one warning', async () => {
    const { examId, token, id } = await begin();
    await sendChunks(server, id, cut(long, 6).slice(0, 3), 0, token);
    await announce(id, 6, token);
    await submit(examId, token);
    expect(await readRecording(server, id)).toMatchObject({ live: true, complete: false });
    await longAgo(id, 25);
    expect(await errorOf(await putChunk(server, id, 3, short, token))).toMatchObject({ code: 'conflict' });
    const recording = await ended(server, id);
    expect(recording).toMatchObject({ status: 'uploaded', complete: false, note: 'Never arrived: chunks 3 to 5.' });
    const gaps = await sql(`SELECT type, severity, source, details FROM "Warning" WHERE "examId" = $1`, [examId]);
    expect(gaps).toEqual([{ type: 'evidence_gap', severity: 'MEDIUM', source: 'SYSTEM', details: 'lost' }]);
    await expect.poll(() => stored(id)).toHaveLength(1);
  });

  it('of a recording that was joined before are waited for a day, then it is closed', async () => {
    const { examId, token, id } = await begin();
    const chunks = cut(long, 8);
    await sendChunks(server, id, chunks.slice(0, 3), 0, token);
    await sendChunks(server, id, chunks.slice(4), 4, token);
    await submit(examId, token);
    expect((await ended(server, id)).note).toBe('Not arrived yet: chunk 3.');
    await longAgo(id, 25);
    await expect.poll(async () => (await readRecording(server, id)).note).toBe('Never arrived: chunk 3.');
    expect((await readRecording(server, id)).nextChunk).toBeUndefined();
    expect(await sql(`SELECT details FROM "Warning" WHERE "examId" = $1`, [examId])).toEqual([{ details: 'lost' }]);
  });

  it('cannot spoil the file that is there', async () => {
    const { examId, token, id } = await begin();
    const chunks = cut(long, 8);
    await sendChunks(server, id, chunks.slice(0, 3), 0, token);
    await sendChunks(server, id, chunks.slice(4), 4, token);
    await submit(examId, token);
    const before = await ended(server, id);
    // A second head in the middle of the first recorder's output.
    await sendChunks(server, id, [Buffer.concat([short.subarray(0, 40), Buffer.alloc(5_000, 'noise')])], 3, token);
    await expect.poll(async () => (await sql(`SELECT 1 FROM "Recording" WHERE id = $1 AND "lateBytes" > 0`, [id])).length).toBe(0);
    const after = await readRecording(server, id);
    expect(after.duration).toBeGreaterThan(before.duration - 1);
    expect(after.note).toContain('Left out, chunk');
  });

  it('need a recording that was begun in time, an exam that was not cancelled, and their own token', async () => {
    const { examId, token, id } = await begin();
    const other = await join(server, examId, 'user_2');
    await sendChunks(server, id, cut(short, 2).slice(0, 1), 0, token);
    await submit(examId, token);
    await submit(examId, other);
    expect((await putChunk(server, id, 1, short, other)).status).toBe(404);
    expect((await announce(id, 2, other)).status).toBe(404);
    const stranger = await createKey(server, 'LMS', 'stranger');
    expect((await putChunk(server, id, 1, short, stranger.key)).status).toBe(404);
    const proctor = await createKey(server, 'PROCTOR');
    expect((await announce(id, 2, proctor.key)).status).toBe(401);
    expect((await server.post('/recordings/live', { examId, userId: 'user_1', type: 'webcam' }, { credential: token })).status).toBe(400);
    expect(await sql(`SELECT "chunkCount", "expectedChunks" FROM "Recording" WHERE id = $1`, [id])).toEqual([
      { chunkCount: 1, expectedChunks: null },
    ]);

    const cancelled = await begin();
    await server.rest(`/exams/${cancelled.examId}/cancel`, { method: 'POST' });
    expect(await errorOf(await putChunk(server, cancelled.id, 0, short, cancelled.token))).toMatchObject({ code: 'conflict' });
    expect(await sql('SELECT 1 FROM "RecordingChunk" WHERE "recordingId" = $1', [cancelled.id])).toEqual([]);
    await expect.poll(() => stored(cancelled.id)).toEqual([]);
  });

  it('from many at once, each with their own token and one with that of another, are each where they belong', async () => {
    const { id: examId } = await createExam(server, unwatched);
    const users = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const userId = `user_${i}`;
        const token = await join(server, examId, userId);
        const { id } = await startLive(server, { examId, userId }, token);
        return { token, id };
      }),
    );
    const hostile = users[0]?.token ?? '';
    await server.rest(`/exams/${examId}/end`, { method: 'POST' });
    const pieces = cut(short, 4);
    const sent = users.flatMap(({ token, id }) => [
      ...pieces.map((piece, index) => putChunk(server, id, index, piece, token).then(({ status }) => status)),
      announce(id, 4, token).then(({ status }) => status),
    ]);
    const refused = users
      .slice(1)
      .flatMap(({ id }) => [
        putChunk(server, id, 0, long, hostile).then(({ status }) => status),
        announce(id, 1, hostile).then(({ status }) => status),
      ]);
    expect(new Set(await Promise.all(sent))).toEqual(new Set([200]));
    expect(new Set(await Promise.all(refused))).toEqual(new Set([404]));
    for (const { id } of users) {
      expect(await joinedAgain(id, 3, { complete: true })).toMatchObject({ complete: true });
      expect((await download(server, id)).equals(short)).toBe(true);
    }
  });
});

it('a participant who is let back in goes on with the same recording', async () => {
  const { examId, token, id } = await begin();
  const [first = short, second = short] = cut(short, 2);
  await sendChunks(server, id, [first], 0, token);
  const reason = { reason: 'A fire alarm' };
  await server.post(`/exams/${examId}/participants/user_1/terminate`, reason);
  const ends = async () =>
    (await sql<{ ended: boolean }>(`SELECT "sittingEndedAt" IS NOT NULL AS ended FROM "Recording" WHERE id = $1`, [id]))[0]?.ended;
  await expect.poll(ends).toBe(true);
  await server.post(`/exams/${examId}/participants/user_1/readmit`, reason);
  await expect.poll(ends).toBe(false);
  await sendChunks(server, id, [second], 1, token);
  await announce(id, 2, token);
  const recording = await joinedAgain(id, 3, { complete: true });
  expect(recording).toMatchObject({ complete: true });
  expect(recording).not.toHaveProperty('note');
});

it('what came and cannot be played is kept, and one warning says so', async () => {
  const { examId, token, id } = await begin();
  await sendChunks(server, id, [Buffer.concat([short.subarray(0, 40), Buffer.alloc(5_000, 'noise')])], 0, token);
  await announce(id, 1, token);
  expect(await ended(server, id)).toMatchObject({ status: 'failed' });
  expect(await sql(`SELECT type, details FROM "Warning" WHERE "examId" = $1`, [examId])).toEqual([
    { type: 'evidence_gap', details: 'unreadable' },
  ]);
  expect(await stored(id)).toHaveLength(1);
});

describe('how many chunks there are', () => {
  it('may be said before they have come, again and again, but not another number', async () => {
    const { token, id } = await begin();
    const [first = short, second = short] = cut(short, 2);
    await sendChunks(server, id, [second], 1, token);
    const fewer = await errorOf(await announce(id, 1, token));
    expect(fewer).toMatchObject({ code: 'invalid_request', details: [{ field: 'chunks', issue: expect.stringContaining('at least 2') }] });
    for (const wrong of [-1, 1e9, 1.5, '2']) expect((await announce(id, wrong, token)).status, String(wrong)).toBe(400);
    expect((await announce(id, 2, token)).status).toBe(200);
    expect(await errorOf(await announce(id, 3, token))).toMatchObject({ code: 'conflict', details: [{ field: 'chunks' }] });
    expect(await errorOf(await putChunk(server, id, 2, short, token))).toMatchObject({ code: 'conflict', details: [{ field: 'index' }] });
    expect(await readRecording(server, id)).toMatchObject({ live: true, complete: false });
    await sendChunks(server, id, [first], 0, token);
    expect(await ended(server, id)).toMatchObject({ complete: true, size: short.length });
    expect((await download(server, id)).equals(short)).toBe(true);
    expect(await errorOf(await announce(id, 3, token))).toMatchObject({ code: 'conflict' });
  });

  it('is not needed: without it a recording ends with what is there', async () => {
    const { token, id } = await begin();
    await sendChunks(server, id, cut(short, 2), 0, token);
    const { finishRecording } = await server
      .graphql(token)
      .request<{ finishRecording: object }>(`mutation { finishRecording(recordingId: "${id}") { id complete } }`);
    expect(finishRecording).toEqual({ id, complete: true });
    expect(await ended(server, id)).toMatchObject({ complete: true });
    expect(await errorOf(await announce(id, 5, token))).toMatchObject({ code: 'conflict' });
    expect((await announce(id, 2, token)).status).toBe(200);
  });
});

describe('a server that is killed', () => {
  it('between late chunks loses none that it has acknowledged', async () => {
    const killed = await startTestServer(SETTINGS);
    try {
      const { examId, token, id } = await begin(killed);
      const chunks = cut(long, 6);
      await sendChunks(killed, id, chunks.slice(0, 2), 0, token);
      await submit(examId, token, killed);
      await ended(killed, id);
      await sendChunks(killed, id, chunks.slice(2, 4), 2, token);
      await killed.kill();
      await killed.restart();
      expect((await announce(id, 6, token, killed)).status).toBe(200);
      await sendChunks(killed, id, chunks.slice(4), 4, token);
      expect(await joinedAgain(id, 6, { complete: true }, killed)).toMatchObject({ complete: true });
      expect((await download(killed, id)).equals(long)).toBe(true);
    } finally {
      await killed.stop();
    }
  });

  it('while it joins late chunks shows the file of before, and joins them when it is back', async () => {
    const killed = await startTestServer(SETTINGS);
    try {
      const { examId, token, id } = await begin(killed);
      const runs = [await recorded(9), await recorded(8, { size: '640x480' })];
      await sendChunks(killed, id, cut(runs[0] ?? long, 3), 0, token);
      await submit(examId, token, killed);
      await ended(killed, id);
      const claimed = `SELECT "finishClaimedUntil" IS NOT NULL AS claimed FROM "Recording" WHERE id = $1`;
      await sendChunks(killed, id, cut(runs[1] ?? long, 3), 3, token);
      await announce(id, 6, token, killed);
      await expect.poll(async () => (await sql(claimed, [id], killed))[0], { interval: 10 }).toEqual({ claimed: true });
      await killed.kill();
      await killed.restart();
      expect((await readRecording(killed, id)).duration).toBeCloseTo(9, 0);
      expect((await download(killed, id)).equals(runs[0] ?? long)).toBe(true);
      expect(await joinedAgain(id, 17, { complete: true }, killed)).toMatchObject({ complete: true });
    } finally {
      await killed.stop();
    }
  });
});

describe("a chunk's time", () => {
  const query = (id: string) => `{ recording(id: "${id}") { startedAt complete spans { startedAt offsetSeconds seconds } } }`;
  interface Timed {
    startedAt: string;
    complete: boolean;
    spans: { startedAt: string; offsetSeconds: number; seconds: number }[];
  }
  const timesOf = async (id: string) => (await server.graphql().request<{ recording: Timed }>(query(id))).recording;
  const put = (id: string, index: number, bytes: Uint8Array, time: Record<string, string>, credential: string) =>
    server.rest(`/recordings/${id}/chunks/${index}?${new URLSearchParams(time).toString()}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      credential,
    });
  /** Sends the output of a recorder that began at that time, as chunks of a second each. */
  async function sendTimed(id: string, bytes: Buffer, seconds: number, startedAt: number, first: number, token: string) {
    for (const [i, chunk] of cut(bytes, seconds).entries()) {
      const time = { startedAt: new Date(startedAt + i * 1_000).toISOString(), durationMs: '1000' };
      expect((await put(id, first + i, chunk, time, token)).status).toBe(200);
    }
  }
  /** As if the recording was begun a minute earlier, so that there was time for what is sent. */
  async function beganEarlier(id: string): Promise<number> {
    const [row] = await sql<{ at: Date }>(
      `UPDATE "Recording" SET "createdAt" = "createdAt" - interval '1 min' WHERE id = $1 RETURNING "createdAt" AS at`,
      [id],
    );
    return row?.at.getTime() ?? 0;
  }

  it('says which part of the file was recorded when, also if the recorder was restarted', async () => {
    const { token, id } = await begin();
    const at = await beganEarlier(id);
    await sendTimed(id, long, 6, at + 1_000, 0, token);
    await sendTimed(id, short, 3, at + 31_000, 6, token);
    await announce(id, 9, token);
    await ended(server, id);
    const { startedAt, complete, spans } = await timesOf(id);
    expect(Date.parse(startedAt)).toBe(at + 1_000);
    expect(complete).toBe(true);
    expect(spans).toEqual([
      { startedAt: new Date(at + 1_000).toISOString(), offsetSeconds: 0, seconds: expect.closeTo(6, 0) },
      { startedAt: new Date(at + 31_000).toISOString(), offsetSeconds: expect.closeTo(6, 0), seconds: expect.closeTo(3, 0) },
    ]);
    expect((await readRecording(server, id))['spans']).toEqual(spans);
  });

  it.each([
    ['an hour fast', 3_600_000],
    ['an hour slow', -3_600_000],
  ])('of a clock that is %s is corrected, and warnings of that client are found by it', async (_how, off) => {
    const { examId, token, id } = await begin();
    const at = await beganEarlier(id);
    await sendTimed(id, long, 6, at + off, 0, token);
    const happened = new Date(at + off + 4_000).toISOString();
    const body = {
      userId: 'user_1',
      warnings: [
        { type: 'camera_stopped', timestamp: happened },
        { type: 'noise', timestamp: '9999-12-31T00:00:00Z' },
      ],
    };
    expect((await server.post(`/exams/${examId}/warnings`, body, { credential: token })).status).toBe(200);
    const live = collect<{ examEvents: { warning?: { offsetSeconds: number; recording: { id: string } } } }>(
      server.subscribe(),
      `subscription ($examId: ID!) { examEvents(examId: $examId) { ... on WarningUpdated { warning { offsetSeconds recording { id } } } } }`,
      { examId },
    );
    await announce(id, 6, token);
    await ended(server, id);
    const [span] = (await timesOf(id)).spans;
    // As exactly as the chunks were sent: all in the same moment, a minute after they were recorded.
    expect(Math.abs(Date.parse(span?.startedAt ?? '') - at)).toBeLessThan(off > 0 ? 60_000 : 3_000);
    const told = await live.find(({ examEvents }) => examEvents.warning !== undefined);
    expect(told?.examEvents.warning?.recording.id).toBe(id);
    expect(told?.examEvents.warning?.offsetSeconds).toBeCloseTo(4, 0);
  });

  it('puts warnings into the recording that shows them: of the screen or of the camera', async () => {
    const { examId, token, id: webcam } = await begin();
    const { id: screen } = await startLive(server, { examId, userId: 'user_1', type: 'screen' }, token);
    const at = await beganEarlier(webcam);
    await beganEarlier(screen);
    await report(server, examId, 'user_1', ['network_lost'], token);
    const warnings = ['tab_switch', 'phone_usage'].map((type) => ({ type, timestamp: new Date(at + 2_000).toISOString() }));
    await server.post(`/exams/${examId}/warnings`, { userId: 'user_1', warnings }, { credential: token });
    for (const id of [webcam, screen]) {
      await sendTimed(id, short, 3, at, 0, token);
      await announce(id, 3, token);
      await ended(server, id);
    }
    const placed = await sql(
      `SELECT type, "recordingId", round("offsetSeconds"::numeric)::int AS "offset" FROM "Warning" WHERE "examId" = $1 ORDER BY seq`,
      [examId],
    );
    expect(placed).toEqual([
      { type: 'network_lost', recordingId: null, offset: null },
      { type: 'tab_switch', recordingId: screen, offset: 2 },
      { type: 'phone_usage', recordingId: webcam, offset: 2 },
    ]);
  });

  it('that is impossible is not believed, and one that is no time is refused', async () => {
    const { token, id } = await begin();
    const [first = short, second = short] = cut(short, 2);
    for (const wrong of [
      { durationMs: '-1' },
      { durationMs: '1e9' },
      { durationMs: '86400001' },
      { startedAt: 'yesterday' },
      { startedAt: '10000-01-01T00:00:00Z' },
    ])
      expect((await put(id, 0, first, wrong as Record<string, string>, token)).status, JSON.stringify(wrong)).toBe(400);
    expect(await sql('SELECT 1 FROM "RecordingChunk" WHERE "recordingId" = $1', [id])).toEqual([]);
    expect((await put(id, 0, first, { startedAt: '9999-12-31T23:59:59Z', durationMs: '86400000' }, token)).status).toBe(200);
    expect((await put(id, 1, second, { startedAt: '1970-01-01T00:00:00Z' }, token)).status).toBe(200);
    await finishLive(server, id, token);
    expect(await ended(server, id)).toMatchObject({ status: 'uploaded', duration: expect.closeTo(3, 0) });
    const { spans } = await timesOf(id);
    for (const { startedAt } of spans) expect(Math.abs(Date.parse(startedAt) - Date.now())).toBeLessThan(2 * 86_400_000);
  });
});
