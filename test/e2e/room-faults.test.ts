import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, skipsBrowser } from '../helpers/browser.ts';
import { type FreezableProxy, startFreezableProxy } from '../helpers/proxy.ts';
import { checkIn, expectGood, type Facts, factsOf, gapsInside, heading, invite, joined, press } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

const isRecording = (page: Page) => page.getByText('Recording', { exact: true }).first().waitFor();

async function handIn(page: Page): Promise<void> {
  await press(page, 'Finish the exam');
  await press(page, 'Yes, finish');
}

/** Waits for so many more pictures of the stream that was recorded last. */
const pictures = (count: number) => `new Promise((resolve) => {
  const video = Object.assign(document.createElement('video'), { srcObject: filmed, muted: true });
  let left = ${count};
  const next = () => ((left -= 1) < 0 ? resolve() : video.requestVideoFrameCallback(next));
  next();
  void video.play();
})`;

/** Seconds of the camera's file, by the wall clock. */
const covered = ({ recordings }: Facts) =>
  recordings
    .filter(({ type }) => type === 'WEBCAM')
    .flatMap(({ spans }) => spans)
    .reduce((sum, span) => sum + span.seconds, 0);

describe.skipIf(skipsBrowser)('the exam room, when something fails', () => {
  const stage = setStage();
  let proxy: FreezableProxy;
  beforeAll(async () => {
    proxy = await startFreezableProxy(stage.server.url);
  });
  afterAll(() => proxy?.stop());

  const throughProxy = () => proxy.url.replace(/\/$/, '');

  it('loses nothing of an outage of 20 s, says so meanwhile, and tells it once', async () => {
    const { examId, link } = await invite(stage.server, {}, throughProxy());
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    await proxy.cut();
    await page.getByText('Offline since').first().waitFor();
    await page.getByText('on this device').first().waitFor();
    await expectGood(page, '30-offline');
    await setTimeout(20_000);
    await proxy.restore();
    await page.getByText('Offline since').first().waitFor({ state: 'detached' });
    const over = Date.now();
    await handIn(page);
    await page.getByText('Everything has arrived').waitFor();
    const facts = await joined(stage.server, examId);
    const ran = (over - Date.parse(facts.recordings[0]?.spans[0]?.startedAt ?? '')) / 1_000;
    expect(ran).toBeGreaterThan(20);
    expect(covered(facts)).toBeGreaterThan(ran * 0.98 - 1);
    expect(gapsInside(facts)).toEqual([]);
    const told = facts.warnings.edges.map(({ node }) => node.type);
    expect(told.filter((type) => type === 'network_lost')).toHaveLength(1);
    await page.close();
  });

  it('asks before it is left while there is no network, without which it would not come back', async () => {
    const { link } = await invite(stage.server, {}, throughProxy());
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    await proxy.cut();
    await page.getByText('Offline since').first().waitFor();
    const asked = page.waitForEvent('dialog');
    // Not by `reload()`, which would wait for a page that does not come.
    await page.evaluate('setTimeout(() => location.reload())');
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    await isRecording(page);
    await proxy.restore();
    await page.getByText('Offline since').first().waitFor({ state: 'detached' });
    const dialogs: string[] = [];
    page.on('dialog', (other) => {
      dialogs.push(other.type());
      void other.accept();
    });
    await page.reload();
    await isRecording(page);
    expect(dialogs).toEqual([]);
    await page.close();
  });

  it('sends what is left after it was handed in without a network', async () => {
    const { examId, link } = await invite(stage.server, {}, throughProxy());
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await isRecording(page);
    await page.getByText('sent up to').first().waitFor();
    await proxy.cut();
    await page.getByText('Offline since').first().waitFor();
    await handIn(page);
    await page.getByText('Sending your recording').first().waitFor();
    await page.getByText('leave this page open, it is sent later').waitFor();
    await expectGood(page, '31-sending');
    await proxy.restore();
    await page.getByText('Everything has arrived').waitFor();
    expect((await joined(stage.server, examId)).status).toBe('SUBMITTED');
    await page.close();
  });

  it('says that it was handed in where no WebSocket gets through', async () => {
    const { link } = await invite(stage.server, {}, throughProxy());
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.context().routeWebSocket(/graphql/, (socket) => void socket.close());
    await checkIn(page, link);
    await page.getByText('Messages are cut off').waitFor();
    await page.getByText('sent up to').first().waitFor();
    await proxy.cut();
    await page.getByText('Offline since').first().waitFor();
    await handIn(page);
    await heading(page, 'Your exam is being handed in');
    await proxy.restore();
    await heading(page, 'You have handed in');
    expect(await page.getByText('is being handed in').count()).toBe(0);
    await page.close();
  });

  it('goes on where it was when the browser was killed, with all that it had recorded', async () => {
    const { examId, link } = await invite(stage.server);
    const profile = join(stage.folder, 'profile');
    const first = await openBrowser({ cameraFile: stage.cameraFile, profile });
    const page = await first.openPage();
    await checkIn(page, link);
    await isRecording(page);
    await page.getByText('sent up to').first().waitFor();
    await setTimeout(6_000);
    first.kill();
    const second = await openBrowser({ cameraFile: stage.cameraFile, profile });
    try {
      const again = await second.openPage();
      await again.goto(link);
      await isRecording(again);
      await expect.poll(async () => (await factsOf(stage.server, examId)).status).toBe('ACTIVE');
      await setTimeout(5_000);
      await handIn(again);
      await again.getByText('Everything has arrived').waitFor();
      const facts = await joined(stage.server, examId);
      expect(facts.recordings).toHaveLength(1);
      expect(covered(facts)).toBeGreaterThan(8);
    } finally {
      await second.close();
    }
  });

  it('lets only one tab have the exam, and another take it', async () => {
    const { link } = await invite(stage.server);
    const profile = join(stage.folder, 'tabs');
    const own = await openBrowser({ cameraFile: stage.cameraFile, profile });
    try {
      const page = await own.openPage();
      await checkIn(page, link);
      await isRecording(page);
      const other = await own.openPage();
      await other.goto(link);
      await heading(other, 'Your exam is open in another tab');
      await expectGood(other, '32-other-tab');
      await press(other, 'Go on in this tab');
      await isRecording(other);
      await heading(page, 'Your exam is open in another tab');
    } finally {
      await own.close();
    }
  });

  it('is sent out and let back in by staff, and says why', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    await stage.server.post(`/exams/${examId}/participants/ada/terminate`, { reason: 'Somebody else was in the room' });
    await heading(page, 'Staff ended your exam');
    await page.getByText('Reason: Somebody else was in the room').waitFor();
    await page.getByText('Everything has arrived').waitFor();
    await expectGood(page, '33-terminated');
    await stage.server.post(`/exams/${examId}/participants/ada/readmit`, { reason: 'It was the caretaker' });
    await isRecording(page);
    await handIn(page);
    await page.getByText('Everything has arrived').waitFor();
    expect((await joined(stage.server, examId)).status).toBe('SUBMITTED');
    await page.close();
  });

  it('has a recording of somebody who is sent out before the first chunk was full', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    // Without slices the recorder gives all that it has when it stops.
    await page.addInitScript(
      `{ const { start } = MediaRecorder.prototype; MediaRecorder.prototype.start = function () { globalThis.filmed = this.stream; start.call(this); }; }`,
    );
    await checkIn(page, link);
    await expect.poll(async () => (await factsOf(stage.server, examId)).recordings.length).toBe(1);
    // A recording is begun before the camera has given it a picture.
    await page.evaluate(pictures(10));
    await stage.server.post(`/exams/${examId}/participants/ada/terminate`, { reason: 'It was the wrong room' });
    await page.getByText('Everything has arrived').waitFor();
    const { recordings } = await joined(stage.server, examId);
    expect(recordings).toHaveLength(1);
    expect(recordings[0]?.duration).toBeGreaterThan(0);
    await page.close();
  });

  it('says what to do where a window was shared, and where there is no camera', async () => {
    const { link } = await invite(stage.server, { settings: { screenRecording: true, allowWithoutCamera: false } });
    const wrong = await openBrowser({ cameraFile: stage.cameraFile, shares: 'window' });
    try {
      const page = await wrong.openPage({ locale: 'en-GB' });
      // The fake picker obeys the page's wish; people do not.
      await page.addInitScript(`{ const ask = MediaDevices.prototype.getDisplayMedia;
        MediaDevices.prototype.getDisplayMedia = function () { return ask.call(this, { video: true }); }; }`);
      await page.goto(link);
      await press(page, /I have read this/);
      await press(page, 'Share your screen');
      await page.getByText('You shared a window or a tab').waitFor();
      await page.evaluate(
        `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Requested device not found', 'NotFoundError'))`,
      );
      await press(page, /Switch on the camera/);
      await page.getByText('None was found').first().waitFor();
      await page.getByText('This exam needs a camera').waitFor();
      await expectGood(page, '34-blocked');
    } finally {
      await wrong.close();
    }
  });

  it.each([
    ['without its end', (link: string) => link.split('#')[0] ?? '', 'This link is not complete', '40-no-link'],
    ['that was cut', (link: string) => link.slice(0, -9), 'This link does not work', '41-bad-link'],
  ])('a link %s leads to a page that says what to do', async (_what, spoil, title, shot) => {
    const { link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(spoil(link));
    await heading(page, title);
    await expectGood(page, shot);
    await page.close();
  });

  it.each([
    ['cancelled', 'Algebra was cancelled', '42-cancelled'],
    ['over', 'Algebra is over', '43-over'],
  ])('an exam that is %s says so', async (what, title, shot) => {
    const { examId, link } = await invite(stage.server);
    if (what === 'cancelled') await stage.server.post(`/exams/${examId}/cancel`, {});
    else for (const path of ['start', 'end']) await stage.server.post(`/exams/${examId}/${path}`, {});
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(link);
    await heading(page, title);
    await expectGood(page, shot);
    await page.close();
  });
});
