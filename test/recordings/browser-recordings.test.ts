import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChromium, type Page, skipsChromium } from '../helpers/chromium.ts';
import { createExam } from '../helpers/exam.ts';
import { finishLive, sendChunks, startLive } from '../helpers/live.ts';
import { analysed, form, type RestRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const SECONDS = 2.5;

/**
 * All that a page can ask for, by what it asks for, and how long each recording lasted: a busy machine stops it late. A few at a
 * time are recorded from the same camera. Of two names of one codec one is asked for.
 */
const RECORD = `(async () => {
  const types = [];
  for (const container of ['video/webm', 'video/x-matroska', 'video/mp4']) {
    types.push(container);
    for (const names of [['vp8'], ['vp9'], ['av01', 'av1'], ['avc1', 'h264'], ['hvc1']]) {
      for (const audio of ['opus', 'pcm', 'mp4a.40.2']) {
        const named = names.map((name) => container + ';codecs=' + name + ',' + audio);
        types.push(...named.filter((type) => MediaRecorder.isTypeSupported(type)).slice(0, 1));
      }
    }
  }
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240, frameRate: 10 }, audio: true });
  const toBase64 = (blob) => new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.lastIndexOf(',') + 1));
    reader.readAsDataURL(blob);
  });
  const record = (type) => new Promise((done, fail) => {
    const recorder = new MediaRecorder(camera, { mimeType: type, videoBitsPerSecond: 300000 });
    const chunks = [];
    recorder.ondataavailable = ({ data }) => chunks.push(data);
    let started;
    let seconds;
    recorder.onerror = ({ error }) => fail(new Error(type + ': ' + error));
    recorder.onstop = async () => done({ type, seconds, chunks: await Promise.all(chunks.map(toBase64)) });
    recorder.onstart = () => {
      started = performance.now();
      setTimeout(() => {
        seconds = (performance.now() - started) / 1000;
        recorder.stop();
      }, ${SECONDS * 1_000});
    };
    recorder.start(500);
  });
  const offered = types.filter((type) => MediaRecorder.isTypeSupported(type));
  const recorded = [];
  while (offered.length > 0) recorded.push(...(await Promise.all(offered.splice(0, 5).map(record))));
  return recorded;
})()`;

/** What a player says of a file: its length and size, and that it can seek in it. */
const play = (url: string) => `(async () => {
  const video = document.createElement('video');
  video.muted = true;
  const happens = (name) => new Promise((done, fail) => {
    video.addEventListener(name, done, { once: true });
    video.addEventListener('error', () => fail(new Error(video.error.message)), { once: true });
  });
  const loaded = happens('loadeddata');
  video.src = ${JSON.stringify(url)};
  await loaded;
  const sought = happens('seeked');
  video.currentTime = video.duration / 2;
  await sought;
  return { duration: video.duration, width: video.videoWidth, height: video.videoHeight, at: video.currentTime };
})()`;

interface Recorded {
  type: string;
  seconds: number;
  chunks: Buffer[];
}

// Some fifteen recordings each: on a busy machine that takes minutes.
describe.skipIf(skipsChromium)('a recording by Chromium', { timeout: 900_000 }, () => {
  let server: TestServer;
  let page: Page;
  let recordings: Recorded[];
  beforeAll(async () => {
    [server, page] = await Promise.all([startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '1' }), openChromium()]);
    const made = await page.evaluate<{ type: string; seconds: number; chunks: string[] }[]>(RECORD);
    recordings = made.map(({ type, seconds, chunks }) => ({ type, seconds, chunks: chunks.map((chunk) => Buffer.from(chunk, 'base64')) }));
  });
  afterAll(async () => {
    await page?.close();
    await server?.stop();
  });

  /** It can be watched in the browser that recorded it. */
  async function expectShown(id: string, { type, seconds }: Recorded): Promise<void> {
    const query = `query ($id: ID!) { recording(id: $id) { playbackUrl posterUrl thumbnails { count } note } }`;
    const { recording } = await server.graphql().request<{ recording: { playbackUrl: string } }>(query, { id });
    expect(recording, type).toMatchObject({ posterUrl: expect.any(String), thumbnails: { count: 1 }, note: null });
    const url = new URL(recording.playbackUrl);
    const played = await page.evaluate<{ duration: number; at: number }>(play(`${server.url}${url.pathname}${url.search}`));
    expect(played, type).toMatchObject({ width: 320, height: 240 });
    expect(Math.abs(played.duration - seconds), `${type} plays for ${played.duration} s`).toBeLessThan(0.8);
    expect(played.at, type).toBeGreaterThan(0.8);
  }

  it('of every type that it offers is accepted, analysed and shown', async () => {
    const types = recordings.map(({ type }) => type);
    for (const type of ['video/webm;codecs=vp8,opus', 'video/webm;codecs=vp9,pcm', 'video/mp4']) expect(types).toContain(type);
    const { id: examId } = await createExam(server);
    const ids: string[] = [];
    for (const [at, { type, chunks }] of recordings.entries()) {
      const file = { bytes: new Uint8Array(Buffer.concat(chunks)), name: 'webcam.webm' };
      const body = await form({ file, examId, userId: `user_${at}`, type: 'webcam' });
      const response = await server.rest('/recordings', { method: 'POST', body });
      const text = await response.text();
      expect(response.status, `${type}: ${text}`).toBe(200);
      ids.push((JSON.parse(text) as RestRecording).id);
    }
    for (const [at, id] of ids.entries()) {
      const recorded = recordings[at] as Recorded;
      const { type, seconds } = recorded;
      const recording = await analysed(server, id);
      expect(recording, `${type}: ${recording.error}`).toMatchObject({
        status: 'processed',
        format: type.includes('mp4') ? 'mp4' : 'webm',
      });
      expect(Math.abs(recording.duration - seconds), `${type} lasts ${recording.duration} s`).toBeLessThan(0.8);
      await expectShown(id, recorded);
    }
  });

  it('of every type that it offers is accepted while it is being made, chunk by chunk, and shown', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const ids: string[] = [];
    for (const [at, { chunks }] of recordings.entries()) {
      const { id } = await startLive(server, { examId, userId: `user_${at}` });
      await sendChunks(server, id, chunks);
      await finishLive(server, id);
      ids.push(id);
    }
    for (const [at, id] of ids.entries()) {
      const recorded = recordings[at] as Recorded;
      const { type, chunks } = recorded;
      expect(await analysed(server, id), type).toMatchObject({ size: Buffer.concat(chunks).length });
      await server.idle();
      await expectShown(id, recorded);
    }
  });
});
