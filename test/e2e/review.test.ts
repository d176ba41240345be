import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, type OpenBrowser, skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { join as joinExam } from '../helpers/exam.ts';
import { ended, finishLive, sendChunks, startLive } from '../helpers/live.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { watchDrift } from './helpers/drift.ts';
import { expectGood, heading, press } from './helpers/room.ts';
import { watchSaid } from './helpers/said.ts';
import { sit, type Sitting } from './helpers/sitting.ts';

const LOOKS = [
  ['light', 1_440],
  ['dark', 1_440],
  ['light', 1_024],
  ['dark', 390],
] as const;

const WIDE_AND_NARROW = [
  ['light', 1_440],
  ['dark', 390],
] as const;

describe.skipIf(skipsBrowser)('the review of a candidate', () => {
  let server: TestServer;
  let browser: OpenBrowser;
  let folder: string;
  let sitting: Sitting;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'invigil-review-'));
    server = await startTestServer();
    browser = await openBrowser();
    sitting = await sit(server, folder);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(name: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.openPage({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } });
    const problems = await watchProblems(page);
    await page.goto(await sitting.consoleOf(name));
    await heading(page, 'Ada Lovelace');
    return { page, problems };
  }

  const rows = (page: Page, text: string | RegExp) => page.locator('ol > li').filter({ hasText: text });
  const clock = (page: Page) => page.getByTestId('player-time').innerText();
  const timeAt = (seconds: number) => new Date(sitting.begun + seconds * 1_000).toLocaleTimeString('en-GB');
  const goTo = async (page: Page, text: string) => {
    await page.getByLabel('Go to').fill(text);
    await press(page, 'Go');
  };
  const verdict = (page: Page) => page.getByTestId('verdict');

  it('plays camera and screen on one clock, and skips what was not recorded', async () => {
    const { page, problems } = await open('Ms One');
    await goTo(page, timeAt(3));
    expect(await clock(page)).toBe(timeAt(3));
    await expect.poll(() => page.locator('[data-state="ready"]').count()).toBe(2);
    for (const speed of ['1', '2', '4']) {
      await page.getByLabel('Speed').selectOption(speed);
      await goTo(page, timeAt(3));
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      const { worst, median } = await watchDrift(page, 2 + Number(speed));
      await press(page, 'Pause');
      console.info(`at ${speed}×: at most ${worst.toFixed(3)} s apart, mostly ${median.toFixed(3)} s`);
      // Each is put where the clock is when it is 0.2 s away: on a busy machine, one of them ahead and the other behind.
      expect(worst).toBeLessThanOrEqual(0.4);
      expect(median).toBeLessThanOrEqual(0.25);
    }
    await page.getByLabel('Speed').selectOption('4');
    await goTo(page, timeAt(19));
    const said = await watchSaid(page);
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await said(/Skipped .* without a recording/);
    await page.getByText('This is the end of what was recorded').waitFor();
    expect(Number(await page.locator('input[type=range]').inputValue())).toBeGreaterThan(sitting.begun + 86_000);
    const lanes = page.getByTestId('lanes');
    const [from = 0, to = 0] = await Promise.all(
      ['min', 'max'].map(async (name) => Number(await page.locator('input[type=range]').getAttribute(name))),
    );
    const { width = 1 } = (await lanes.boundingBox()) ?? {};
    // There both were recorded, however long it is until the candidate handed in.
    await lanes.hover({ position: { x: ((sitting.begun + 9_000 - from) / (to - from)) * width, y: 10 } });
    const loaded = `[...document.querySelectorAll('[data-testid=lanes] img')].filter((image) => image.naturalWidth > 0).length`;
    await expect.poll(() => page.evaluate(loaded)).toBe(2);
    await writeFile('build/screenshots/review-0-preview.png', await page.screenshot());
    await lanes.click({ position: { x: 60, y: 10 } });
    const clicked = from + (60 / width) * (to - from);
    expect(Math.abs(Number(await page.locator('input[type=range]').inputValue()) - clicked)).toBeLessThan(1_500);
    await goTo(page, timeAt(6 * 3_600));
    await page.getByText(/The exam was not then/).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it('plays on with a new link when that of a recording has ended', async () => {
    const other = await browser.openPage({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } });
    const refused = new Set<string>();
    await other.route(/\/playback\?/, async (route) => {
      const { pathname } = new URL(route.request().url());
      const isFirst = !refused.has(pathname);
      refused.add(pathname);
      if (isFirst) await route.fulfill({ status: 401, body: '{}' });
      else await route.continue();
    });
    await other.goto(await sitting.consoleOf('Ms One'));
    await goTo(other, timeAt(3));
    await expect.poll(() => other.locator('[data-state="ready"]').count()).toBe(2);
    expect(refused.size).toBe(2);
    await other.close();
  });

  it('shows why a warning was raised; decisions bear a reason, and can be taken back', async () => {
    const { page, problems } = await open('Ms One');
    await goTo(page, timeAt(0));
    await press(page, 'Next warning');
    const panel = page.getByTestId('warning');
    await panel.getByRole('heading', { name: 'Another tab' }).waitFor();
    await panel.getByText('<b>another</b> tab').waitFor();
    await rows(page, /No face, for/)
      .locator('button')
      .last()
      .click();
    await panel.getByText('Not comparable between types').waitFor();
    await panel.getByText('2 s, by the exam’s sensitivity (high)').waitFor();
    await expect.poll(() => page.evaluate(`document.querySelector('[data-testid=warning] img')?.naturalWidth`)).toBeGreaterThan(100);
    await expectGood(page, 'review-1-warning', LOOKS);

    await panel.getByRole('button', { name: 'Confirm' }).click();
    await rows(page, /No face, for/)
      .getByText('Confirmed')
      .waitFor();
    await panel.getByText('Confirmed by Ms One').waitFor();
    await page.getByLabel('Show').last().selectOption('open');
    await page
      .getByRole('checkbox', { name: /Select: Another tab/ })
      .first()
      .check();
    await press(page, 'Select all of this type');
    await page.getByText('3 warnings selected').waitFor();
    await expectGood(page, 'review-2-bulk', WIDE_AND_NARROW);
    await page.locator('section', { hasText: 'Everything in time order' }).getByRole('button', { name: 'Permitted' }).click();
    await page.getByText('Dismissed: 3 warnings.').waitFor();
    await page.getByLabel('Show').last().selectOption('decided');
    await expect.poll(() => rows(page, 'Dismissed').count()).toBe(3);
    await press(page, 'Undo');
    await expect.poll(() => rows(page, 'Dismissed').count()).toBe(0);
    await page.getByLabel('Show').last().selectOption('warnings');
    await rows(page, 'Another tab').first().locator('button').last().click();
    await panel.getByLabel('Another reason').fill('The <i>school’s</i> own page');
    await panel.getByRole('button', { name: 'Dismiss', exact: true }).click();
    await panel.getByText('The <i>school’s</i> own page').waitFor();
    // What was asked for before may be answered after it, and shows for a moment what was so then.
    await expect.poll(() => rows(page, 'Dismissed').count()).toBe(1);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('hears at once what another proctor decides, without losing its place', async () => {
    const [{ page: one }, { page: two }] = [await open('Ms One'), await open('Mr Two')];
    await goTo(two, timeAt(6));
    await rows(one, 'More than one face').filter({ hasText: 'No decision' }).locator('button').last().click();
    await one.getByTestId('warning').getByRole('button', { name: 'Confirm' }).click();
    await rows(two, 'More than one face').getByText('Confirmed').waitFor();
    expect(await clock(two)).toBe(timeAt(6));
    await one.close();
    await two.close();
  });

  it('takes a violation from two people who judge for themselves, then an objection and its answer', async () => {
    const [{ page: one, problems }, { page: two }] = [await open('Ms One'), await open('Mr Two')];
    // What is being written is in its field until the answer has come, and in the list as soon as the log tells of it.
    const judged = (page: Page, reason: string) => page.getByTestId('judge').getByRole('listitem').getByText(reason);
    const judge = async (page: Page, choice: RegExp, reason: string, label = 'Reason') => {
      await page.getByRole('radio', { name: choice }).check();
      await page.getByLabel(label, { exact: true }).fill(reason);
      await press(page, 'Record the decision');
    };
    await judge(one, /^Violation/, 'Two faces at 10:41');
    await judged(one, 'Two faces at 10:41').waitFor();
    await two.getByText('A second look is needed').first().waitFor();
    expect(await two.getByText('Two faces at 10:41').count()).toBe(0);
    expect(await two.getByTestId('judge').getByText('Ms One').count()).toBe(0);
    await expectGood(two, 'review-3-blind', WIDE_AND_NARROW);
    await judge(two, /^Violation/, 'I see them too');
    await expect.poll(() => verdict(two).innerText()).toMatch(/^violation$/i);
    await judged(two, 'Two faces at 10:41').waitFor();
    await expect.poll(() => verdict(one).innerText()).toMatch(/^violation$/i);

    await server.post(`/exams/${sitting.examId}/contest`, { text: 'My <b>sister</b> came in' }, { credential: sitting.token });
    await one.getByText('My <b>sister</b> came in').waitFor();
    await expectGood(one, 'review-4-contested', LOOKS);
    await judge(one, /^Overturned/, 'We believe you', 'Answer to the candidate');
    await expect.poll(() => verdict(one).innerText()).toMatch(/^withdrawn$/i);
    await one.getByText('The answer to the objection is final').waitFor();
    await press(one, 'I have looked through it');
    await one.getByText('You looked through it').waitFor();
    expect(problems).toEqual([]);
    await one.close();
    await two.close();
  });

  it('gives the report as a document, as a table and on paper', async () => {
    const { page, problems } = await open('Ms One');
    for (const [button, begin] of [
      ['Report (PDF)', '%PDF-'],
      ['Exam (CSV)', '\uFEFFuserId'],
    ] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), press(page, button)]);
      const bytes = await readFile(await download.path());
      expect(bytes.length).toBeGreaterThan(200);
      expect(bytes.toString('utf8').startsWith(begin)).toBe(true);
    }
    await press(page, 'Print view');
    await page.getByRole('heading', { name: 'Warnings and who decided' }).waitFor();
    await expectGood(page, 'review-5-report', WIDE_AND_NARROW);
    expect((await page.pdf({ format: 'A4', path: 'build/screenshots/review-6-print.pdf' })).length).toBeGreaterThan(10_000);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('can be done with the keyboard alone', async () => {
    const { page } = await open('Mr Two');
    await goTo(page, timeAt(0));
    await page.locator('h1').focus();
    const panel = page.getByTestId('warning');
    for (let n = 0; n < 6; n++) {
      await page.keyboard.press('j');
      if ((await panel.innerText()).includes('No face')) break;
    }
    await panel.getByRole('heading', { name: 'No face' }).waitFor();
    await page.keyboard.press('x');
    await page.keyboard.type('A hand before the camera');
    await page.keyboard.press('Enter');
    await panel.getByText('A hand before the camera').waitFor();
    // The log may tell of the decision before its answer comes, and only then can it be taken back.
    await page.getByText('Dismissed: 1 warning').waitFor();
    await page.locator('h1').focus();
    await page.keyboard.press('z');
    // Taken back in the own name: it was another's decision.
    await panel.getByText('Confirmed by Mr Two').waitFor();
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.getByLabel('Single keys are on').uncheck();
    await page.keyboard.press('Escape');
    const before = await clock(page);
    await page.keyboard.press('n');
    expect(await clock(page)).toBe(before);
    // Without single keys everything is in the order of Tab. It played for a while: there must be a next warning.
    await goTo(page, timeAt(0));
    const reached = new Set<string>();
    await page.locator('h1').focus();
    for (let n = 0; n < 70; n++) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate<string>(
          `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? '').trim()`,
        ),
      );
    }
    for (const name of ['Play', 'Next warning', 'Position', 'Confirm', 'Select all shown', 'I have looked through it', 'Keys'])
      expect([...reached], name).toContain(name);
    await page.close();
  });

  it('says what is missing: a candidate whom nobody knows, and one of whom nothing was recorded', async () => {
    const page = await browser.openPage({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } });
    await page.goto(await sitting.consoleOf('Ms One', 'nobody'));
    await heading(page, 'This candidate is not in the exam');
    await page.close();
    const other = await browser.openPage({ locale: 'de-DE', viewport: { width: 1_440, height: 900 } });
    await other.goto(await sitting.consoleOf('Ms One', 'ben'));
    await heading(other, 'Ben <b>B.</b>');
    await other.getByText('Nichts wurde aufgenommen').first().waitFor();
    await expectGood(other, 'review-7-nothing', WIDE_AND_NARROW);
    await other.close();
  });

  it('says in words what cannot be played, and why', async () => {
    const { examId } = sitting;
    const name = `${'محمد'.repeat(25)}${'W'.repeat(100)}`;
    await server.post(`/exams/${examId}/participants`, { participants: [{ userId: 'cleo', name }] });
    const token = await joinExam(server, examId, 'cleo');
    const camera = await startLive(server, { examId, userId: 'cleo' }, token);
    await sendChunks(server, camera.id, [Buffer.concat([Buffer.from('1a45dfa3', 'hex'), Buffer.alloc(3_000, 'no video')])], 0, token);
    await finishLive(server, camera.id, token);
    expect(await ended(server, camera.id)).toMatchObject({ status: 'failed' });
    await startLive(server, { examId, userId: 'cleo', type: 'screen' }, token);
    const page = await browser.openPage({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } });
    await page.goto(await sitting.consoleOf('Ms One', 'cleo'));
    await heading(page, name);
    await page.getByText('Nothing of this recording can be played').waitFor();
    await page.getByText('Still being received').first().waitFor();
    await page.getByText('The analysis failed').waitFor();
    await expectGood(page, 'review-8-failed', WIDE_AND_NARROW);
    await page.close();

    const other = await browser.openPage({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } });
    let isBroken = true;
    await other.route(/\/playback\?/, (route) =>
      isBroken ? route.fulfill({ status: 200, contentType: 'video/webm', body: 'x' }) : route.continue(),
    );
    await other.goto(await sitting.consoleOf('Ms One'));
    await goTo(other, timeAt(3));
    await expect.poll(() => other.getByText('This browser cannot play this recording').count()).toBe(2);
    isBroken = false;
    await press(other, 'Try again');
    await expect.poll(() => other.locator('[data-state="ready"]').count()).toBe(2);
    await other.close();
  });
});
