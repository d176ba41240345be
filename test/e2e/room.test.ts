import { describe, expect, it } from 'vitest';
import { skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { download } from '../helpers/live.ts';
import { checkIn, expectGood, factsOf, gapsInside, heading, invite, joined, press, secondsLeft, setClockAhead } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

const HOUR = 3_600_000;

describe.skipIf(skipsBrowser)('the exam room', () => {
  const stage = setStage();

  const staff = (examId: string, path: string, body: object = {}) => stage.server.post(`/exams/${examId}${path}`, body);
  it('takes a candidate from the link to the receipt, and every state is good to look at and to use', async () => {
    const settings = {
      identityPhoto: true,
      admission: 'proctor',
      screenRecording: true,
      aiDetection: { enabled: true, sensitivity: 'high' },
    };
    const { examId, link } = await invite(stage.server, { settings });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    const problems = await watchProblems(page);
    await page.goto(link);
    await heading(page, 'Algebra');
    await expectGood(page, '01-welcome');
    await press(page, /I have read this/);
    await heading(page, 'Camera and screen');
    await expectGood(page, '02-devices-off');
    await press(page, /Switch on the camera/);
    await press(page, 'Share your screen');
    await page.getByText('On: ').nth(2).waitFor();
    await expectGood(page, '03-devices-on');
    await press(page, 'Continue');
    await press(page, 'Take the picture');
    await page.getByText('One face, and clear.').waitFor();
    await expectGood(page, '04-photo');
    await press(page, 'Use this picture');
    await press(page, 'Record three seconds');
    await page.getByText('This came back from the server').waitFor();
    await expectGood(page, '05-proof');
    await press(page, /It looks right/);
    await heading(page, 'You are in the waiting room');
    await expectGood(page, '06-waiting');

    await staff(examId, '/messages', { userId: 'ada', text: 'Welcome, Ada' });
    await page.getByText('Welcome, Ada').first().waitFor();
    await staff(examId, '/admit');
    await page.getByText('Recording', { exact: true }).first().waitFor();
    await page.getByText('sent up to').first().waitFor();
    await expectGood(page, '07-exam');
    await press(page, 'I have read it');
    // Its notice goes, and what is below moves up: not under the pointer that presses the next one.
    await expect.poll(() => page.getByRole('button', { name: 'I have read it' }).count()).toBe(0);
    await press(page, 'Raise your hand');
    await page.getByLabel('What is it about?').waitFor();
    await press(page, 'Raise your hand');
    await page.getByText('Your hand is up').waitFor();
    expect((await factsOf(stage.server, examId)).status).toBe('ACTIVE');

    await staff(examId, '/participants/ada/pause', { reason: 'Fire alarm' });
    await heading(page, 'Your exam is paused');
    await page.getByText('Reason: Fire alarm').waitFor();
    await expectGood(page, '08-paused');
    const held = await secondsLeft(page);
    await staff(examId, '/participants/ada/resume');
    await page.getByText('Recording', { exact: true }).first().waitFor();
    await staff(examId, '/participants/ada/time', { minutes: 7, reason: 'The alarm' });
    await expect.poll(() => secondsLeft(page)).toBeGreaterThan(held + 360);

    await press(page, 'Finish the exam');
    await expectGood(page, '09-finish');
    await press(page, 'Yes, finish');
    await page.getByText('Everything has arrived').waitFor();
    await page.getByRole('heading', { name: 'Receipt' }).waitFor();
    await expect.poll(() => page.getByText('not complete yet').count()).toBe(0);
    await expectGood(page, '10-ended');

    const facts = await joined(stage.server, examId);
    expect(facts.status).toBe('SUBMITTED');
    expect(facts.recordings.map(({ type }) => type).toSorted()).toEqual(['SCREEN', 'WEBCAM']);
    for (const { id, sha256, duration, spans } of facts.recordings) {
      expect(duration).toBeGreaterThan(3);
      expect(spans.length).toBeGreaterThan(0);
      expect((await download(stage.server, id)).length).toBeGreaterThan(10_000);
      expect(facts.submission?.receipt.recordings.find((one) => one.id === id)).toEqual({ id, sha256, complete: true });
    }
    expect(gapsInside(facts)).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('shows the server’s time on a laptop that is two hours off', async () => {
    const { link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await setClockAhead(page, 2);
    await checkIn(page, link);
    await page.getByText('Recording', { exact: true }).first().waitFor();
    const left = await secondsLeft(page);
    expect(left).toBeGreaterThan(3_000);
    expect(left).toBeLessThanOrEqual(3_600);
    await page.close();
  });

  it('practises all of it, joins nothing and keeps nothing', async () => {
    const { examId, link } = await invite(stage.server, {
      settings: { identityPhoto: true },
      opensAt: new Date(Date.now() + HOUR).toISOString(),
    });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(link);
    await heading(page, /is not open yet/);
    await expectGood(page, '20-not-open');
    const files = await stage.server.storedFiles();
    await page.getByRole('link', { name: 'Practise now' }).click();
    await press(page, /I have read this/);
    await press(page, /Switch on the camera/);
    await press(page, 'Continue');
    await press(page, 'Take the picture');
    await press(page, 'Use this picture');
    await press(page, 'Record three seconds');
    await press(page, /end the practice run/);
    await heading(page, 'Everything works');
    await expectGood(page, '21-practised');
    expect((await factsOf(stage.server, examId)).status).toBe('INVITED');
    expect(await stage.server.storedFiles()).toEqual(files);
    await page.close();
  });
});
