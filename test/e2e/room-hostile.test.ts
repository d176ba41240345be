import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type OpenBrowser, skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { createExam } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { checkIn, expectGood, factsOf, filmFace, gapsInside, goThrough, heading, invite, joined, press } from './helpers/room.ts';

const MARKUP = `<img src=x onerror="window.hit=1"><b>{name}</b> \u202e&lt;#tag# '`;

/** Questions that look for whatever they can get of the page around them, and write it into their title. */
const SPY = `<!doctype html><title>spy</title><script>
  const got = { referrer: document.referrer };
  const attempt = (name, what) => { try { got[name] = String(what()); } catch (error) { got[name] = error.name; } };
  attempt('document', () => parent.document.title);
  attempt('hash', () => parent.location.hash);
  attempt('storage', () => parent.localStorage.length);
  attempt('top', () => { top.location = 'about:blank#taken'; return 'asked'; });
  attempt('camera', () => document.featurePolicy?.allowsFeature('camera') ?? false);
  attempt('screen', () => document.featurePolicy?.allowsFeature('display-capture') ?? false);
  for (const type of ['start', 'token', 'hand-in', 'stop', 'renewed', 'signed-out']) parent.postMessage({ type, token: 'x', message: 'x' }, '*');
  addEventListener('message', ({ data }) => { got.message = JSON.stringify(data); });
  got.ancestors = [...(location.ancestorOrigins ?? [])].join();
  got.own = location.href;
  fetch('/told', { method: 'POST', body: JSON.stringify(got) });
</script>`;

describe.skipIf(skipsBrowser)('the exam room, among people who mean ill', () => {
  let server: TestServer;
  let browser: OpenBrowser;
  let folder: string;
  let questions: Server;
  const told: Record<string, string>[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'invigil-hostile-'));
    const cameraFile = await filmFace(folder);
    [server, browser] = await Promise.all([startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '2' }), openBrowser({ cameraFile })]);
    const note = async (req: IncomingMessage) => told.push({ ...((await json(req)) as object), header: req.headers.referer ?? '' });
    questions = createServer((req, res) => {
      if (req.method === 'POST') void note(req);
      res.setHeader('content-type', 'text/html').end(SPY);
    }).listen(0, '127.0.0.1');
    await once(questions, 'listening');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    questions?.closeAllConnections();
    questions?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const isRecording = (page: Page) => page.getByText('Recording', { exact: true }).first().waitFor();
  async function handIn(page: Page): Promise<void> {
    await press(page, /Finish the exam/);
    await press(page, /Yes, finish/);
    await page.getByText('Everything has arrived').waitFor();
  }
  const at = (url: string) => server.url + new URL(url).pathname + new URL(url).hash;

  it('shows what people write as they wrote it, and tells the questions in its frame nothing', async () => {
    const contentUrl = `http://127.0.0.1:${(questions.address() as AddressInfo).port}/questions`;
    const { examId, link } = await invite(server, { title: MARKUP, contentUrl, contentMode: 'embedded' } as object);
    const page = await browser.openPage({ locale: 'en-GB' });
    const problems = await watchProblems(page);
    await checkIn(page, link);
    await isRecording(page);
    await server.post(`/exams/${examId}/messages`, { userId: 'ada', text: `${MARKUP}\n${'W'.repeat(1_900)}` });
    await page.getByText('onerror').nth(1).waitFor();
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(told[0]).toEqual({
      ...{
        referrer: '',
        header: contentUrl,
        document: 'SecurityError',
        hash: 'SecurityError',
        storage: 'SecurityError',
        top: 'SecurityError',
      },
      ...{ camera: 'false', screen: 'false', ancestors: server.url, own: contentUrl },
    });
    await server.post(`/exams/${examId}/participants/ada/pause`, { reason: `${MARKUP} ${'M'.repeat(400)}` });
    await page
      .getByText(/Reason/)
      .first()
      .waitFor();
    await expectGood(page, '80-hostile-words');
    expect(await page.evaluate('[window.hit, document.querySelectorAll("img[src=x]").length]')).toEqual([undefined, 0]);
    await server.post(`/exams/${examId}/participants/ada/resume`, {});
    await handIn(page);
    const refusedTop = /Unsafe attempt to initiate navigation|violates the following|Failed to (read|set) a named property/;
    expect(problems.filter((problem) => !refusedTop.test(problem))).toEqual([]);
    await page.close();
  });

  it('asks who is here where somebody used the shared link in this browser before, and shows nothing of theirs', async () => {
    const { id: examId, accessUrl } = await createExam(server, { settings: { screenRecording: false, candidateView: 'live' } });
    const link = at(accessUrl);
    const page = await browser.openPage({ locale: 'en-GB' });
    await page.goto(link);
    await page.getByLabel('Your user name').fill('ada');
    await page.getByLabel('Your name').fill('Ada L.');
    await press(page, /I have read this/);
    await goThrough(page);
    await page.getByText('sent up to').first().waitFor();
    await server.post(`/exams/${examId}/warnings`, { userId: 'ada', warnings: [{ type: 'tab_switch', details: 'Only for Ada' }] });
    await handIn(page);
    await page.getByText('Only for Ada').waitFor();
    await page.reload();
    await heading(page, 'Are you Ada L.?');
    expect(await page.getByText(/Only for Ada|Receipt/).count()).toBe(0);
    await expectGood(page, '81-somebody');
    await press(page, 'Yes, that is me');
    await page.getByText('Only for Ada').waitFor();
    await page.reload();
    await press(page, 'No, I am somebody else');
    await page.getByLabel('Your user name').fill('grace');
    await page.getByLabel('Your name').fill('Grace H.');
    await press(page, /I have read this/);
    await goThrough(page);
    await page.getByText('sent up to').first().waitFor();
    await handIn(page);
    expect(await page.getByText('Only for Ada').count()).toBe(0);
    const { exam } = await server
      .graphql()
      .request<{ exam: { recordings: { edges: { node: { userId: string } }[] } } }>(
        `{ exam(id: "${examId}") { recordings(first: 10) { edges { node { userId } } } } }`,
      );
    expect(exam.recordings.edges.map(({ node }) => node.userId).toSorted()).toEqual(['ada', 'grace']);
    await page.close();
  });

  it('lets nobody who opens the link elsewhere disturb the one who sits', async () => {
    const { examId, link } = await invite(server);
    const page = await browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await isRecording(page);
    const thief = await browser.openPage({ locale: 'en-GB' });
    await thief.goto(link);
    await heading(thief, /in another browser|already/);
    const sessions = async () => (await factsOf(server, examId)).warnings.edges.filter(({ node }) => node.type === 'second_session').length;
    expect(await sessions()).toBe(0);
    await thief.getByRole('button').last().click();
    await expect.poll(sessions).toBe(1);
    await thief.close();
    await handIn(page);
    expect(gapsInside(await joined(server, examId))).toEqual([]);
    await page.close();
  });

  it('keeps two exams apart that one browser has open at once', async () => {
    const profile = join(folder, 'two');
    const own = await openBrowser({ cameraFile: join(folder, 'face.mjpeg'), profile });
    try {
      const exams = [await invite(server), await invite(server)];
      const pages = await Promise.all(exams.map(() => own.openPage()));
      for (const [n, page] of pages.entries()) {
        await checkIn(page, exams[n]?.link ?? '');
        await isRecording(page);
      }
      for (const page of pages) {
        await page.bringToFront();
        await handIn(page);
      }
      for (const { examId } of exams) expect((await joined(server, examId)).recordings).toHaveLength(1);
    } finally {
      await own.close();
    }
  });
});
