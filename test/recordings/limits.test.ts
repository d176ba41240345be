import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { caseFile, H264, makeMedia, passthrough, speech, VP8 } from '../helpers/media.ts';
import { analysed, form, type RestRecording, uploadRecording } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let folder: string;
let examId: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), 'invigil-limits-'));
  examId = (await createExam(server)).id;
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const VP9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-pix_fmt', 'yuv420p'];

async function refusal(path: string): Promise<string> {
  const body = await form({ file: { path }, examId, userId: 'user_1', type: 'screen' });
  const response = await server.rest('/recordings', { method: 'POST', body });
  expect(response.status).toBe(400);
  return ((await response.json()) as { error: { details: { issue: string }[] } }).error.details[0]?.issue ?? '';
}

interface Shown {
  recording: {
    posterUrl: string | null;
    thumbnails: { everySeconds: number; count: number; columns: number; rows: number; url: string } | null;
    analysis: { segments: { type: string; startSeconds: number; endSeconds: number }[] };
  };
}

const SHOWN = `query ($id: ID!) {
  recording(id: $id) {
    posterUrl thumbnails { everySeconds count columns rows url } analysis { segments { type startSeconds endSeconds } }
  }
}`;

/** It is analysed, and all files for playback are there. */
async function expectWhole(path: string, type = 'screen'): Promise<RestRecording & Shown> {
  const { id } = await uploadRecording(server, { examId, userId: 'user_1', type, path });
  const recording = await analysed(server, id);
  expect(recording, recording.error).toMatchObject({ status: 'processed' });
  expect(recording).not.toHaveProperty('note');
  const shown = await server.graphql().request<Shown>(SHOWN, { id });
  expect(shown.recording).toMatchObject({ posterUrl: expect.any(String), thumbnails: { url: expect.any(String) } });
  return { ...recording, ...shown };
}

describe('a screen', () => {
  it.each([
    ['5120x2880', 'webm', VP8],
    ['3840x2400', 'mp4', H264],
    ['7680x4320', 'mp4', H264],
    ['7680x4320', 'webm', VP9],
    ['2160x4680', 'webm', VP8],
    ['321x181', 'webm', VP8],
    ['64x2000', 'webm', VP9],
  ])('of %s pixels as %s is analysed and shown', async (size, format, codec) => {
    const path = join(folder, `screen.${format}`);
    await makeMedia('-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=2:duration=2`, ...codec, path);
    expect((await expectWhole(path)).duration).toBeCloseTo(2, 0);
  });

  it.skipIf(!caseFile('media/m2/mbp16_screen.webm'))('of a laptop as it came from the field is analysed and shown', async () => {
    await expectWhole(caseFile('media/m2/mbp16_screen.webm') ?? '');
  });

  it('that is larger than 8K is refused, and the answer says by how much', async () => {
    for (const [name, codec] of [
      ['large.webm', VP8],
      ['large.mp4', H264],
    ] as const) {
      const path = join(folder, name);
      await makeMedia('-f', 'lavfi', '-i', 'color=size=8192x4608:rate=1:duration=1', ...codec, path);
      expect(await refusal(path)).toBe('The video has 8192 × 4608 pixels; at most 7680 × 4320 are accepted.');
    }
  });
});

/** A picture every so many seconds. */
const sparse = (path: string, frames: number, every: number) =>
  makeMedia(
    ...['-f', 'lavfi', '-i', `testsrc=size=160x120:rate=1:duration=${frames}`, '-vf', `setpts='N*${every}/TB'`],
    ...[...passthrough, ...VP8, '-f', 'webm', path],
  );

describe('a recording', () => {
  it('of 4 h 05 min is analysed, and so is one of nearly a day', async () => {
    const path = join(folder, 'long.webm');
    await sparse(path, 50, 300);
    const long = await expectWhole(path);
    expect(long.duration).toBeGreaterThan(14_650);
    expect(long.recording.thumbnails).toMatchObject({ everySeconds: 120, count: 123, columns: 10, rows: 13 });
    await sparse(path, 48, 1_830);
    const day = await expectWhole(path);
    expect(day.duration).toBeGreaterThan(86_000);
    expect(day.recording.thumbnails).toMatchObject({ everySeconds: 360, count: 239 });
  });

  it('of more than a day is refused with that reason', async () => {
    const path = join(folder, 'longer.webm');
    await sparse(path, 50, 1_830);
    expect(await refusal(path)).toBe('The video is longer than 24 hours.');
  });

  it('whose clock jumps by five hours is analysed, and speech after it is told at its time', async (context) => {
    const sound = await speech(folder, 9);
    if (!sound) context.skip();
    const path = join(folder, 'jump.webm');
    const jump = (seconds: number, value: string) => `if(gte(${value},${seconds}),${value}+18000,${value})/TB`;
    await makeMedia(
      ...['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=16', '-t', '16', ...(sound ?? [])],
      ...['-vf', `setpts='${jump(8, 'T')}'`, '-af', `aresample=48000,asetnsamples=960,asetpts='${jump(8, 'T')}'`],
      ...[...passthrough, ...VP8, '-c:a', 'libopus', '-f', 'webm', path],
    );
    const { duration, recording } = await expectWhole(path, 'webcam');
    expect(duration).toBeGreaterThan(18_010);
    const talking = recording.analysis.segments.filter(({ type }) => type === 'talking');
    expect(talking.length).toBeGreaterThan(0);
    for (const { startSeconds, endSeconds } of talking) {
      expect(startSeconds).toBeGreaterThan(18_007);
      expect(endSeconds).toBeLessThan(18_017);
    }
  });
});
