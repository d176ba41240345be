import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { checkIn, expectGood, factsOf, hide, hideFor, invite } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

/** Tries what questions must not do to the room around them, and tells what came of it. */
const QUESTIONS = `<!doctype html><html lang="en"><title>Questions</title><main><h1>Question 1</h1><label>Answer <input></label><p id="found"></p></main>
<script>
  const tried = [];
  const attempt = (name, work) => { try { work(); tried.push(name); } catch {} };
  attempt('read the address of the room', () => parent.location.href);
  attempt('read the token', () => parent.localStorage.length);
  if (top !== self) attempt('leave the room', () => { top.location.href = 'about:blank'; });
  navigator.mediaDevices?.getUserMedia({ video: true }).then(() => tried.push('use the camera'), () => {}).finally(() => {
    document.getElementById('found').textContent = 'Tried: ' + tried.join(', ') + '. From: ' + document.referrer;
  });
</script></html>`;

describe.skipIf(skipsBrowser)('the questions in the exam room', () => {
  const stage = setStage();
  let school: Server;
  let contentUrl: string;
  beforeAll(async () => {
    school = createServer((req, res) => {
      if (req.url === '/away') res.writeHead(302, { location: `${stage.server.url}/graphql` }).end();
      else res.writeHead(200, { 'content-type': 'text/html' }).end(QUESTIONS);
    }).listen(0, '127.0.0.1');
    await once(school, 'listening');
    contentUrl = `http://127.0.0.1:${(school.address() as AddressInfo).port}/quiz`;
  });
  afterAll(() => void school?.close());

  it('are in the room, where they can do nothing to it, and stay as they were through a pause', async () => {
    const { examId, link } = await invite(stage.server, { contentUrl });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    const problems = await watchProblems(page);
    await checkIn(page, link);
    const questions = page.frameLocator('iframe');
    await questions.getByText('Tried: .').waitFor();
    expect(await questions.locator('#found').innerText()).toBe('Tried: . From:');
    await questions.getByLabel('Answer').fill('42');
    await page.getByText('sent up to').first().waitFor();
    await expectGood(page, '80-questions');
    await stage.server.post(`/exams/${examId}/participants/ada/pause`, { reason: 'A question' });
    await page.getByText('Your exam is paused').waitFor();
    await expect.poll(() => page.locator('iframe').isVisible()).toBe(false);
    await stage.server.post(`/exams/${examId}/participants/ada/resume`, {});
    await expect.poll(() => questions.getByLabel('Answer').inputValue()).toBe('42');
    expect(page.url()).toContain(examId);
    // The questions were told no, which browsers write into the console.
    expect(problems.filter((problem) => !/Blocked a frame|permissions policy|Unsafe attempt/i.test(problem))).toEqual([]);
    await page.close();
  });

  it('cannot lead a page of the server into the frame, which has the origin of what it shows', async () => {
    const { link } = await invite(stage.server, { contentUrl: contentUrl.replace('/quiz', '/away') });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await page.locator('iframe').waitFor();
    const framed = () => page.frames().filter((frame) => frame !== page.mainFrame());
    await expect.poll(() => framed().map((frame) => frame.url())).toEqual(['chrome-error://chromewebdata/']);
    await page.close();
  });

  it('are left for a while: that is told once, with its length, and what the page asked for itself is not', async () => {
    const { examId, link } = await invite(stage.server, { contentUrl });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    // From when the page knows where the questions are it watches for what the exam asks for.
    await page.frameLocator('iframe').getByText('Question 1').waitFor();
    await hideFor(page, 0);
    const seconds = await hideFor(page, 2_500);
    await page.evaluate(`document.body.dispatchEvent(new ClipboardEvent('copy', { bubbles: true }))`);
    const told = async () => (await factsOf(stage.server, examId)).warnings.edges.map(({ node }) => `${node.type}: ${node.details}`);
    await expect.poll(told).toHaveLength(2);
    const lines = (await told()).toSorted();
    expect(lines).toEqual([
      'copy_paste: Text was copied in the exam page',
      expect.stringMatching(/^tab_switch: The page was hidden: another tab or window was in front for \d+ s$/),
    ]);
    expect(Math.abs(Number(/(\d+) s$/.exec(lines[1] ?? '')?.[1]) - seconds)).toBeLessThan(1);
    await page.close();
  });

  it('open in a window beside where the exam says so, and then nobody is told of it', async () => {
    const { examId, link } = await invite(stage.server, { contentUrl, contentMode: 'window' });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    const opened = page.context().waitForEvent('page');
    await page.getByRole('link', { name: 'Open the questions in a window' }).click();
    const questions = await opened;
    await questions.getByText('Question 1').waitFor();
    expect(await questions.evaluate('[opener, document.referrer]')).toEqual([null, '']);
    await hide(page, true);
    await page.waitForTimeout(1_500);
    await hide(page, false);
    await expectGood(page, '81-questions-beside');
    await page.getByText('sent up to').first().waitFor();
    expect((await factsOf(stage.server, examId)).warnings.edges).toEqual([]);
    await page.close();
  });

  it('fill the screen where the exam asks for it, and leaving that is told', async () => {
    const { examId, link } = await invite(stage.server, { contentUrl, settings: { browserLock: true } });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    const asked = page.getByText('This exam is to be written in full screen');
    await asked.waitFor();
    await page.getByText('Leaving it (with Esc, for example) is told to your proctor').waitFor();
    await expectGood(page, '82-full-screen');
    const ask = page.getByRole('button', { name: 'Full screen' });
    await ask.click();
    await ask.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.fullscreenElement !== null')).toBe(true);
    expect(await asked.count()).toBe(0);
    await page.evaluate('document.exitFullscreen()');
    await asked.waitFor();
    const told = async () => (await factsOf(stage.server, examId)).warnings.edges.map(({ node }) => node.type);
    await expect.poll(told).toContain('fullscreen_exit');
    await page.close();
  });

  it('leave the size of the window to the candidate where the browser is not to be locked', async () => {
    const { link } = await invite(stage.server, { contentUrl, settings: { browserLock: false } });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await page.getByRole('button', { name: 'Full screen' }).waitFor();
    expect(await page.getByText('This exam is to be written in full screen').count()).toBe(0);
    await page.close();
  });
});
