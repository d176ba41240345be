import { setTimeout as wait } from 'node:timers/promises';
import { openChromium, renderers } from './lib/chromium.mjs';
import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { check } from './lib/report.mjs';
import { drained, walkIn } from './web.mjs';

const EVERY_MINUTES = 5;

export const webMemory = {
  name: 'web-memory',
  title: 'The exam room in Chromium: memory while camera and screen are recorded for half an hour at the usual pace',
  async run({ postgres, quick, say }) {
    const parts = quick ? 1 : 6;
    const invigil = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, close } = createConnector(port);
    const browser = await openChromium();
    try {
      // A connection each: in the minutes between, the server closes one that is kept.
      const post = async (path, body) => askJson(await connect(), requestBytes({ method: 'POST', path, token: key, body }));
      const { id } = await post('/api/exams', { title: 'Room', duration: 60 });
      const { participants } = await post(`/api/exams/${id}/participants`, { participants: [{ userId: 'ada' }] });
      const { pathname, hash } = new URL(participants[0].accessUrl);
      const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
      const session = await page.context().newCDPSession(page);
      await walkIn(page, `http://localhost:${port}${pathname}${hash}`);
      const memory = [];
      for (let part = 0; part <= parts; part++) {
        // The first after a minute, when buffers of the devices have their size.
        await wait((part === 0 ? 1 : EVERY_MINUTES) * 60_000);
        await drained(page);
        memory.push(await renderers(browser, session));
        const { mb, shared } = memory.at(-1);
        say(`after ${1 + part * EVERY_MINUTES} min: ${Math.round(mb)} MB and ${shared} mappings`);
      }
      const mb = memory.map((one) => one.mb);
      const half = mb[Math.floor(parts / 2)] ?? Number.NaN;
      return {
        figures: { room: { 'renderers, MB': { median: mb.toSorted((a, b) => a - b)[Math.floor(mb.length / 2)], values: mb } } },
        checks: [
          check('memory grown in the second half', (mb.at(-1) ?? Number.NaN) - half, { atMost: 15, unit: ' MB' }),
          check('shared mappings grown', (memory.at(-1)?.shared ?? Number.NaN) - (memory[0]?.shared ?? 0), { atMost: 100 }),
        ],
      };
    } finally {
      await browser.close();
      close();
      await invigil.stop();
    }
  },
};
