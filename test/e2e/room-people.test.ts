import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { skipsBrowser } from '../helpers/browser.ts';
import { createExam, join as joinExam, tokenIn } from '../helpers/exam.ts';
import { checkIn, expectGood, factsOf, heading, invite, press } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

/** Goes by Tab to what has this name, as somebody does who has no mouse, and presses Enter. */
async function go(page: Page, name: RegExp): Promise<void> {
  const focused = () =>
    page.evaluate<string>(`(() => { const it = document.activeElement === document.body ? null : document.activeElement;
      return it?.labels?.[0]?.textContent ?? it?.getAttribute('aria-label') ?? it?.textContent ?? ''; })()`);
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    if (name.test(await focused())) return;
  }
  throw new Error(`the keyboard does not reach ${name}`);
}
async function enter(page: Page, name: RegExp): Promise<void> {
  await page.getByRole('button', { name }).and(page.locator(':enabled')).first().waitFor();
  await go(page, name);
  await page.keyboard.press('Enter');
}

describe.skipIf(skipsBrowser)('the exam room, for everybody', () => {
  const stage = setStage();

  it('can be gone through with the keyboard alone, and each step takes the focus to its title', async () => {
    const { examId, link } = await invite(stage.server, { settings: { identityPhoto: true } });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    const title = () => page.evaluate<string>(`document.activeElement?.tagName + ' ' + document.activeElement?.textContent`);
    await page.goto(link);
    await expect.poll(title).toBe('H1 Algebra');
    await enter(page, /I have read this/);
    await expect.poll(title).toMatch(/^H1 Camera/);
    await enter(page, /Switch on the camera/);
    await enter(page, /^Continue/);
    await expect.poll(title).toMatch(/^H1 A picture/);
    await enter(page, /Take the picture/);
    await enter(page, /Use this picture/);
    await expect.poll(title).toMatch(/^H1 Does it arrive/);
    await enter(page, /Record three seconds/);
    await enter(page, /It looks right/);
    await page.getByText('Recording', { exact: true }).first().waitFor();
    await enter(page, /Raise your hand/);
    await page.keyboard.type('The light is broken');
    await page.keyboard.press('Enter');
    await page.getByText('Your hand is up').waitFor();
    await enter(page, /Finish the exam/);
    await page.getByRole('heading', { name: 'Finish the exam?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Finish the exam?' }).waitFor({ state: 'detached' });
    await enter(page, /Finish the exam/);
    await enter(page, /Yes, finish/);
    await page.getByText('Everything has arrived').waitFor();
    await expect.poll(async () => (await factsOf(stage.server, examId)).status).toBe('SUBMITTED');
    await page.close();
  });

  it('asks by the shared link who comes, once, and by a closed one sends people to their own', async () => {
    const shared = await createExam(stage.server, { settings: { screenRecording: false, webcam: false } });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    const at = (url: string) => stage.server.url + new URL(url).pathname + new URL(url).hash;
    await page.goto(at(shared.accessUrl));
    await press(page, /I have read this/);
    await page.getByText('Write this down').first().waitFor();
    await expectGood(page, '50-who');
    await page.getByLabel('Your user name').fill('grace');
    await page.getByLabel('Your name').fill('Grace H.');
    await press(page, /I have read this/);
    await heading(page, 'Algebra');
    await page.getByText('Time left').waitFor();
    await page.reload();
    await page.getByText('Time left').waitFor();
    const closed = await createExam(stage.server, { settings: { sharedLink: false } });
    await page.goto(at(closed.accessUrl));
    await heading(page, 'This link lets nobody in');
    await expectGood(page, '51-not-let-in');
    await page.goto(at(closed.adminUrl).replace('/admin', ''));
    await heading(page, 'This is a link for proctors');
    await page.close();
  });

  it('shows afterwards what is held against the candidate, in any browser, and takes one answer', async () => {
    const { examId, link } = await invite(stage.server);
    const token = await joinExam(stage.server, examId, 'ada', tokenIn(link));
    await stage.server.post(`/exams/${examId}/warnings`, { userId: 'ada', warnings: [{ type: 'tab_switch', details: 'Hidden for 12 s' }] });
    await stage.server.post(`/exams/${examId}/submit`, { userId: 'ada', stats: {} }, { credential: token });
    await stage.server.post(`/exams/${examId}/participants/ada/review`, { status: 'suspicious', reason: 'Away for long' });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(link);
    await heading(page, 'You have handed in');
    await page.getByText('Another tab or window was in front').waitFor();
    await page.getByText('There are doubts about your exam').waitFor();
    await page.getByText('Your receipt is in the browser').waitFor();
    await expectGood(page, '60-findings');
    await page.getByLabel('Your answer').fill('I looked for the calculator that was permitted.');
    await press(page, 'Answer');
    await heading(page, /Your answer of/);
    await stage.server.post(`/exams/${examId}/participants/ada/review`, { status: 'overturned', reason: 'Permitted indeed' });
    await page.reload();
    await page.getByText('The decision was withdrawn').waitFor();
    await page.getByText('Permitted indeed').waitFor();
    await expectGood(page, '61-answered');
    await page.close();
  });

  it('hears on the open page, once sent out, what staff write and decide, and goes on where it was when let back in', async () => {
    const { examId, link } = await invite(stage.server, { settings: { screenRecording: true, candidateView: 'live' } });
    const ada = (path: string, body: object) => stage.server.post(`/exams/${examId}/participants/ada${path}`, body);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link, { screen: true });
    await page.getByText('sent up to').first().waitFor();
    await ada('/terminate', { reason: 'A second person was in the room' });
    await heading(page, 'Staff ended your exam');
    await page.getByText('A second person was in the room').waitFor();
    await stage.server.post(`/exams/${examId}/messages`, { userId: 'ada', text: 'Please call 1234' });
    await page.getByRole('listitem').getByText('Please call 1234').waitFor();
    await press(page, 'I have read it');
    await page
      .getByRole('listitem')
      .getByText(/· Read$/)
      .waitFor();
    await stage.server.post(`/exams/${examId}/warnings`, { userId: 'ada', warnings: [{ type: 'books', details: 'On the desk' }] });
    await page.getByText('On the desk').waitFor();
    await ada('/review', { status: 'suspicious', reason: 'Somebody was there' });
    await page.getByText('There are doubts about your exam').waitFor();
    await page.getByLabel('Your answer').fill('That was my mother.');
    await press(page, 'Answer');
    await heading(page, /Your answer of/);
    await expectGood(page, '62-sent-out');
    await ada('/review', { status: 'overturned', reason: 'We believe you' });
    await page.getByText('We believe you').waitFor();
    await ada('/readmit', { reason: 'It was her mother' });
    await page.getByText('Recording', { exact: true }).first().waitFor();
    // The browser shows the screen after a click only; nothing stopped, and nothing is said to be noted.
    await heading(page, 'Your screen is not shared yet');
    expect(await page.getByText('noted as a fault').count()).toBe(0);
    await expectGood(page, '63-let-back-in');
    await press(page, 'Share it again');
    await page.getByText('Your screen is not shared yet').waitFor({ state: 'detached' });
    await page.close();
  });
});
