import { setTimeout as wait } from 'node:timers/promises';
import { fill } from './console.mjs';
import { openChromium, renderers } from './lib/chromium.mjs';
import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { check } from './lib/report.mjs';
import { median } from './lib/stats.mjs';
import { walkIn } from './web.mjs';

const WARNINGS = 5_000;
const PAINTS = 5;
const BURST = 500;
const BATCH = 100;
const PARTS = 4;
const ROUNDS = 5;

/** Runs in the page: notes when the first line of the people is drawn, and every task that is longer than 50 ms. */
const WATCH = `
  window.noted = { paint: null, tasks: [] };
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) noted.tasks.push(duration); })
    .observe({ type: 'longtask', buffered: true });
  new MutationObserver((_changes, observer) => {
    if (!document.querySelector('[data-row]')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { noted.paint = performance.now(); }));
  }).observe(document, { childList: true, subtree: true });`;

/** The longest task since the last time, in milliseconds; 0 if none was longer than 50. */
const longestTask = (page) =>
  page.evaluate('new Promise((resolve) => setTimeout(() => { resolve(Math.max(0, ...noted.tasks)); noted.tasks.length = 0; }, 300))');

const scroll = (page, region) =>
  page.evaluate(`new Promise((resolve) => {
    const box = [...document.querySelectorAll('section')].find((one) => one.getAttribute('aria-label') === '${region}').querySelector('ol, ul').parentElement;
    let frames = 0;
    const step = () => { box.scrollTop += frames < 90 ? 400 : -400; if (++frames < 180) requestAnimationFrame(step); else resolve(box.scrollHeight); };
    step();
  })`);

/** How many lines the feed has. */
const lines = (page) => page.evaluate(`Number(document.querySelector('section[aria-label="Warnings"] li')?.getAttribute('aria-setsize'))`);

/** Milliseconds from a click on one page until a text is drawn on another. */
async function from(act, text) {
  const begun = performance.now();
  await act();
  await text.waitFor();
  return performance.now() - begun;
}

export const webConsole = {
  name: 'web-console',
  title: `The console in Chromium, with 1,000 participants and ${WARNINGS} warnings`,
  async run({ postgres, quick, say }) {
    const database = await postgres.createDatabase();
    const invigil = await startInvigil({ postgres, database, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, close } = createConnector(port);
    const browser = await openChromium();
    try {
      const examId = await invigil.createExam();
      await fill(database, examId, WARNINGS);
      // A connection each: in the minutes between, the server closes one that is kept.
      const post = async (path, body) => askJson(await connect(), requestBytes({ method: 'POST', path, token: key, body }));
      const { data } = await post('/graphql', { query: `mutation { createProctorLink(examId: "${examId}", name: "Petra") { url } }` });
      const { pathname, hash } = new URL(data.createProctorLink.url);
      const report = (user, count) =>
        post(`/api/exams/${examId}/warnings`, {
          userId: `user_${user}`,
          warnings: Array.from({ length: count }, (_, n) => ({ type: n % 3 ? 'mouse_left' : 'tab_switch', details: 'for 3 s' })),
        });

      async function open() {
        const page = await (await browser.newContext({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } })).newPage();
        await page.addInitScript(WATCH);
        await page.goto(`http://localhost:${port}${pathname}${hash}`);
        await page.locator('[data-row]').first().waitFor();
        while ((await page.evaluate('noted.paint')) === null) await wait(20);
        return page;
      }

      const paints = [];
      for (let n = 0; n < PAINTS; n++) {
        const page = await open();
        paints.push(await page.evaluate('noted.paint'));
        await page.context().close();
      }
      say(`useful paint: ${paints.map(Math.round).join(', ')} ms`);

      const page = await open();
      // Until the people of the later pages are there.
      await page.getByText('1000 of 1000').waitFor();
      say(`longest task while it opens: ${Math.round(await longestTask(page))} ms`);
      await page.evaluate('setTimeout(() => { for (const end = performance.now() + 80; performance.now() < end;); })');
      if ((await longestTask(page)) < 80) throw new Error('long tasks are not noticed, so that nothing would be measured');
      await scroll(page, 'People');
      await scroll(page, 'Warnings');
      const scrolling = await longestTask(page);
      say(`longest task while scrolling: ${Math.round(scrolling)} ms`);

      await page.getByRole('button', { name: /Following|Standing still|new$/ }).click();
      const before = await lines(page);
      const begun = performance.now();
      await Promise.all(
        Array.from({ length: BURST / BATCH }, async (_, n) => {
          await wait((n * 1_000 * BATCH) / BURST);
          await report(n + 1, BATCH);
        }),
      );
      say(`${BURST} warnings in ${Math.round(performance.now() - begun)} ms`);
      await wait(3_000);
      const burst = await longestTask(page);
      const shown = (await lines(page)) - before;
      say(`longest task meanwhile: ${Math.round(burst)} ms; ${shown} new lines`);

      const { data: invited } = await post('/graphql', {
        query: `mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "ymir", name: "Ymir" }]) { accessUrl } }`,
      });
      const seat = new URL(invited.inviteParticipants[0].accessUrl);
      const room = await (await browser.newContext({ locale: 'en-GB' })).newPage();
      await walkIn(room, `http://localhost:${port}${seat.pathname}${seat.hash}`);
      const toConsole = [];
      const toRoom = [];
      await page.getByLabel('Name or id').fill('ymir');
      for (let n = 0; n < ROUNDS; n++) {
        const row = page.locator('[data-row]').filter({ hasText: 'Ymir' });
        toConsole.push(
          await from(async () => {
            await room.getByRole('button', { name: 'Raise your hand' }).first().click();
            await room.getByRole('button', { name: 'Raise your hand' }).last().click();
          }, row.getByText('hand')),
        );
        await row.getByRole('button').click();
        await page.getByRole('complementary').getByLabel('Message').fill(`Message ${n}`);
        toRoom.push(
          await from(
            () => page.getByRole('complementary').getByRole('button', { name: 'Send', exact: true }).click(),
            room.getByText(`Message ${n}`).first(),
          ),
        );
        await page.getByRole('button', { name: 'Lower the hand' }).click();
        await row.getByText('hand').waitFor({ state: 'detached' });
      }
      await room.context().close();
      await page.getByLabel('Name or id').fill('');
      await page.getByRole('button', { name: 'Close' }).click();
      say(`room to console: ${toConsole.map(Math.round).join(', ')} ms; console to room: ${toRoom.map(Math.round).join(', ')} ms`);
      await longestTask(page);

      const all = quick ? 10_000 : 100_000;
      const memory = [await renderers(browser)];
      for (let part = 0; part < PARTS; part++) {
        for (let sent = 0; sent < all / PARTS; sent += 5 * BATCH)
          await Promise.all(Array.from({ length: 5 }, (_, n) => report(1 + ((sent + n) % 1_000), BATCH)));
        await wait(2_000);
        memory.push(await renderers(browser));
      }
      const mb = memory.map((one) => one.mb);
      say(`renderers: ${mb.map(Math.round).join(', ')} MB; longest task ${Math.round(await longestTask(page))} ms`);

      const of = (...values) => ({ median: median(values), values });
      return {
        figures: {
          console: {
            'useful paint, ms': of(...paints),
            'longest task scrolling, ms': of(scrolling),
            'longest task in a burst, ms': of(burst),
            'room → console, ms': of(...toConsole),
            'console → room, ms': of(...toRoom),
            'renderers, MB': of(...mb),
          },
        },
        checks: [
          check('useful paint', median(paints), { atMost: 1_500, unit: ' ms' }),
          check('longest task while scrolling', scrolling, { atMost: 50, unit: ' ms' }),
          check(`longest task while ${BURST} warnings come in a second`, burst, { atMost: 100, unit: ' ms' }),
          check('rows that are missing after it', BURST - shown, { atMost: 0 }),
          check('a hand in the room → on the console, longest', Math.max(...toConsole), { atMost: 1_000, unit: ' ms' }),
          check('a message of the console → in the room, longest', Math.max(...toRoom), { atMost: 1_000, unit: ' ms' }),
          check(`memory after ${all} events`, mb.at(-1) ?? Number.NaN, { atMost: 250, unit: ' MB' }),
          check('memory grown in the last half', (mb.at(-1) ?? Number.NaN) - (mb[PARTS / 2] ?? 0), { atMost: 15, unit: ' MB' }),
        ],
      };
    } finally {
      await browser.close();
      close();
      await invigil.stop();
      await database.drop();
    }
  },
};
