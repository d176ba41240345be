import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openBrowser, skipsBrowser } from '../helpers/browser.ts';
import { makeMedia } from '../helpers/media.ts';
import { checkIn, expectGood, factsOf, heading, invite, joined, press } from './helpers/room.ts';
import { watchSaid } from './helpers/said.ts';
import { setStage } from './helpers/stage.ts';

/** The next question for a camera is answered so; later ones by the browser. */
const fail = (page: Page, name: string, message: string) =>
  page.evaluate(`{ const ask = MediaDevices.prototype.getUserMedia;
    MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('${message}', '${name}'));
    globalThis.mend = () => { MediaDevices.prototype.getUserMedia = ask; }; }`);

describe.skipIf(skipsBrowser)('the devices in the exam room', () => {
  const stage = setStage();

  it.each([
    ['NotAllowedError', 'Permission denied', 'Click on the sign left of the address', 'denied'],
    ['NotAllowedError', 'Permission denied by system', 'Your computer does not allow it', 'denied-by-system'],
    ['NotReadableError', 'Could not start video source', 'Another program', 'busy'],
    ['NotFoundError', 'Requested device not found', 'None was found', 'missing'],
  ])('that fail with %s, “%s”, are named with what helps, and work when that was done', async (name, message, words, shot) => {
    const { link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(link);
    await press(page, /I have read this/);
    await heading(page, 'Camera');
    await fail(page, name, message);
    await press(page, /Switch on the camera/);
    await page.getByText(words).first().waitFor();
    await page.getByText(`The browser says: ${message}`).first().waitFor();
    await expectGood(page, `90-${shot}`);
    await page.evaluate('mend()');
    await press(page, 'Try again');
    await page.getByText('On: ').first().waitFor();
    await page.close();
  });

  it('that show black are told of before the exam, and stop nobody', async () => {
    const cameraFile = join(stage.folder, 'black.mjpeg');
    const black = ['-f', 'lavfi', '-i', 'color=black:size=640x480:rate=10', '-frames:v', '20', '-pix_fmt', 'yuvj420p', '-q:v', '5'];
    await makeMedia(...black, '-f', 'mjpeg', cameraFile);
    const dark = await openBrowser({ cameraFile });
    try {
      const { link } = await invite(stage.server);
      const page = await dark.openPage({ locale: 'en-GB' });
      await page.goto(link);
      await press(page, /I have read this/);
      await press(page, /Switch on the camera/);
      await page.getByText('the picture is black').waitFor();
      await expectGood(page, '91-black');
      await press(page, 'Continue');
      await heading(page, 'Does it arrive?');
    } finally {
      await dark.close();
    }
  });

  it('that give no picture for the photo are told of, and the next try takes one', async () => {
    const { link } = await invite(stage.server, { settings: { identityPhoto: true } });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    // A camera that hangs gives nothing, and says nothing.
    await page.addInitScript(`{ const Real = MediaStreamTrackProcessor;
      globalThis.hang = () => { globalThis.MediaStreamTrackProcessor = class { readable = new ReadableStream(); }; };
      globalThis.wake = () => { globalThis.MediaStreamTrackProcessor = Real; }; }`);
    await page.goto(link);
    await press(page, /I have read this/);
    await press(page, /Switch on the camera/);
    await press(page, 'Continue');
    await heading(page, 'A picture of your face');
    await page.evaluate('hang()');
    await press(page, 'Take the picture');
    await page.getByText('The camera gave no picture').waitFor();
    await expectGood(page, '91-no-picture');
    await page.evaluate('wake()');
    await press(page, 'Take the picture');
    await page.getByRole('button', { name: 'Use this picture' }).waitFor();
    expect(await page.getByText('The camera gave no picture').count()).toBe(0);
    await page.close();
  });

  it('that are lost in the exam are told, opened again by themselves, and recorded on in the same recording', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.addInitScript(`{ const ask = MediaDevices.prototype.getUserMedia;
      MediaDevices.prototype.getUserMedia = async function (wishes) { globalThis.stream = await ask.call(this, wishes); return stream; }; }`);
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    // As when it is pulled out: a track that the page stops itself says nothing.
    const said = await watchSaid(page);
    await page.evaluate(`{ const [track] = stream.getVideoTracks(); track.stop(); track.dispatchEvent(new Event('ended')); }`);
    await said(/Your camera is off/);
    await page.getByText('Your camera is off').waitFor({ state: 'detached' });
    const told = async () => (await factsOf(stage.server, examId)).warnings.edges.map(({ node }) => node.type);
    await expect.poll(told).toEqual(['camera_stopped']);
    const chunks = page.getByTestId('upload');
    const before = await chunks.innerText();
    await expect.poll(() => chunks.innerText()).not.toBe(before);
    await press(page, 'Finish the exam');
    await press(page, 'Yes, finish');
    await page.getByText('Everything has arrived').waitFor();
    expect((await joined(stage.server, examId)).recordings).toHaveLength(1);
    await page.close();
  });

  it('are nothing that a browser without a recorder, or a page without https, asks for', async () => {
    const { link } = await invite(stage.server);
    const old = await stage.browser.openPage({ locale: 'en-GB' });
    await old.addInitScript('delete globalThis.MediaRecorder');
    await old.goto(link);
    await heading(old, 'This browser cannot record');
    await expectGood(old, '92-unsupported');
    await old.close();
    const elsewhere = await openBrowser({ args: ['--host-resolver-rules=MAP school.test 127.0.0.1'] });
    try {
      const page = await elsewhere.openPage({ locale: 'en-GB' });
      await page.goto(link.replace(/\/\/[^/:]+/, '//school.test'));
      await heading(page, 'No camera works at this address');
      await expectGood(page, '93-insecure');
    } finally {
      await elsewhere.close();
    }
  });
});
