import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type OpenBrowser, skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { createExam } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

describe.skipIf(skipsBrowser)('the page of an exam in a browser', () => {
  let server: TestServer;
  let browser: OpenBrowser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startTestServer(), openBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  it('shows something, and breaks none of the rules that its headers make', async () => {
    const { accessUrl } = await createExam(server);
    const page = await browser.openPage();
    const problems = await watchProblems(page);
    const { pathname, hash } = new URL(accessUrl);
    await page.goto(server.url + pathname + hash, { waitUntil: 'networkidle' });
    await expect.poll(() => page.locator('#room').innerText()).not.toBe('');
    expect(problems).toEqual([]);
  });

  it('does break them where a script is written into it, so that this test would notice', async () => {
    const page = await browser.openPage();
    const problems = await watchProblems(page);
    await page.goto(`${server.url}/exam/exam_0123456789`);
    const write = page.evaluate(`document.body.innerHTML = '<img src="data:,">'`);
    await expect(write).rejects.toThrow(/TrustedHTML/);
    await expect.poll(() => problems.join()).toContain('require-trusted-types-for forbids');
  });
});
