import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam } from './helpers/exam.ts';
import { makeMedia, VP8 } from './helpers/media.ts';
import { form, watchProgress } from './helpers/recordings.ts';
import { startTestServer, type TestServer } from './helpers/server.ts';

const WITHIN_MS = 30_000;

let server: TestServer;
/** Notes whoever asks it for anything. */
let trap: Server;
let trapUrl: string;
const asked: string[] = [];
let video: Buffer;
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
afterAll(async () => {
  await server.stop();
  trap.close();
});

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

describe('a file that would have another one read', () => {
  const documents = (url: string) => ({
    'an HLS playlist': `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${url}/hls\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n`,
    'a script of the concat demuxer': `ffconcat version 1.0\nfile '${url}/concat'\nfile 'file:///etc/passwd'\n`,
    'a DASH manifest': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>${url}/dash</BaseURL></Period></MPD>`,
    'an SVG': `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="${url}/svg"/></svg>`,
    'an SDP description': `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n`,
  });

  it.each(Object.keys(documents('')) as (keyof ReturnType<typeof documents>)[])(
    '%s is refused, alone and behind the first bytes of a video',
    async (name) => {
      const text = Buffer.from(documents(trapUrl)[name]);
      expect((await outcomeOf(text)).outcome).toBe('refused');
      for (const head of [video.subarray(0, 4), video.subarray(0, 300), Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42')]) {
        expect(['refused', 'failed']).toContain((await outcomeOf(Buffer.concat([head, text]))).outcome);
      }
      expect(asked).toEqual([]);
    },
    WITHIN_MS,
  );
});

describe('a file that is not what it says', () => {
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

  it(
    'of 65,535 × 65,535 pixels by its container, or the most that its codec can say, takes neither memory nor time',
    async () => {
      // PixelWidth 320 and PixelHeight 256; the pictures themselves say otherwise, and they are what is decoded.
      const wide = patchedEverywhere(video, [0xb0, 0x82, 0x01, 0x40], [0xb0, 0x82, 0xff, 0xff]);
      const container = patchedEverywhere(wide, [0xba, 0x82, 0x01, 0x00], [0xba, 0x82, 0xff, 0xff]);
      expect(['refused', 'failed', 'processed']).toContain((await outcomeOf(container)).outcome);
      // 16,383 × 16,383 in the head of each key frame of VP8.
      const codec = patchedEverywhere(container, [0x9d, 0x01, 0x2a, 0x40, 0x01, 0x00, 0x01], [0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f]);
      const { outcome, said } = await outcomeOf(codec);
      expect(['refused', 'failed']).toContain(outcome);
      expect(said).not.toBe('');
    },
    WITHIN_MS,
  );

  it(
    'of noise, alone and in the place of the pictures, is refused or fails',
    async () => {
      expect((await outcomeOf(randomBytes(1_000_000))).outcome).toBe('refused');
      const noise = Buffer.concat([video.subarray(0, 400), randomBytes(1_000_000)]);
      expect(['refused', 'failed']).toContain((await outcomeOf(noise)).outcome);
    },
    WITHIN_MS,
  );

  it(
    'that ends anywhere is refused, or analysed as far as it goes',
    async () => {
      for (const share of [0.02, 0.1, 0.5, 0.9, 0.999]) {
        const { outcome } = await outcomeOf(video.subarray(0, Math.floor(video.length * share)));
        expect(['refused', 'failed', 'processed']).toContain(outcome);
      }
      // The server has come through all of it.
      expect((await outcomeOf(video)).outcome).toBe('processed');
    },
    2 * WITHIN_MS,
  );
});
