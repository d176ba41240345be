import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join } from '../helpers/exam.ts';
import { recorded } from '../helpers/live.ts';
import { caseFile, ffmpeg, makeMedia, VP8 } from '../helpers/media.ts';
import { openClient } from '../helpers/postgres.ts';
import { analysed, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const unwatched = { settings: { aiDetection: { enabled: false } } };

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(joinPath(tmpdir(), 'invigil-playback-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Made {
  id: string;
  playbackUrl: string;
  posterUrl: string | null;
  thumbnails: { url: string; count: number; columns: number; rows: number; width: number; everySeconds: number } | null;
}

const READ = /* GraphQL */ `
  query ($id: ID!) {
    recording(id: $id) {
      id
      playbackUrl
      posterUrl
      thumbnails {
        url
        count
        columns
        rows
        width
        everySeconds
      }
    }
  }
`;

const read = async (id: string) => (await server.graphql().request<{ recording: Made }>(READ, { id })).recording;

async function prepared(id: string): Promise<Made> {
  await expect.poll(async () => (await read(id)).posterUrl).not.toBeNull();
  return read(id);
}

const local = (url: string) => url.replace(/^https?:\/\/[^/]+/, server.url);
const get = async (url: string) => Buffer.from(await (await fetch(local(url))).arrayBuffer());

/** Size of a picture, and the mean colour of a part of it. */
async function colourAt(jpeg: Buffer, crop = 'iw:ih:0:0'): Promise<number[]> {
  const path = joinPath(folder, 'picture.jpg');
  await writeFile(path, jpeg);
  return [...(await makeMedia('-i', path, '-vf', `crop=${crop},scale=1:1:flags=area`, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'))];
}

const isNear = (a: readonly number[], b: readonly number[]) => a.every((value, at) => Math.abs(value - (b[at] ?? 0)) < 40);

describe('the playback of a recording', () => {
  it('has a duration and an index even if the browser wrote neither; the original stays unchanged', async () => {
    const path = joinPath(folder, 'browser.webm');
    const original = await recorded(6);
    await writeFile(path, original);
    expect(original.includes(Buffer.from('1c53bb6b', 'hex'))).toBe(false);
    const { id: examId } = await createExam(server, unwatched);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
    const { playbackUrl } = await prepared(id);

    const playable = joinPath(folder, 'playable.webm');
    await writeFile(playable, await get(playbackUrl));
    // Cues: where each second lies.
    expect((await readFile(playable)).includes(Buffer.from('1c53bb6b', 'hex'))).toBe(true);
    const log = (await makeMedia('-i', playable, '-map', '0:v', '-c', 'copy', '-f', 'framecrc', 'pipe:1')).toString();
    const before = (await makeMedia('-i', path, '-map', '0:v', '-c', 'copy', '-f', 'framecrc', 'pipe:1')).toString();
    const packets = (text: string) =>
      text
        .split('\n')
        .filter((line) => line && !line.startsWith('#'))
        .map((line) => line.split(',').at(-1));
    expect(packets(log)).toEqual(packets(before));
    expect((await ffmpeg.probe(playable, 'webm')).duration).toBeCloseTo(6, 0);
    const signature = new URL(playbackUrl).searchParams.get('sig') ?? '';
    for (const other of ['download', 'poster', 'thumbnails'])
      expect([other, (await server.rest(`/recordings/${id}/${other}?sig=${signature}`, { credential: null })).status]).toEqual([
        other,
        401,
      ]);
    const part = await fetch(local(playbackUrl), { headers: { range: 'bytes=0-99' } });
    expect([part.status, part.headers.get('content-type'), part.headers.get('content-disposition')?.startsWith('inline')]).toEqual([
      206,
      'video/webm',
      true,
    ]);
    const kept = Buffer.from(await (await server.rest(`/recordings/${id}/download`)).arrayBuffer());
    expect(kept.equals(original)).toBe(true);
  });

  it('has a poster, and a thumbnail of each minute in the right place', async () => {
    const path = joinPath(folder, 'minutes.mp4');
    const colours = ['red', 'lime', 'blue'];
    const inputs = colours.flatMap((colour) => ['-f', 'lavfi', '-i', `color=${colour}:size=320x240:rate=2:duration=60`]);
    await makeMedia(...inputs, '-filter_complex', '[0][1][2]concat=n=3', '-c:v', 'libx264', '-g', '20', '-pix_fmt', 'yuv420p', path);
    const { id: examId } = await createExam(server, unwatched);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'screen', path });
    const { posterUrl, thumbnails } = await prepared(id);
    expect(thumbnails).toMatchObject({ count: 3, columns: 3, rows: 1, width: 160, everySeconds: 60 });
    const strip = await get(thumbnails?.url ?? '');
    const found = await Promise.all([0, 1, 2].map((at) => colourAt(strip, `120:80:${at * 160 + 20}:20`)));
    const expected = [
      [254, 0, 0],
      [0, 255, 0],
      [0, 0, 254],
    ];
    expect(found.map((colour, at) => isNear(colour, expected[at] ?? []))).toEqual([true, true, true]);
    expect(isNear(await colourAt(await get(posterUrl ?? '')), [254, 0, 0])).toBe(true);
    // MP4 with its index at the front.
    const playback = await get((await read(id)).playbackUrl);
    expect(playback.indexOf('moov')).toBeLessThan(playback.indexOf('mdat'));
  });

  it.skipIf(!ffmpeg.dropsPackets)('has thumbnails from key frames only, whatever the codec', async () => {
    const path = joinPath(folder, 'change.webm');
    // Red until second 50, in which no key picture is: the next one comes at second 80.
    const inputs = [50, 145].flatMap((seconds, at) => [
      '-f',
      'lavfi',
      '-i',
      `color=${['red', 'blue'][at]}:size=320x240:rate=2:duration=${seconds}`,
    ]);
    const fixed = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-g', '80', '-keyint_min', '80'];
    await makeMedia(...inputs, '-filter_complex', '[0][1]concat=n=2', ...fixed, path);
    const { id: examId } = await createExam(server, unwatched);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'screen', path });
    const { posterUrl, thumbnails } = await prepared(id);
    const strip = await get(thumbnails?.url ?? '');
    expect(thumbnails?.count).toBe(4);
    expect(await colourAt(strip, '120:80:180:20')).toSatisfy((colour: number[]) => isNear(colour, [255, 0, 0]));
    // After second 160 there is no other one.
    expect(await colourAt(strip, '120:80:500:20')).toSatisfy((colour: number[]) => isNear(colour, [0, 0, 255]));
    expect(await colourAt(await get(posterUrl ?? ''))).toSatisfy((colour: number[]) => isNear(colour, [255, 0, 0]));
  });

  it('is available to those who may see the recording, and with a signed link', async () => {
    const path = joinPath(folder, 'mine.webm');
    await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=2', ...VP8, path);
    const { id: examId } = await createExam(server, unwatched);
    const [mine, theirs] = await Promise.all([join(server, examId, 'user_1'), join(server, examId, 'user_2')]);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
    const { posterUrl } = await prepared(id);
    const stranger = (await createKey(server, 'PROCTOR', 'another')).key;
    for (const what of ['playback', 'poster', 'thumbnails']) {
      const status = async (credential: string | null) => (await server.rest(`/recordings/${id}/${what}`, { credential })).status;
      expect([await status(mine), await status(theirs), await status(stranger), await status(null)]).toEqual([200, 404, 404, 401]);
    }
    expect((await fetch(local(posterUrl ?? ''))).status).toBe(200);
    expect((await fetch(local(posterUrl ?? '').replace(/sig=.{4}/, 'sig=AAAA'))).status).toBe(401);
  });

  it('has other sound if no browser plays the original, and other bytes around it if none plays its container', async () => {
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=2', '-f', 'lavfi', '-i', 'sine=duration=2'];
    const video = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
    const { id: examId } = await createExam(server, unwatched);
    for (const [name, options, type, sound] of [
      ['odd.mp4', [...video, '-c:a', 'pcm_s16be', '-f', 'mov', '-brand', 'isom'], 'video/mp4', 'aac'],
      ['odd.mkv', [...video, '-c:a', 'libopus'], 'video/mp4', 'opus'],
      ['odd.webm', [...VP8, '-c:a', 'pcm_f32le', '-f', 'matroska'], 'video/webm', 'opus'],
    ] as const) {
      const path = joinPath(folder, name);
      await makeMedia(...source, ...options, path);
      const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
      await prepared(id);
      const played = await server.rest(`/recordings/${id}/playback`);
      expect(played.headers.get('content-type'), name).toBe(type);
      const copy = joinPath(folder, 'copy');
      await writeFile(copy, Buffer.from(await played.arrayBuffer()));
      const info = await ffmpeg.probe(copy, type === 'video/mp4' ? 'mp4' : 'webm');
      expect(info, name).toMatchObject({ audio: { codec: sound }, duration: expect.closeTo(2, 0) });
    }
  });

  it('is made even if no picture can be; the note and the log say what could not', async () => {
    // Its only key frame is damaged: no other picture can be decoded without it.
    const damaged = await recorded(6, { sound: false, keyEvery: 1_000 });
    damaged.fill(0xff, damaged.indexOf(Buffer.from('9d012a', 'hex')) - 3, damaged.indexOf(Buffer.from('9d012a', 'hex')) + 500);
    const path = joinPath(folder, 'damaged.webm');
    await writeFile(path, damaged);
    const { id: examId } = await createExam(server, unwatched);
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
    await server.idle();
    const recording = (await (await server.rest(`/recordings/${id}`)).json()) as { note: string };
    expect(recording.note).toContain('The poster cannot be made: No picture of the video can be decoded.');
    expect(recording.note).toContain('The thumbnails cannot be made: ');
    expect(server.log()).toMatch(new RegExp(`"recordingId":"${id}".*The poster of a recording cannot be made`));
    expect(await read(id)).toMatchObject({ posterUrl: null, thumbnails: null });
    const played = Buffer.from(await (await server.rest(`/recordings/${id}/playback`)).arrayBuffer());
    expect(played.includes(Buffer.from('1c53bb6b', 'hex'))).toBe(true);
  });

  it('and all pictures are made of recordings with a single picture, also as Chromium writes them', async () => {
    const { id: examId } = await createExam(server, unwatched);
    const single = joinPath(folder, 'single.webm');
    await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=321x181:rate=10:duration=0.1', ...VP8, '-f', 'webm', '-live', '1', single);
    const names = ['c01', 'c02', 'c04', 'c15', 'pause', 'muted', 'resize'].map((name) => caseFile(`media/chrome/${name}.bin`));
    for (const path of [single, caseFile('media/m/oneframe.webm'), ...names]) {
      if (!path) continue;
      const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
      await server.idle();
      const { posterUrl, thumbnails } = await read(id);
      expect([posterUrl, thumbnails?.url], path).toEqual([expect.any(String), expect.any(String)]);
      expect((await colourAt(await get(thumbnails?.url ?? ''))).length).toBe(3);
      expect((await server.rest(`/recordings/${id}`).then((it) => it.json())) as object).not.toHaveProperty('note');
    }
  });

  it('is made later if the server had no room for it', async () => {
    const small = await startTestServer();
    try {
      const path = joinPath(folder, 'later.webm');
      await writeFile(path, await recorded(2));
      const { id: examId } = await createExam(small, unwatched);
      // Nothing can be written where the copies are made.
      await rm(joinPath(small.dataDir, 'work'), { recursive: true });
      const { id } = await uploadRecording(small, { examId, userId: 'user_1', type: 'webcam', path });
      const client = await openClient(small.databaseUrl);
      try {
        const due = `SELECT playback, "playbackTries" AS tries, "playbackDueAt" > now() AS due FROM "Recording" WHERE id = $1`;
        const state = async () => (await client.query<object>(due, [id])).rows[0];
        await expect.poll(state).toEqual({ playback: 'waiting', tries: 1, due: true });
        expect(small.log()).toMatch(new RegExp(`"recordingId":"${id}".*will try again`));
        await small.shutDown();
        await client.query(`UPDATE "Recording" SET "playbackDueAt" = now()`);
        await small.restart();
        await expect.poll(state).toEqual({ playback: 'ready', tries: 2, due: null });
        // A server that never succeeds gives up.
        await client.query(`DELETE FROM "RecordingFile"`);
        await client.query(`UPDATE "Recording" SET playback = 'waiting', "playbackTries" = 16`);
        await small.shutDown();
        await small.restart();
        await expect.poll(state).toMatchObject({ playback: 'failed' });
        expect(await (await small.rest(`/recordings/${id}`)).json()).toMatchObject({ note: expect.stringContaining('its log says why') });
      } finally {
        await client.end();
      }
    } finally {
      await small.stop();
    }
  });
});

describe('a warning from an analysis', () => {
  it('has a picture of its moment, only for those who may see the recording', async () => {
    const path = joinPath(folder, 'scenes.webm');
    const inputs = ['red', 'blue'].flatMap((colour) => ['-f', 'lavfi', '-i', `color=${colour}:size=320x240:rate=10:duration=8`]);
    await makeMedia(...inputs, '-filter_complex', '[0][1]concat=n=2', ...VP8, path);
    const { id: examId } = await createExam(server, { settings: { aiDetection: { sensitivity: 'high' } } });
    const { id } = await uploadRecording(server, { examId, userId: 'user_1', type: 'webcam', path });
    await analysed(server, id);
    const query = `{ exam(id: "${examId}") { warnings(first: 5) { edges { node { id type offsetSeconds frameUrl } } } } }`;
    const { exam } = await server
      .graphql()
      .request<{ exam: { warnings: { edges: { node: { id: string; offsetSeconds: number; frameUrl: string } }[] } } }>(query);
    const warning = exam.warnings.edges[0]?.node;
    expect(warning?.offsetSeconds).toBeLessThan(8);
    expect(isNear(await colourAt(await get(warning?.frameUrl ?? '')), [254, 0, 0])).toBe(true);

    const client = await openClient(server.databaseUrl);
    try {
      await client.query('UPDATE "Warning" SET "offsetSeconds" = 12.3 WHERE id = $1', [warning?.id]);
      const many = await Promise.all(Array.from({ length: 5 }, () => get(warning?.frameUrl ?? '')));
      expect(isNear(await colourAt(many[0] ?? Buffer.alloc(0)), [0, 0, 254])).toBe(true);
      expect(many.every((frame) => frame.equals(many[0] ?? Buffer.alloc(0)))).toBe(true);
      // Beyond the end: the last picture.
      await client.query('UPDATE "Warning" SET "offsetSeconds" = 16.5 WHERE id = $1', [warning?.id]);
      expect(isNear(await colourAt(await get(warning?.frameUrl ?? '')), [0, 0, 254])).toBe(true);
      const other = await join(server, examId, 'user_2');
      expect((await server.rest(`/warnings/${warning?.id}/frame`, { credential: other })).status).toBe(404);
      // All that was made goes with the exam.
      await client.query('DELETE FROM "Exam" WHERE id = $1', [examId]);
      const left = async () => (await server.allFiles()).filter((name) => name.includes(`${id}.`) && !name.endsWith(`${id}.webm`));
      await expect.poll(left).toEqual([]);
    } finally {
      await client.end();
    }
  });
});
