import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import {
  dataReference,
  editList,
  linkedWebm,
  packedWebm,
  replaceBoxes,
  samplesInOnePlace,
  sampleSizes,
  webmOfTracks,
  withPackedMovie,
  withTracks,
} from '../helpers/hostile.ts';
import { H264, makeMedia, VP8 } from '../helpers/media.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { form, watchProgress } from '../helpers/recordings.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
/** Notes whoever asks it for anything. */
let trap: Server;
let trapUrl: string;
const asked: string[] = [];
let video: Buffer;
let mp4: Buffer;
/** Holds files that nobody may read. */
let folder: string;
beforeAll(async () => {
  trap = createServer((req, res) => {
    asked.push(req.url ?? '');
    res.end();
  }).listen(0, '127.0.0.1');
  await once(trap, 'listening');
  trapUrl = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`;
  server = await startTestServer();
  video = await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x256:rate=15:duration=4', ...VP8, '-f', 'webm', 'pipe:1');
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  await makeMedia('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=4', ...H264, join(folder, 'honest.mp4'));
  mp4 = await readFile(join(folder, 'honest.mp4'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
  trap.close();
});

const LONG_AGO = new Date('2001-01-01');

/** A file that tells whether it was read, where the file system keeps account of that. */
async function watchedFile(name: string, bytes: Uint8Array) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  // The time of reading is kept where it is not later than that of writing.
  const reset = () => utimes(path, LONG_AGO, LONG_AGO);
  const wasRead = async () => (await stat(path)).atime > LONG_AGO;
  await reset();
  await readFile(path);
  const tells = await wasRead();
  await reset();
  return { path, tells, wasRead, reset };
}

/** The file is refused or fails within the time that its test has, with a reason, and nothing is left but what is stored. */
async function expectNoHarm(bytes: Uint8Array, outcomes = ['refused', 'failed']): Promise<string> {
  const { outcome, said } = await outcomeOf(bytes);
  expect(outcomes, said).toContain(outcome);
  if (outcome !== 'processed') expect(said).not.toBe('');
  expect(said).not.toContain('Something went wrong');
  await server.idle();
  expect((await server.allFiles()).filter((name) => /\/(work|spool|copies)\//.test(name))).toEqual([]);
  expect(asked).toEqual([]);
  return said;
}

/** What becomes of a file: `refused`, or the status of its analysis, and what is said of it. */
async function outcomeOf(bytes: Uint8Array): Promise<{ outcome: string; said: string }> {
  const { id: examId } = await createExam(server);
  const file = { bytes: new Uint8Array(bytes), name: 'webcam.webm' };
  const response = await server.rest('/recordings', {
    method: 'POST',
    body: await form({ file, examId, userId: 'user_1', type: 'webcam' }),
  });
  const text = await response.text();
  if (response.status === 400) return { outcome: 'refused', said: text };
  expect(response.status, text).toBe(200);
  const { id } = JSON.parse(text) as { id: string };
  await watchProgress(server, id).end();
  const { status, error } = (await (await server.rest(`/recordings/${id}`)).json()) as { status: string; error?: string };
  return { outcome: status, said: error ?? '' };
}

describe('a file that tries to make the server read another file', () => {
  const documents = (url: string) => ({
    'an HLS playlist': `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${url}/hls\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n`,
    'a script of the concat demuxer': `ffconcat version 1.0\nfile '${url}/concat'\nfile 'file:///etc/passwd'\n`,
    'a DASH manifest': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${url}/dash</BaseURL></Period></MPD>`,
    'an SVG': `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="${url}/svg"/></svg>`,
    'an SDP description': `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n`,
  });

  it.each(Object.keys(documents('')) as (keyof ReturnType<typeof documents>)[])(
    'is refused as %s, alone and after the first bytes of a video',
    async (name) => {
      const text = Buffer.from(documents(trapUrl)[name]);
      expect((await outcomeOf(text)).outcome).toBe('refused');
      for (const head of [video.subarray(0, 4), video.subarray(0, 300), Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42')]) {
        expect(['refused', 'failed']).toContain((await outcomeOf(Buffer.concat([head, text]))).outcome);
      }
      expect(asked).toEqual([]);
    },
  );
});

describe('a file that is not what it claims to be', () => {
  const patchedEverywhere = (bytes: Buffer, find: number[], replace: number[]) => {
    const patched = Buffer.from(bytes);
    let count = 0;
    for (let at = patched.indexOf(Buffer.from(find)); at >= 0; at = patched.indexOf(Buffer.from(find), at + 1)) {
      patched.set(replace, at);
      count += 1;
    }
    expect(count).toBeGreaterThan(0);
    return patched;
  };

  it('takes neither memory nor time if it claims 65,535 × 65,535 pixels or the maximum of its codec', async () => {
    // PixelWidth 320 and PixelHeight 256; the pictures themselves say otherwise, and they are what is decoded.
    const wide = patchedEverywhere(video, [0xb0, 0x82, 0x01, 0x40], [0xb0, 0x82, 0xff, 0xff]);
    const container = patchedEverywhere(wide, [0xba, 0x82, 0x01, 0x00], [0xba, 0x82, 0xff, 0xff]);
    expect(['refused', 'failed', 'processed']).toContain((await outcomeOf(container)).outcome);
    // 16,383 × 16,383 in the head of each key frame of VP8.
    const codec = patchedEverywhere(container, [0x9d, 0x01, 0x2a, 0x40, 0x01, 0x00, 0x01], [0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f]);
    const { outcome, said } = await outcomeOf(codec);
    expect(['refused', 'failed']).toContain(outcome);
    expect(said).not.toBe('');
  });

  it('is refused or fails if it is noise, alone or instead of the pictures', async () => {
    expect((await outcomeOf(randomBytes(1_000_000))).outcome).toBe('refused');
    const noise = Buffer.concat([video.subarray(0, 400), randomBytes(1_000_000)]);
    expect(['refused', 'failed']).toContain((await outcomeOf(noise)).outcome);
  });

  it('is refused, or analysed as far as it goes, wherever it is cut off', async () => {
    for (const share of [0.02, 0.1, 0.5, 0.9, 0.999]) {
      const { outcome } = await outcomeOf(video.subarray(0, Math.floor(video.length * share)));
      expect(['refused', 'failed', 'processed']).toContain(outcome);
    }
    // The server has come through all of it.
    expect((await outcomeOf(video)).outcome).toBe('processed');
  });
});

describe('a video that points elsewhere', () => {
  it('by its data references makes the server neither read another file nor send a request', async () => {
    const other = await watchedFile('other.mp4', mp4);
    const elsewhere = replaceBoxes(mp4, 'dref', () => dataReference(other.path, `${trapUrl}/dref`));
    // The file does what it is meant to: where ffmpeg is told to follow such references, it reads the other one.
    const follow = ['-enable_drefs', '1', '-use_absolute_path', '1', '-f', 'mov'];
    await makeMedia(...follow, '-i', await written(elsewhere), '-c', 'copy', '-f', 'null', '-');
    if (other.tells) expect(await other.wasRead()).toBe(true);
    await other.reset();
    await expectNoHarm(elsewhere);
    if (other.tells) expect(await other.wasRead()).toBe(false);
  });

  it('by linked segments and chapters makes the server read none of the other files', async () => {
    const other = await watchedFile('neighbour.webm', video);
    await expectNoHarm(linkedWebm(other.path));
    await expectNoHarm(linkedWebm(`${trapUrl}/segment`));
    if (other.tells) expect(await other.wasRead()).toBe(false);
  });

  it('in attached files is analysed without them', async () => {
    await writeFile(join(folder, 'attached.svg'), `<svg><image href="${trapUrl}/attached"/></svg>`);
    const attach = ['-attach', join(folder, 'attached.svg'), '-metadata:s:t', 'mimetype=image/svg+xml'];
    const matroska = await makeMedia('-i', await written(video), '-c', 'copy', ...attach, '-f', 'matroska', 'pipe:1');
    const asWebm = Buffer.from(matroska.toString('latin1').replace('matroska', 'webm\0\0\0\0'), 'latin1');
    await expectNoHarm(asWebm, ['processed']);
  });
});

describe('a small file that claims to be large', () => {
  it('by a hundred thousand headers of recordings without content is refused before they are all looked at', async () => {
    // In each, a search for the type of the file would go through all that follow.
    const header = Buffer.from('ec871a45dfa3200fa0', 'hex');
    expect(
      await expectNoHarm(Buffer.concat([video.subarray(0, 2_000), Buffer.alloc(100_000 * header.length, header)]), ['refused']),
    ).toContain('beginnings of recordings that are none');
  });

  it('with hundreds of tracks is refused', async () => {
    await expectNoHarm(webmOfTracks(500));
    await expectNoHarm(withTracks(mp4, 400));
  });

  it('by its number of samples is refused', async () => {
    for (const [size, count] of [
      [0, 0xffffffff],
      [0, 0x0fffffff],
      [1, 0xffffffff],
      [1, 5_000_000],
      [100_000, 1_000_000],
    ] as const) {
      await expectNoHarm(replaceBoxes(mp4, 'stsz', () => sampleSizes(size, count)));
    }
  });

  it.each<[string, () => Buffer]>([
    ['packets that are compressed a thousandfold', () => packedWebm(3_000, 9_500_000)],
    ['samples that all point to one place', () => samplesInOnePlace(mp4, 40_000, 500_000)],
    ['a stretch that is played repeatedly', () => replaceBoxes(mp4, 'elst', () => editList(20_000, 4_000))],
  ])('with %s is refused as soon as that shows', async (_how, make) => {
    const file = make();
    const started = Date.now();
    expect(await expectNoHarm(file)).toContain('hold more data than it does');
    expect(Date.now() - started).toBeLessThan(LATE_MS);
  });

  it('with a compressed index takes neither memory nor time', async () => {
    for (const file of [withPackedMovie(mp4, 0), withPackedMovie(mp4, 120_000_000), withPackedMovie(mp4, 1_000, 0x7fffffff)]) {
      await expectNoHarm(file, ['refused', 'failed', 'processed']);
    }
  });

  it('with 100,000 frames per second takes no longer than others', async () => {
    const rate = ['-f', 'lavfi', '-i', 'testsrc=size=32x32:rate=100000:duration=0.6'];
    await makeMedia(...rate, ...H264, '-r', '100000', join(folder, 'fast.mp4'));
    await expectNoHarm(await readFile(join(folder, 'fast.mp4')), ['refused', 'failed', 'processed']);
  });
});

describe('a file of an unsupported type', () => {
  it.each([
    ['sound in WebM', ['-c:a', 'libopus', '-f', 'webm'], 'no video stream'],
    ['sound in MP4', ['-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4'], 'no video stream'],
    ['Ogg', ['-c:a', 'libvorbis', '-f', 'ogg'], 'Must be a WebM or MP4 video'],
    ['AVI', ['-c:a', 'pcm_s16le', '-f', 'avi'], 'Must be a WebM or MP4 video'],
    ['WAV', ['-f', 'wav'], 'Must be a WebM or MP4 video'],
  ])('such as %s is refused by its content, whatever its name', async (_kind, options, reason) => {
    const sound = await makeMedia('-f', 'lavfi', '-i', 'sine=duration=2', ...options, 'pipe:1');
    expect(await expectNoHarm(sound, ['refused'])).toContain(reason);
  });
});

async function written(bytes: Buffer): Promise<string> {
  const path = join(folder, 'made');
  await writeFile(path, bytes);
  return path;
}
