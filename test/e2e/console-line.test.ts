import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type OpenBrowser, skipsBrowser } from '../helpers/browser.ts';
import { createExam, join, report } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { startFreezableProxy } from '../helpers/proxy.ts';
import { freePort } from '../helpers/redis.ts';
import { startTestServer } from '../helpers/server.ts';
import { feed, openConsole, people } from './helpers/console.ts';
import { watchSaid } from './helpers/said.ts';

describe.skipIf(skipsBrowser)('the line of the proctor’s console', () => {
  let browser: OpenBrowser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  it('tells what happened while its line was cut, each thing once, and that nothing is missing', async () => {
    const port = await freePort();
    const server = await startTestServer({ ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
    const proxy = await startFreezableProxy(server.url, port);
    try {
      const { id: examId } = await createExam(server);
      const token = await join(server, examId, 'ada');
      const tell = () => report(server, examId, 'ada', ['copy_paste'], token);
      const page = await openConsole({ server, browser }, examId, { address: proxy.url.replace(/\/$/, '') });
      const said = await watchSaid(page);
      await tell();
      await feed(page).getByRole('button', { name: 'Text copied or pasted' }).waitFor();
      await page.getByText(/^(live|quiet)$/).waitFor();
      await proxy.cut();
      await page.getByText('The connection is lost').waitFor();
      await page.getByText('nothing heard').waitFor();
      for (let n = 0; n < 20; n += 1) await tell();
      await proxy.restore();
      await said(/20 events were read again, and nothing is missing/);
      await expect.poll(() => feed(page).getByRole('button', { name: 'Text copied or pasted' }).count()).toBe(21);
      await people(page).getByText('21 to review').waitFor();

      // What it knows last is not in the log any more: it reads the exam again.
      await proxy.cut();
      for (let n = 0; n < 3; n += 1) await tell();
      await runSql(server, 'DELETE FROM "Event" WHERE "examId" = $1', [examId]);
      await proxy.restore();
      await expect.poll(() => feed(page).getByRole('button', { name: 'Text copied or pasted' }).count()).toBeGreaterThan(0);
      await people(page).getByText('24 to review').waitFor();
      await tell();
      await people(page).getByText('25 to review').waitFor();
      await page.close();
    } finally {
      await proxy.stop();
      await server.stop();
    }
  });
});
