import { setTimeout as wait } from 'node:timers/promises';
import { renderers } from './lib/chromium.mjs';
import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { openPlainChromium } from './lib/plain-chromium.mjs';
import { check } from './lib/report.mjs';
import { drained, walkIn } from './web.mjs';

const EVERY_MINUTES = 5;

/**
 * The same work of the browser without the room: camera, sound and screen shown and recorded with its rates, chunks and recorders,
 * no pictures, and nothing kept or sent.
 */
const BARE = `<!doctype html><title>Bare recorder</title><video id="camera" muted playsinline autoplay></video>
<video id="screen" muted playsinline autoplay></video><button>Record</button><script>
  const record = (stream, options) => {
    const begin = () => {
      const recorder = new MediaRecorder(stream, { ...options, videoKeyFrameIntervalDuration: 2000 });
      recorder.ondataavailable = async ({ data }) => { await data.arrayBuffer(); };
      recorder.start(4000);
      return recorder;
    };
    let recorder = begin();
    setInterval(() => { const last = recorder; recorder = begin(); setTimeout(() => last.stop(), 1000); }, 480000);
  };
  document.querySelector('button').onclick = async () => {
    const screen = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 5 } });
    const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 15 }, audio: true });
    document.querySelector('#camera').srcObject = camera;
    document.querySelector('#screen').srcObject = screen;
    record(camera, { mimeType: 'video/webm;codecs=vp8,opus', videoBitsPerSecond: 600000, audioBitsPerSecond: 48000 });
    record(screen, { mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 500000 });
    document.title = 'Recording';
  };
</script>`;

/** @returns the memory of its renderers so far, when asked */
async function openBare(browser, origin) {
  await browser.drive(async (page) => {
    await page.route(`${origin}/bare`, (route) => route.fulfill({ contentType: 'text/html', body: BARE }));
    await page.goto(`${origin}/bare`);
    await page.getByRole('button').click();
    await page.waitForFunction(() => document.title === 'Recording');
  });
  return () => renderers(browser);
}

export const webMemory = {
  name: 'web-memory',
  title:
    'The exam room in Chromium: memory while camera and screen are recorded for half an hour at the usual pace, beside a bare recorder',
  async run({ postgres, quick, say }) {
    const parts = quick ? 1 : 6;
    const invigil = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, close } = createConnector(port);
    const browser = await openPlainChromium();
    const peer = await openPlainChromium();
    try {
      // A connection each: in the minutes between, the server closes one that is kept.
      const post = async (path, body) => askJson(await connect(), requestBytes({ method: 'POST', path, token: key, body }));
      const { id } = await post('/api/exams', { title: 'Room', duration: 60 });
      const { participants } = await post(`/api/exams/${id}/participants`, { participants: [{ userId: 'ada' }] });
      const { pathname, hash } = new URL(participants[0].accessUrl);
      await browser.drive((page) => walkIn(page, `http://localhost:${port}${pathname}${hash}`));
      const measureBare = await openBare(peer, `http://localhost:${port}`);
      const memory = [];
      const bare = [];
      for (let part = 0; part <= parts; part++) {
        // The first after a minute, when buffers of the devices have their size.
        await wait((part === 0 ? 1 : EVERY_MINUTES) * 60_000);
        await drained(browser);
        memory.push(await renderers(browser));
        bare.push(await measureBare());
        const { mb, shared } = memory.at(-1);
        say(`after ${1 + part * EVERY_MINUTES} min: ${Math.round(mb)} MB and ${shared} mappings, bare ${Math.round(bare.at(-1).mb)} MB`);
      }
      const of = (values) => ({ median: values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)], values });
      const half = Math.floor(parts / 2);
      const grown = (values, from) => (values.at(-1) ?? Number.NaN) - (values[from] ?? Number.NaN);
      const [mb, bareMb] = [memory, bare].map((values) => values.map((one) => one.mb));
      return {
        figures: { room: { 'renderers, MB': of(mb) }, 'bare recorder': { 'renderers, MB': of(bareMb) } },
        checks: [
          check('grown in the second half beyond a bare recorder', grown(mb, half) - grown(bareMb, half), { atMost: 15, unit: ' MB' }),
          check('grown in all beyond a bare recorder', grown(mb, 0) - grown(bareMb, 0), { atMost: 30, unit: ' MB' }),
          check('shared mappings grown', (memory.at(-1)?.shared ?? Number.NaN) - (memory[0]?.shared ?? 0), { atMost: 100 }),
        ],
      };
    } finally {
      await browser.close();
      await peer.close();
      close();
      await invigil.stop();
    }
  },
};
