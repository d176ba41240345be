import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { check } from './lib/report.mjs';

const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--use-fake-ui-for-media-stream'],
  '--use-fake-device-for-media-stream=display-media-type=monitor,fps=10',
];
const PAINTS = 5;

/** Milliseconds of tasks of the page's main thread so far. @param {import('playwright-core').CDPSession} session */
async function taskMs(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
}

/** From the link to a running exam, as a candidate clicks. */
async function walkIn(page, link) {
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
  title: 'The exam room in Chromium: first paint, work of the main thread, and recordings without a chunk missing',
  async run({ postgres, quick, say }) {
    const minutes = quick ? 0.25 : 3;
    const invigil = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, close } = createConnector(port);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
    try {
      const staff = await connect();
      const post = (path, body) => askJson(staff, requestBytes({ method: 'POST', path, token: key, body }));
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
      await page.getByRole('button', { name: 'Finish the exam' }).click();
      await page.getByRole('button', { name: 'Yes, finish' }).click();
      await page.getByText('Everything has arrived').waitFor({ timeout: 120_000 });
      await page.context().close();
      say(`main thread: ${Math.round(mainThread / minutes)} ms per minute`);

      const { data } = await ask(
        `{ exam(id: "${usual.id}") { participant(userId: "ada") { recordings { type complete nextChunk note size } } } }`,
      );
      const { recordings } = data.exam.participant;
      say(`recordings: ${JSON.stringify(recordings)}`);

      const sorted = paints.toSorted((a, b) => a - b);
      const of = (...values) => ({ median: values[Math.floor(values.length / 2)], values });
      return {
        figures: {
          room: {
            'first paint, ms': of(...sorted),
            'main thread, ms/min': of(mainThread / minutes),
          },
        },
        checks: [
          check('first paint', sorted[Math.floor(PAINTS / 2)] ?? Number.NaN, { atMost: 1_000, unit: ' ms' }),
          check('main thread while recording', (100 * mainThread) / (minutes * 60_000), { atMost: 5, unit: ' % of a core' }),
          check('recordings that lack a chunk', recordings.filter(({ complete }) => !complete).length + (2 - recordings.length), {
            atMost: 0,
          }),
        ],
      };
    } finally {
      await browser.close();
      close();
      await invigil.stop();
    }
  },
};
