import { setTimeout as wait } from 'node:timers/promises';
import { openChromium, renderers } from './lib/chromium.mjs';
import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { openPlainChromium } from './lib/plain-chromium.mjs';
import { check } from './lib/report.mjs';

const PAINTS = 5;
/** A chunk in this time instead of four seconds: half an hour of chunks in a minute and a half. */
const FAST_MS = 200;
const SLICE_MS = 4_000;
const FASTER = `{ const { start } = MediaRecorder.prototype;
  MediaRecorder.prototype.start = function (slice) { return start.call(this, slice && ${FAST_MS}); }; }`;
const DRAIN_MS = 60_000;
const PARTS = 3;

/** Milliseconds of tasks of the page's main thread so far. @param {import('playwright-core').CDPSession} session */
async function taskMs(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
}

/** Nothing may wait on the device: a backlog is no leak. @param {{ evaluate: (expression: string) => Promise<any> }} page */
export async function drained(page) {
  for (const end = performance.now() + DRAIN_MS; ; await wait(50)) {
    const text = await page.evaluate(`document.querySelector('[data-testid=upload]').textContent`);
    if (!text.includes('on this device')) return;
    if (performance.now() > end) throw new Error(`Sending lags behind, so the memory would be that of the backlog: ${text}`);
  }
}

/** From the link to a running exam, as a candidate clicks. */
export async function walkIn(page, link) {
  const press = (name) => page.getByRole('button', { name }).first().click();
  await page.goto(link);
  await press(/I have read this/);
  await press(/Switch on the camera/);
  await press('Share your screen');
  await press('Continue');
  await press('Record three seconds');
  await press(/It looks right/);
  await page.getByText('sent up to').first().waitFor();
}

export const web = {
  name: 'web',
  title: 'The exam room in Chromium: first paint, work of the main thread, memory, and recordings without a chunk missing',
  async run({ postgres, quick, say }) {
    const minutes = quick ? 0.25 : 3;
    const fastMinutes = quick ? 5 : 30;
    const invigil = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, close } = createConnector(port);
    const browser = await openChromium();
    const plain = await openPlainChromium();
    try {
      // A connection each: in the minutes between, the server closes one that is kept.
      const post = async (path, body) => askJson(await connect(), requestBytes({ method: 'POST', path, token: key, body }));
      const ask = (query) => post('/graphql', { query });

      async function invited() {
        const { id } = await post('/api/exams', { title: 'Room', duration: 60 });
        const { participants } = await post(`/api/exams/${id}/participants`, { participants: [{ userId: 'ada' }] });
        const { pathname, hash } = new URL(participants[0].accessUrl);
        return { id, link: `http://localhost:${port}${pathname}${hash}` };
      }

      async function open() {
        const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
        const session = await page.context().newCDPSession(page);
        await session.send('Performance.enable');
        return { page, session };
      }

      /** Hands in, and waits until all has arrived. */
      async function finish(page, id) {
        await page.getByRole('button', { name: 'Finish the exam' }).click();
        await page.getByRole('button', { name: 'Yes, finish' }).click();
        await page.getByText('Everything has arrived').waitFor({ timeout: 120_000 });
        await page.close();
        const { data } = await ask(
          `{ exam(id: "${id}") { participant(userId: "ada") { recordings { type complete nextChunk note size } } } }`,
        );
        const { recordings } = data.exam.participant;
        say(`recordings: ${JSON.stringify(recordings)}`);
        return recordings;
      }

      const { link: first } = await invited();
      const paints = [];
      for (let n = 0; n < PAINTS; n++) {
        const { page } = await open();
        await page.goto(first);
        await page.getByRole('heading', { name: 'Room' }).waitFor();
        paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN));
        await page.context().close();
      }

      const usual = await invited();
      const { page, session } = await open();
      await walkIn(page, usual.link);
      const before = await taskMs(session);
      await wait(minutes * 60_000);
      const mainThread = (await taskMs(session)) - before;
      const recordings = await finish(page, usual.id);
      say(`main thread: ${Math.round(mainThread / minutes)} ms per minute`);

      const quickened = await invited();
      await plain.drive(async (fast) => {
        await fast.addInitScript(FASTER);
        await walkIn(fast, quickened.link);
      });
      // Until buffers of the devices have their size.
      await wait(10_000);
      const partMs = (fastMinutes * 60_000 * FAST_MS) / SLICE_MS / PARTS;
      const memory = [];
      for (let part = 0; part <= PARTS; part++) {
        if (part > 0) await wait(partMs);
        await drained(plain);
        memory.push(await renderers(plain));
      }
      say(`renderers, nothing waiting: ${memory.map(({ mb, shared }) => `${Math.round(mb)} MB and ${shared} mappings`).join(', ')}`);
      await plain.drive(async (fast) => {
        recordings.push(...(await finish(fast, quickened.id)));
      });
      const grown = (what) => (memory.at(-1)?.[what] ?? Number.NaN) - (memory[0]?.[what] ?? 0);

      const sorted = paints.toSorted((a, b) => a - b);
      const of = (...values) => ({ median: values[Math.floor(values.length / 2)], values });
      return {
        figures: {
          room: {
            'first paint, ms': of(...sorted),
            'main thread, ms/min': of(mainThread / minutes),
            'renderers, MB': of(...memory.map(({ mb }) => mb)),
            'shared mappings of renderers': of(...memory.map(({ shared }) => shared)),
          },
        },
        checks: [
          check('first paint', sorted[Math.floor(PAINTS / 2)] ?? Number.NaN, { atMost: 1_000, unit: ' ms' }),
          check('main thread while recording', (100 * mainThread) / (minutes * 60_000), { atMost: 5, unit: ' % of a core' }),
          check(`memory grown over ${fastMinutes} min of chunks`, grown('mb'), { atMost: 15, unit: ' MB' }),
          check(`shared mappings grown over ${fastMinutes} min of chunks`, grown('shared'), { atMost: 100 }),
          check('recordings that lack a chunk', recordings.filter(({ complete }) => !complete).length + (4 - recordings.length), {
            atMost: 0,
          }),
        ],
      };
    } finally {
      await browser.close();
      await plain.close();
      close();
      await invigil.stop();
    }
  },
};
