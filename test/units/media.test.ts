import { randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findFfmpeg, MediaError } from '../../src/adapters/media/ffmpeg.ts';
import { type MediaFormat, sniffContainer } from '../../src/adapters/media/media-sniff.ts';
import { StartupError } from '../../src/errors.ts';
import { childProcesses, ffmpeg, H264, makeMedia, passthrough, tempDir, VP8 } from '../helpers/media.ts';

const testPicture = (seconds: number, options = '') => ['-f', 'lavfi', '-i', `testsrc=size=320x240:rate=10:duration=${seconds}${options}`];
const tone = (seconds: number) => ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
const OPUS = ['-c:a', 'libopus'];

async function make(name: string, ...args: string[]): Promise<string> {
  const path = join(tempDir(), name);
  await makeMedia(...args, path);
  return path;
}

/** As MediaRecorder writes it: neither duration nor cues. */
async function makeStreamed(...args: string[]): Promise<string> {
  const path = join(tempDir(), 'streamed.webm');
  await writeFile(path, await makeMedia(...args, '-f', 'webm', 'pipe:1'));
  return path;
}

async function sampleTimes(path: string, format: MediaFormat, signal = new AbortController().signal): Promise<number[]> {
  const info = await ffmpeg.probe(path, format);
  const { frames } = ffmpeg.sample(path, format, { info, fit: { width: 160, height: 160 }, fps: 1, workDir: tempDir(), signal });
  const times: number[] = [];
  for await (const { time } of frames) times.push(time);
  return times;
}

const sniff = async (path: string) => sniffContainer((await readFile(path)).subarray(0, 4096));

/** Timestamps of the frames in seconds, by frame number N. */
const at = (expression: string) => ['-vf', `setpts='(${expression})/TB'`, ...passthrough];

test('a container is recognised by its content', async () => {
  expect(await sniff(await make('a.mp4', ...testPicture(1), ...VP8, '-f', 'webm'))).toBe('webm');
  expect(await sniff(await make('a.webm', ...testPicture(1), ...H264, '-f', 'mp4'))).toBe('mp4');
  expect(await sniff(await make('fragmented', ...testPicture(1), ...H264, '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4'))).toBe(
    'mp4',
  );
  expect(await sniff(await make('a.mkv', ...testPicture(1), ...VP8))).toBe('webm');
  expect(await sniff(await make('a.mov', ...testPicture(1), ...H264))).toBeNull();
  expect(await sniff(await make('a.avi', ...testPicture(1), ...H264))).toBeNull();
});

test('a file that is no container is refused, whatever its length', () => {
  const texts = ['', '#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n', 'ffconcat version 1.0\nfile secret.webm\n', '<svg/>'];
  for (const text of texts) expect(sniffContainer(Buffer.from(text))).toBeNull();
  const webm = Buffer.from('1a45dfa3934282847765626d', 'hex');
  expect(sniffContainer(webm)).toBe('webm');
  for (let length = 0; length < webm.length - 1; length += 1) expect(sniffContainer(webm.subarray(0, length))).toBeNull();
  expect(sniffContainer(Buffer.from('0000001c66747970617669660000000061766966', 'hex'))).toBeNull();
});

test('the duration of a WebM without one in its header is measured', async () => {
  const path = await makeStreamed(...testPicture(3), ...tone(3), ...VP8, ...OPUS);
  const info = await ffmpeg.probe(path, 'webm');
  expect(info.duration).toBeCloseTo(3, 1);
  expect(info).toMatchObject({ video: { width: 320, height: 240, codec: 'vp8' }, audio: { codec: 'opus', sampleRate: 48_000 } });
});

test('the duration of an MP4 is measured, with and without sound', async () => {
  const silent = await ffmpeg.probe(await make('a.mp4', ...testPicture(2), ...H264), 'mp4');
  expect(silent).toMatchObject({ duration: 2, video: { width: 320, height: 240, codec: 'h264' }, audio: null });
  const info = await ffmpeg.probe(await make('b.mp4', ...testPicture(2), ...tone(2.5), ...H264, '-c:a', 'aac'), 'mp4');
  expect(info.audio?.codec).toBe('aac');
  expect(info.duration).toBeCloseTo(2.5, 1);
});

test('sound alone is refused', async () => {
  const path = await makeStreamed(...tone(1), ...OPUS);
  expect(await sniff(path)).toBe('webm');
  await expect(ffmpeg.probe(path, 'webm')).rejects.toThrow(new MediaError('The file has no video stream.'));
});

test('a truncated file is used as far as it goes', async () => {
  const path = await makeStreamed(...testPicture(6), ...VP8);
  await truncate(path, Math.floor((await readFile(path)).length / 2));
  const { duration } = await ffmpeg.probe(path, 'webm');
  expect(duration).toBeGreaterThan(1);
  expect(duration).toBeLessThan(5);
  expect(await sampleTimes(path, 'webm')).toHaveLength(Math.ceil(duration));
});

test('a header without readable content is refused', async () => {
  const webm = await readFile(await makeStreamed(...testPicture(1), ...VP8));
  const mp4 = await readFile(await make('a.mp4', ...testPicture(1), ...H264));
  for (const [whole, format, keep] of [
    [webm, 'webm', 300],
    [webm, 'webm', 40],
    [mp4, 'mp4', 48],
  ] as const) {
    const path = join(tempDir(), 'noise');
    await writeFile(path, Buffer.concat([whole.subarray(0, keep), randomBytes(50_000)]));
    await expect(ffmpeg.probe(path, format)).rejects.toThrow(MediaError);
  }
});

test('a recording in which no frame can be decoded is refused during the analysis', async () => {
  const path = await make('a.mp4', ...testPicture(1), ...H264);
  const bytes = await readFile(path);
  const start = bytes.indexOf('mdat') + 4;
  const end = bytes.lastIndexOf('moov') - 4;
  await writeFile(path, bytes.fill(0xff, start, end));
  await expect(sampleTimes(path, 'mp4')).rejects.toThrow(MediaError);
});

test('a disguised playlist reads none of the files next to it', async () => {
  const neighbour = await make('neighbour.webm', ...testPicture(1), ...VP8);
  for (const text of [
    `ffconcat version 1.0\nfile ${neighbour}\n`,
    `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${neighbour}\n#EXT-X-ENDLIST\n`,
  ]) {
    const path = join(tempDir(), 'exam.webm');
    await writeFile(path, text);
    await expect(ffmpeg.probe(path, 'webm')).rejects.toThrow('cannot be read as WebM');
    await expect(ffmpeg.probe(path, 'mp4')).rejects.toThrow(MediaError);
  }
});

test('a recording beyond the limits is refused', async () => {
  const long = await makeStreamed(...testPicture(1), ...VP8, ...at('N*10000'));
  await expect(ffmpeg.probe(long, 'webm')).rejects.toThrow('longer than 24 hours');
  const picture = ['-f', 'lavfi', '-i', 'color=size=8192x4608:rate=1:duration=1'];
  for (const [name, codec, format] of [
    ['a.mp4', H264, 'mp4'],
    ['a.webm', VP8, 'webm'],
  ] as const) {
    const large = await make(name, ...picture, ...codec);
    await expect(ffmpeg.probe(large, format)).rejects.toThrow('The video has 8192 × 4608 pixels; at most 7680 × 4320');
  }
  const odd = await make('a.mp4', ...testPicture(1), '-c:v', 'mjpeg');
  await expect(ffmpeg.probe(odd, 'mp4')).rejects.toThrow('mjpeg is not supported');
});

test('a tiny file yields few frames, however many its timestamps promise', async () => {
  const dense = await make(
    'a.mp4',
    '-f',
    'lavfi',
    '-i',
    'testsrc=size=32x32:rate=100000:duration=0.02',
    ...H264,
    '-video_track_timescale',
    '100000',
  );
  expect(await sampleTimes(dense, 'mp4')).toEqual([0]);
  const sparse = await makeStreamed(...testPicture(0.2), ...VP8, ...at('N*14000'));
  expect(await sampleTimes(sparse, 'webm')).toEqual([0, 14_000]);
});

test('a frame buffer is reused for a later frame after its return, and only once however often it is returned', async () => {
  const path = await makeStreamed(...testPicture(6), ...VP8);
  const info = await ffmpeg.probe(path, 'webm');
  const options = { info, fit: { width: 160, height: 160 }, fps: 1, workDir: tempDir(), signal: new AbortController().signal };
  const memory: ArrayBufferLike[] = [];
  for await (const { frame, release } of ffmpeg.sample(path, 'webm', options).frames) {
    memory.push(frame.data.buffer);
    if (memory.length > 1) continue;
    release();
    release();
  }
  expect(memory[1]).toBe(memory[0]);
  expect(new Set(memory.slice(1)).size).toBe(memory.length - 1);
});

test('frames keep their own times if the rate varies and the file starts late', async () => {
  const variable = await makeStreamed(...testPicture(0.6), ...VP8, ...at('if(lt(N,3),N*0.1,if(lt(N,5),3.7+(N-3)*0.1,9))'));
  expect(await sampleTimes(variable, 'webm')).toEqual([0, 3.7, 9]);
  const late = await makeStreamed(...testPicture(3), ...VP8, '-output_ts_offset', '50');
  expect(await sampleTimes(late, 'webm')).toEqual([0, 1, 2]);
  expect((await ffmpeg.probe(late, 'webm')).duration).toBeCloseTo(3, 1);
});

test('sound that starts after the picture is placed at the right time', async () => {
  const path = await makeStreamed(...testPicture(4), '-itsoffset', '2', ...tone(2), ...VP8, ...OPUS);
  const info = await ffmpeg.probe(path, 'webm');
  const media = ffmpeg.sample(path, 'webm', {
    info,
    fit: { width: 64, height: 64 },
    fps: 1,
    workDir: tempDir(),
    signal: new AbortController().signal,
  });
  for await (const { frame } of media.frames) expect(frame).toMatchObject({ width: 64, height: 48 });
  const samples: number[] = [];
  for await (const part of media.sound?.() ?? []) samples.push(...(part instanceof Int16Array ? part : []));
  expect(samples.length / 16_000).toBeCloseTo(4, 1);
  expect(samples.findIndex((sample) => Math.abs(sample) > 500) / 16_000).toBeCloseTo(2, 1);
});

test('ffmpeg ends when its reader leaves or is aborted', async () => {
  const path = await makeStreamed(...testPicture(30), ...VP8);
  const info = await ffmpeg.probe(path, 'webm');
  const options = { info, fit: { width: 320, height: 240 }, fps: 10, workDir: tempDir() };
  const { frames } = ffmpeg.sample(path, 'webm', { ...options, signal: new AbortController().signal });
  for await (const { time } of frames) if (time >= 0.5) break;
  await expect.poll(childProcesses).toBe(0);

  const reason = new Error('stop');
  const abort = new AbortController();
  const watch = async () => {
    const { frames } = ffmpeg.sample(path, 'webm', { ...options, signal: abort.signal });
    for await (const { time } of frames) if (time >= 0.5) abort.abort(reason);
  };
  await expect(watch()).rejects.toBe(reason);
  await expect.poll(childProcesses).toBe(0);
  await expect(ffmpeg.probe(path, 'webm', abort.signal)).rejects.toBe(reason);
});

test('an FFMPEG_PATH that does not run makes the start fail', async () => {
  await expect(findFfmpeg({ FFMPEG_PATH: '/nowhere/ffmpeg', production: false })).rejects.toThrow(StartupError);
  await expect(findFfmpeg({ FFMPEG_PATH: process.execPath, production: false })).rejects.toThrow('does not run as ffmpeg');
});
