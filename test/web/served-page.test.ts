import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type OpenBrowser, skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { createExam } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

/** A proxy that serves the server below `/proctoring`, as schools do that have one host for everything. */
async function startPrefixProxy(target: string) {
  const proxy = createServer((req, res) => {
    const path = /^\/proctoring(\/.*)/.exec(req.url ?? '')?.[1] ?? '/outside';
    const onward = request(target + path, { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/proctoring`,
    stop: () => {
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}

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
    await page.locator('#room h1').waitFor();
    expect(problems).toEqual([]);
  });

  it('loads all of its parts behind a proxy that adds a prefix to its path', async () => {
    const proxy = await startPrefixProxy(server.url);
    const page = await browser.openPage();
    const failed: string[] = [];
    page.on('response', (answer) => {
      if (answer.url().includes('/assets/') && !answer.ok()) failed.push(answer.url());
    });
    await page.goto(`${proxy.url}/exam/exam_0123456789`, { waitUntil: 'networkidle' });
    await page.locator('#room h1').waitFor();
    expect(failed).toEqual([]);
    await page.close();
    proxy.stop();
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
