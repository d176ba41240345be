import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import {
  appendByGraphql,
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
import { ffmpeg, makeMedia, tempDir, VP8, H264 } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const SETTINGS = { LIVE_RECORDING_GRACE_SECONDS: '1' };
const unwatched = { settings: { aiDetection: { enabled: false } } };
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let server: TestServer;
/** 6 s and 3 s of MediaRecorder. */
let long: Buffer;
let short: Buffer;
beforeAll(async () => {
  server = await startTestServer(SETTINGS);
  [long, short] = await Promise.all([recorded(6), recorded(3)]);
});
afterAll(() => server.stop());

const newExam = async () => (await createExam(server, unwatched)).id;
const begin = async (userId = 'user_1') => startLive(server, { examId: await newExam(), userId });

const sql = <Row extends object>(statement: string, values: unknown[] = [], of = server) => runSql<Row>(of, statement, values);

/** Begins like a recording, so that it is accepted; only its end shows that it holds nothing. */
const unreadable = (bytes: number) => Buffer.concat([short.subarray(0, 40), Buffer.alloc(bytes - 40, 'noise')]);

/** A body that does not end before it is refused. It leaves time for the answer: without pauses it would only fill the memory. */
function endless(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(out) {
      await setImmediate();
      out.enqueue(new Uint8Array(64 * 1024));
      sent += 64 * 1024;
      if (sent > 1024 ** 3) out.error(new Error('nobody refuses it'));
    },
  });
}

/** Sends both runs of a recorder and ends the recording. */
async function recordTwice(first: Buffer, second: Buffer): Promise<LiveRecording> {
  const { id } = await begin();
  await sendChunks(server, id, cut(first, 4));
  await sendChunks(server, id, cut(second, 3), 4);
  await finishLive(server, id);
  return ended(server, id);
}

/** What a player does with it: every frame is decoded. Timestamps are milliseconds. */
async function play(bytes: Buffer, format: 'webm' | 'mp4' = 'webm') {
  const path = joinPath(tempDir(), `video.${format}`);
  await writeFile(path, bytes);
  const info = await ffmpeg.probe(path, format);
  const lines = async (...output: string[]) => {
    const text = (await makeMedia('-i', path, ...output, '-f', 'framecrc', 'pipe:1')).toString();
    return text.split('\n').filter((line) => line && !line.startsWith('#'));
  };
  const timesOf = async (stream: string) => (await lines('-map', stream, '-c', 'copy')).map((line) => Number(line.split(',')[2]));
  // `-xerror` gives up at the first frame that is damaged.
  const frames = await lines('-map', '0:v', ...[ffmpeg.frameSyncFlag, 'passthrough'], '-enc_time_base', '1:1000', '-xerror');
  return { info, frames: frames.length, video: await timesOf('0:v'), audio: info.audio ? await timesOf('0:a') : [] };
}

function expectRising(times: readonly number[]): void {
  expect(times.length).toBeGreaterThan(0);
  expect(times.filter((time, i) => i > 0 && time <= (times[i - 1] ?? 0))).toEqual([]);
}

describe('a recording that is sent while the exam runs', () => {
  it('is live until it is finished, then a recording like any other, with exactly the bytes received', async () => {
    const examId = await newExam();
    const token = await join(server, examId, 'user_1');
    const started = await startLive(server, { examId, userId: 'user_1' }, token);
    expect(started).toMatchObject({ status: 'uploaded', live: true, nextChunk: 0, duration: null, size: 0, type: 'webcam' });
    const chunks = cut(long, 5);
    await sendChunks(server, started.id, chunks, 0, token);
    expect(await readRecording(server, started.id)).toMatchObject({ live: true, nextChunk: 5, size: long.length });
    expect((await server.rest(`/recordings/${started.id}/download`)).status).toBe(400);
    expect((await finishLive(server, started.id, token)).status).toBe(200);
    const recording = await ended(server, started.id);
    expect(recording).toMatchObject({ status: 'uploaded', format: 'webm', size: long.length, duration: expect.closeTo(6, 0) });
    for (const gone of ['live', 'nextChunk', 'note', 'error']) expect(recording).not.toHaveProperty(gone);
    expect((await download(server, started.id)).equals(long)).toBe(true);
    const { recording: known } = await server
      .graphql()
      .request<{ recording: object }>(`{ recording(id: "${started.id}") { sha256 live } }`);
    expect(known).toEqual({ sha256: sha256(long), live: false });
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes(started.id))).toHaveLength(1);
  });

  it('is analysed, and its findings have the time at which they happened', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { sensitivity: 'high' } } });
    const { id, createdAt } = await startLive(server, { examId, userId: 'user_1' });
    const [first = long, ...rest] = cut(long, 3);
    await sendChunks(server, id, [first]);
    const arrived = Date.now();
    await sendChunks(server, id, rest, 1);
    await finishLive(server, id);
    expect(await ended(server, id)).toMatchObject({ status: 'processed', analysis: { faceDetection: { noFace: 1 } } });
    const { warnings } = (await (await server.rest(`/exams/${examId}`)).json()) as { warnings: { type: string; timestamp: string }[] };
    const noFace = Date.parse(warnings.find(({ type }) => type === 'no_face')?.timestamp ?? '');
    expect(noFace).toBeGreaterThanOrEqual(Date.parse(createdAt as string) - 1_000);
    expect(noFace).toBeLessThanOrEqual(arrived + 1_000);
  });

  it('keeps the chunks from before a browser crash, and is finished when the exam ends', async () => {
    const examId = await newExam();
    const token = await join(server, examId, 'user_1');
    const { id } = await startLive(server, { examId, userId: 'user_1' }, token);
    const chunks = cut(long, 6);
    await sendChunks(server, id, chunks.slice(0, 3), 0, token);
    await server.graphql().request(`mutation { endExam(examId: "${examId}") { id } }`);
    const recording = await ended(server, id);
    expect(recording.duration).toBeGreaterThan(2.5);
    expect(recording.duration).toBeLessThan(3.5);
    expect((await download(server, id)).equals(Buffer.concat(chunks.slice(0, 3)))).toBe(true);
  });

  it('is finished when the browser has been silent for a long time', async () => {
    const other = await server.another({ LIVE_RECORDING_IDLE_SECONDS: '10' });
    try {
      const { id } = await begin();
      await sendChunks(server, id, cut(short, 2));
      const backdate = `UPDATE "Recording" SET "lastChunkAt" = now() - interval '11 s' WHERE id = $1`;
      await sql(backdate, [id]);
      expect(await ended(other, id)).toMatchObject({ status: 'uploaded', duration: expect.closeTo(3, 0) });
    } finally {
      await other.stop();
    }
  });

  it("is finished by its participant's submission, and belongs to it", async () => {
    const examId = await newExam();
    const token = await join(server, examId, 'user_1');
    const webcam = await startLive(server, { examId, userId: 'user_1' }, token);
    const screen = await startLive(server, { examId, userId: 'user_1', type: 'screen' }, token);
    const chunks = cut(short, 3);
    await sendChunks(server, webcam.id, chunks.slice(0, 2), 0, token);
    await sendChunks(server, screen.id, cut(long, 2), 0, token);
    const response = await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token });
    const { id, recordings } = (await response.json()) as { id: string; recordings: { id: string; type: string; status: string }[] };
    expect(recordings).toMatchObject([
      { id: webcam.id, type: 'webcam', status: 'uploaded' },
      { id: screen.id, type: 'screen', status: 'uploaded' },
    ]);
    // The last chunk was on its way when the button was pressed.
    await sendChunks(server, webcam.id, chunks.slice(2), 2, token);
    const whole = { size: short.length, duration: expect.closeTo(3, 0) as number };
    // If it came later than a second after the others, these are joined without it at first.
    await expect.poll(() => ended(server, webcam.id)).toMatchObject(whole);
    expect(await ended(server, screen.id)).toMatchObject({ size: long.length });
    expect(await sql(`SELECT DISTINCT "submissionId" FROM "Recording" WHERE "examId" = $1`, [examId])).toEqual([{ submissionId: id }]);
  });

  it('fails with a reason if nothing arrived, or nothing that can be played', async () => {
    const empty = await begin();
    await finishLive(server, empty.id);
    expect(await ended(server, empty.id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('Nothing of the recording arrived'),
    });
    expect((await server.rest(`/recordings/${empty.id}/download`)).status).toBe(404);
    const noise = await begin();
    await sendChunks(server, noise.id, [unreadable(20_000)]);
    await finishLive(server, noise.id);
    const failed = await ended(server, noise.id);
    expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining('kept in storage') });
    expect(failed.note).toMatch(/chunk 0: The file cannot be read as WebM/);
    expect((await server.storedFiles()).filter((name) => name.includes(noise.id))).toHaveLength(1);
  });

  it('is deleted with its exam, from the database and from storage', async () => {
    const { id, examId } = await begin();
    await sendChunks(server, id, cut(short, 3));
    expect((await server.storedFiles()).filter((name) => name.includes(id))).toHaveLength(3);
    await sql('DELETE FROM "Exam" WHERE id = $1', [examId]);
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes(id))).toEqual([]);
  });
});

describe('a chunk', () => {
  it('may be sent again, over REST or GraphQL and in any order; different bytes at its index are refused', async () => {
    const { id } = await begin();
    const [first = Buffer.alloc(0), second = Buffer.alloc(0), third = Buffer.alloc(0)] = cut(short, 3);
    const answer = { recordingId: id, index: 1, size: second.length, sha256: sha256(second) };
    expect(await (await putChunk(server, id, 1, second)).json()).toEqual(answer);
    expect(await (await putChunk(server, id, 1, second)).json()).toEqual(answer);
    expect((await appendByGraphql(server, id, 1, new Uint8Array(second))).data?.appendRecordingChunk).toEqual(answer);
    const refused = await putChunk(server, id, 1, third);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { code: 'conflict', details: [{ field: 'index', issue: 'already holds different bytes' }] },
    });
    await sendChunks(server, id, [third], 2);
    await sendChunks(server, id, [first], 0);
    await finishLive(server, id);
    expect(await ended(server, id)).toMatchObject({ size: short.length });
    expect((await download(server, id)).equals(short)).toBe(true);
  });

  it('counts once if it is sent many times at the same time', async () => {
    const { id } = await begin();
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = cut(short, 2);
    const answers = await Promise.all([first, second, first, first, second].map((bytes) => putChunk(server, id, 0, bytes)));
    const taken = answers.filter(({ status }) => status === 200);
    expect([2, 3]).toContain(taken.length);
    const [{ sha256: kept } = { sha256: '' }] = (await Promise.all(taken.map((it) => it.json()))) as { sha256: string }[];
    expect(await readRecording(server, id)).toMatchObject({ nextChunk: 1, size: kept === sha256(first) ? first.length : second.length });
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes(id))).toHaveLength(1);
  });

  it('is refused once the recording has ended, and if its index is invalid', async () => {
    const { id } = await begin();
    await sendChunks(server, id, cut(short, 1));
    for (const index of ['-1', '1.5', 'x', '100000']) {
      expect((await putChunk(server, id, index, short)).status, index).toBe(400);
    }
    await finishLive(server, id);
    const late = await putChunk(server, id, 1, short);
    expect(late.status).toBe(400);
    expect(await late.json()).toMatchObject({ error: { code: 'conflict' } });
    await ended(server, id);
    expect((await putChunk(server, id, 1, short)).status).toBe(400);
    const again = await finishLive(server, id);
    expect(again.status).toBe(200);
    expect(await again.json()).not.toHaveProperty('live');
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes('spool'))).toEqual([]);
  });

  it('is refused if it or the recording would be too large, and leaves nothing behind', async () => {
    const small = await startTestServer({ ...SETTINGS, MAX_RECORDING_BYTES: '100000' });
    try {
      const { id: examId } = await createExam(small, unwatched);
      const { id } = await startLive(small, { examId, userId: 'user_1' });
      const message = { error: { code: 'invalid_request', details: [{ field: 'body', issue: expect.stringContaining('97KB') }] } };
      const tooLarge = await putChunk(small, id, 0, Buffer.alloc(100_001));
      expect(tooLarge.status).toBe(400);
      expect(await tooLarge.json()).toMatchObject(message);
      const body = endless();
      const chunked = await small.rest(`/recordings/${id}/chunks/0`, { method: 'PUT', body, duplex: 'half' } as RequestInit);
      expect(chunked.status).toBe(400);
      expect((await putChunk(small, id, 0, unreadable(60_000))).status).toBe(200);
      expect(await (await putChunk(small, id, 1, Buffer.alloc(60_000))).json()).toMatchObject(message);
      await expect
        .poll(async () => (await small.storedFiles()).filter((name) => name.includes(id) || name.includes('spool')))
        .toHaveLength(1);
    } finally {
      await small.stop();
    }
  });

  it('that starts a recording which can never be used is refused at once, with what to do', async () => {
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=1'];
    const sound = ['-f', 'lavfi', '-i', 'sine=duration=1'];
    const theora = await makeMedia(...source, '-c:v', 'libtheora', '-f', 'matroska', 'pipe:1');
    const soundOnly = await makeMedia(...sound, '-c:a', 'libopus', '-f', 'webm', 'pipe:1');
    const h264 = await makeMedia(...source, ...H264, '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1');
    const unknown = Buffer.from(h264.toString('latin1').replace('avc1\0\0\0\0', 'vvc1\0\0\0\0'), 'latin1');
    const soundOnlyMp4 = await makeMedia(...sound, '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1');
    const large = await makeMedia('-f', 'lavfi', '-i', 'color=size=8192x4608:rate=1:duration=1', ...VP8, '-f', 'webm', 'pipe:1');
    const { id, examId } = await begin();
    for (const [bytes, reason] of [
      [Buffer.from('no video at all'), 'It does not begin as a WebM or MP4 video.'],
      [theora, 'The video codec V_THEORA is not supported: choose VP8, VP9, AV1, H.264 or HEVC.'],
      [unknown, 'The video codec vvc1 is not supported: choose VP8, VP9, AV1, H.264 or HEVC.'],
      [soundOnly, 'It has no video track'],
      [soundOnlyMp4, 'It has no video track'],
      [large, 'The video has 8192 × 4608 pixels; at most 7680 × 4320 are accepted.'],
    ] as const) {
      const refused = await putChunk(server, id, 0, bytes.subarray(0, 4_000));
      expect(refused.status, reason).toBe(400);
      expect(await refused.json()).toMatchObject({ error: { details: [{ field: 'body', issue: expect.stringContaining(reason) }] } });
      const byGraphql = await appendByGraphql(server, id, 0, new Uint8Array(bytes.subarray(0, 4_000)));
      expect(JSON.stringify(byGraphql.errors)).toContain(reason);
    }
    // The page chooses another codec and goes on with the same recording.
    await sendChunks(server, id, cut(short, 2));
    expect((await putChunk(server, id, 2, theora)).status).toBe(400);
    await finishLive(server, id);
    expect(await ended(server, id)).toMatchObject({ examId, status: 'uploaded', duration: expect.closeTo(3, 0) });
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes(id))).toHaveLength(1);
  });

  it('may be as small as a byte, from the first one on', async () => {
    const { id } = await begin();
    const bytes = Array.from({ length: 12 }, (_, at) => short.subarray(at, at + 1));
    await sendChunks(server, id, [...bytes, short.subarray(12)]);
    await finishLive(server, id);
    expect(await ended(server, id)).toMatchObject({ size: short.length, duration: expect.closeTo(3, 0) });
  });

  it('is accepted only from its participant and the LMS', async () => {
    const examId = await newExam();
    const [mine, theirs] = await Promise.all([join(server, examId, 'user_1'), join(server, examId, 'user_2')]);
    const { id } = await startLive(server, { examId, userId: 'user_1' }, mine);
    expect((await putChunk(server, id, 0, short, theirs)).status).toBe(404);
    expect((await finishLive(server, id, theirs)).status).toBe(404);
    const other = await createKey(server, 'LMS', 'another');
    expect((await putChunk(server, id, 0, short, other.key)).status).toBe(404);
    const proctor = await createKey(server, 'PROCTOR');
    expect((await putChunk(server, id, 0, short, proctor.key)).status).toBe(401);
    expect((await server.post('/recordings/live', { examId, userId: 'user_2', type: 'webcam' }, { credential: mine })).status).toBe(401);
    const lms = await createKey(server, 'LMS');
    expect((await putChunk(server, id, 0, short, lms.key)).status).toBe(200);
    expect((await finishLive(server, id, proctor.key)).status).toBe(200);
    expect(await ended(server, id)).toMatchObject({ status: 'uploaded', size: short.length });
    const bearer = tokenIn((await createExam(server)).accessUrl);
    expect((await putChunk(server, id, 1, short, bearer)).status).toBe(401);
  });
});

describe('a recorder that restarted', () => {
  it('leaves one file that plays through, without re-encoding', async () => {
    const { id, duration, note } = await recordTwice(long, short);
    const { info, frames, video, audio } = await play(await download(server, id));
    expect(note).toBeUndefined();
    expect(duration).toBeCloseTo(9, 0);
    expect(info.duration).toBeCloseTo(duration, 1);
    expect(frames).toBe(9 * 15);
    expectRising(video);
    expectRising(audio);
    // Sound and picture of the second part begin together.
    expect(video[90]).toBeGreaterThanOrEqual(6_000);
    expect(video[90]).toBeLessThan(6_200);
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes(id))).toHaveLength(1);
  });

  it('with another picture size leaves one file in the size that most of it has', async () => {
    const { id, duration } = await recordTwice(long, await recorded(3, { size: '640x360' }));
    const { info, frames, video } = await play(await download(server, id));
    expect(info.video).toMatchObject({ width: 320, height: 240, codec: 'vp8' });
    expect(duration).toBeCloseTo(9, 0);
    expect(frames).toBe(9 * 15);
    expectRising(video);
  });

  it('without sound gets silence for that part', async () => {
    const { id, duration } = await recordTwice(await recorded(4, { sound: false }), short);
    const { info, audio } = await play(await download(server, id));
    expect(info.audio).toMatchObject({ codec: 'opus' });
    expect(duration).toBeCloseTo(7, 0);
    expectRising(audio);
  });

  it('in another container is merged into the WebM', async () => {
    const h264 = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=3', '-c:v', 'libx264', '-preset', 'ultrafast'];
    const fragmented = ['-pix_fmt', 'yuv420p', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1'];
    const { id, duration, format } = await recordTwice(long, await makeMedia(...h264, ...fragmented));
    expect(format).toBe('webm');
    const { frames, video } = await play(await download(server, id));
    expect(duration).toBeCloseTo(9, 0);
    expect(frames).toBe(9 * 15);
    expectRising(video);
  });

  it('in MP4 leaves one MP4', async () => {
    const mp4 = (seconds: number) =>
      makeMedia(
        ...['-f', 'lavfi', '-i', `testsrc=size=320x240:rate=15:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=duration=${seconds}`],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
        ...['-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1'],
      );
    const { id, duration, format } = await recordTwice(await mp4(4), await mp4(2));
    expect(format).toBe('mp4');
    const { info, frames, video, audio } = await play(await download(server, id), 'mp4');
    expect(info.video.codec).toBe('h264');
    expect(duration).toBeCloseTo(6, 0);
    expect(frames).toBe(6 * 15);
    expectRising(video);
    expectRising(audio);
  });

  it('and wrote an unreadable part does not spoil the rest', async () => {
    const broken = unreadable(20_000);
    const { id } = await begin();
    await sendChunks(server, id, [...cut(long, 2), broken, ...cut(short, 2)]);
    await finishLive(server, id);
    const recording = await ended(server, id);
    expect(recording).toMatchObject({ status: 'uploaded', duration: expect.closeTo(9, 0) });
    expect(recording.note).toMatch(/^Left out, chunk 2: /);
    expect(recording).not.toHaveProperty('error');
    await expect.poll(async () => (await server.storedFiles()).filter((name) => name.includes(id))).toHaveLength(2);
  });

  it('is recognised by its first bytes, however small its chunks are', async () => {
    const { id } = await begin();
    const crumbs = [short.subarray(0, 3), short.subarray(3, 5), short.subarray(5, 6), Buffer.alloc(0), short.subarray(6)];
    await sendChunks(server, id, [...cut(short, 2), ...crumbs]);
    await finishLive(server, id);
    expect(await ended(server, id)).toMatchObject({ duration: expect.closeTo(6, 0) });
  });
});

it('a chunk that never arrived is named, and the later ones keep their place in time', async () => {
  const { id } = await begin();
  const chunks = cut(long, 8);
  await sendChunks(server, id, chunks.slice(0, 3));
  await sendChunks(server, id, chunks.slice(4), 4);
  await finishLive(server, id);
  expect(await ended(server, id)).toMatchObject({ status: 'uploaded', note: 'Never arrived: chunk 3.', duration: expect.closeTo(6, 0) });
});

describe('servers', () => {
  it('that are killed while joining a recording continue after their restart', async () => {
    const killed = await startTestServer(SETTINGS);
    try {
      const { id: examId } = await createExam(killed, unwatched);
      const { id } = await startLive(killed, { examId, userId: 'user_1' });
      const other = await recorded(8, { size: '640x480' });
      await sendChunks(killed, id, [...cut(await recorded(9), 3), ...cut(other, 3), ...cut(other, 3)]);
      await finishLive(killed, id);
      const claimed = async () =>
        (
          await sql<{ claimed: boolean }>(`SELECT "finishClaimedUntil" IS NOT NULL AS claimed FROM "Recording" WHERE id = $1`, [id], killed)
        )[0];
      await expect.poll(claimed, { interval: 20 }).toEqual({ claimed: true });
      await killed.kill();
      expect(await sql(`SELECT live FROM "Recording" WHERE id = $1`, [id], killed)).toEqual([{ live: true }]);
      await killed.restart();
      expect(await ended(killed, id)).toMatchObject({ status: 'uploaded', duration: expect.closeTo(25, 0) });
      const { frames, video } = await play(await download(killed, id));
      expect(frames).toBe(25 * 15);
      expectRising(video);
      const left = async () => (await killed.storedFiles()).filter((name) => name.includes(id) || name.includes('spool'));
      await expect.poll(left).toHaveLength(1);
    } finally {
      await killed.stop();
    }
  });

  it('that find the same recording to finish make one recording and one event', async () => {
    const other = await server.another();
    try {
      const examId = await newExam();
      const ids = await Promise.all(
        [1, 2, 3, 4, 5, 6].map(async (user) => {
          const { id } = await startLive(user % 2 ? server : other, { examId, userId: `user_${user}` });
          const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = cut(short, 2);
          await putChunk(other, id, 0, first);
          await putChunk(server, id, 1, second);
          return id;
        }),
      );
      await Promise.all(ids.flatMap((id) => [finishLive(server, id), finishLive(other, id)]));
      for (const id of ids) expect(await ended(server, id)).toMatchObject({ status: 'uploaded', size: short.length });
      const events = await sql<{ subjectId: string }>(
        `SELECT "subjectId" FROM "Event" WHERE "examId" = $1 AND kind = 'RECORDING_CHANGED' AND data->>'live' = 'false'`,
        [examId],
      );
      expect(events.map(({ subjectId }) => subjectId).toSorted()).toEqual(ids.toSorted());
    } finally {
      await other.stop();
    }
  });
});
