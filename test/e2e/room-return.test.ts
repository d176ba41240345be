import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { skipsBrowser } from '../helpers/browser.ts';
import { type FreezableProxy, startFreezableProxy } from '../helpers/proxy.ts';
import { freePort } from '../helpers/redis.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { checkIn, expectGood, factsOf, gapsInside, goThrough, heading, invite, joined, press, secondsLeft } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

const isRecording = (page: Page) => page.getByText('Recording', { exact: true }).first().waitFor();
async function handIn(page: Page): Promise<void> {
  await press(page, 'Finish the exam');
  await press(page, 'Yes, finish');
  await page.getByText('Everything has arrived').waitFor();
}

/** A build of its own, whose pages a test may replace. @returns its program */
async function copyBuild(folder: string): Promise<string> {
  await mkdir(folder);
  await cp(join(projectRoot, 'dist'), join(folder, 'dist'), { recursive: true });
  await cp(join(projectRoot, 'package.json'), join(folder, 'package.json'));
  for (const name of ['node_modules', 'prisma']) await symlink(join(projectRoot, name), join(folder, name));
  return join(folder, 'dist/src/index.js');
}

/** What an update does: every file that a page loads has another name, and those of before are gone. */
async function renameAssets(folder: string): Promise<void> {
  const assets = join(folder, 'dist/web/assets');
  const page = join(folder, 'dist/web/exam/index.html');
  const hashed = /-([\w-]{8})(?=\.\w+$)/;
  for (const name of await readdir(assets)) if (/\.(br|gz)$/.test(name)) await rm(join(assets, name));
  for (const suffix of ['br', 'gz']) await rm(`${page}.${suffix}`, { force: true });
  const names = (await readdir(assets)).filter((name) => hashed.test(name));
  const hashes = names.map((name) => hashed.exec(name)?.[1] ?? '');
  for (const path of [page, ...names.map((name) => join(assets, name))]) {
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      hashes.reduce((all, hash) => all.replaceAll(hash, `${hash.slice(0, 6)}v2`), text),
    );
  }
  for (const name of names)
    await rename(
      join(assets, name),
      join(
        assets,
        name.replace(hashed, (_all, hash: string) => `-${hash.slice(0, 6)}v2`),
      ),
    );
}

describe.skipIf(skipsBrowser)('whoever comes back to the exam room', () => {
  const stage = setStage();

  it('finds the time that was added meanwhile, and that is added afterwards', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    const addTime = (minutes: number) => stage.server.post(`/exams/${examId}/participants/ada/time`, { minutes, reason: 'The alarm' });
    await checkIn(page, link);
    await isRecording(page);
    const before = await secondsLeft(page);
    await page.goto('about:blank');
    await addTime(7);
    await page.goto(link);
    await isRecording(page);
    const after = await secondsLeft(page);
    expect(after).toBeGreaterThan(before + 360);
    expect(after).toBeLessThanOrEqual(before + 420);
    await page.reload();
    await isRecording(page);
    await addTime(5);
    await expect.poll(() => secondsLeft(page)).toBeGreaterThan(after + 240);
    expect(await secondsLeft(page)).toBeLessThanOrEqual(after + 300);
    await page.close();
  });

  describe('after a private window', () => {
    let proxy: FreezableProxy;
    beforeAll(async () => {
      proxy = await startFreezableProxy(stage.server.url);
    });
    afterAll(() => proxy?.stop());

    it.each([
      ['has little room', `StorageManager.prototype.estimate = async () => ({ quota: 3e8, usage: 0 });`],
      ['keeps no files', `StorageManager.prototype.getDirectory = async () => { throw new DOMException('no', 'SecurityError'); };`],
    ])('was told before what that means, where the window shows it: one that %s', async (what, script) => {
      const { link } = await invite(stage.server);
      const page = await stage.browser.openPage({ locale: 'en-GB' });
      await page.addInitScript(script);
      await page.goto(link);
      await press(page, /I have read this/);
      await page.getByText('This is a private window').waitFor();
      await expectGood(page, `44-private-${what.replaceAll(' ', '-')}`);
      await page.close();
    });

    it('that was closed without a network comes in with staff’s help, and the ledger says what is missing', async () => {
      const { examId, link } = await invite(stage.server, {}, proxy.url.replace(/\/$/, ''));
      // A context without a profile is what a private window is.
      const page = await stage.browser.openPage({ locale: 'en-GB' });
      await page.goto(link);
      await press(page, /I have read this/);
      await page.getByText('In a private (incognito) window').waitFor();
      await expectGood(page, '45-maybe-private');
      await goThrough(page);
      await page.getByText('sent up to').first().waitFor();
      await proxy.cut();
      // A slice of the recorder, or more.
      await page.getByText(/on this device: \d+:(0[3-9]|[1-9]\d),/).waitFor();
      await page.context().close();
      await proxy.restore();
      const again = await stage.browser.openPage({ locale: 'en-GB' });
      await again.goto(link);
      await heading(again, 'This exam was opened in another browser');
      await again.getByText('a private window that is closed').waitFor();
      await expectGood(again, '46-seat-taken');
      await stage.server.post(`/exams/${examId}/participants/ada/readmit`, { reason: 'The window was closed' });
      await press(again, 'My proctor has let me back in');
      await isRecording(again);
      await again.getByText('sent up to').first().waitFor();
      await handIn(again);
      const { status, evidence } = await factsOf(stage.server, examId);
      expect(status).toBe('SUBMITTED');
      expect(evidence.flatMap(({ gaps }) => gaps)).not.toEqual([]);
      await again.context().close();
    });
  });

  describe('after an update of the server', () => {
    let server: TestServer;
    let folder: string;
    beforeAll(async () => {
      folder = join(stage.folder, 'build');
      const program = await copyBuild(folder);
      server = await startTestServer({ PORT: String(await freePort()), LIVE_RECORDING_GRACE_SECONDS: '2' }, program);
    });
    afterAll(() => server?.stop());

    it('goes on in the room that was open, and by one click in the new one', async () => {
      const [sitting, arriving] = [await invite(server), await invite(server)];
      const page = await stage.browser.openPage({ locale: 'en-GB' });
      await checkIn(page, sitting.link);
      await isRecording(page);
      const early = await stage.browser.openPage({ locale: 'en-GB' });
      await early.goto(arriving.link);
      await early.getByRole('button', { name: /I have read this/ }).waitFor();
      await server.shutDown();
      await page.getByText('Offline since').first().waitFor();
      await renameAssets(folder);
      await server.restart();
      await page.getByText('Offline since').first().waitFor({ state: 'detached' });
      await page.getByLabel('Language').selectOption('de');
      await page.getByText('A part of this page cannot be loaded').waitFor();
      await isRecording(page);
      await expectGood(page, '47-outdated');
      // Not the page that is left, which records until it is.
      await Promise.all([page.waitForEvent('load'), press(page, 'Load the page again')]);
      await isRecording(page);
      expect(await page.evaluate(`document.querySelector('script').src`)).toMatch(/v2\.js$/);
      await handIn(page);
      const facts = await joined(server, sitting.examId);
      expect(facts.recordings).toHaveLength(1);
      // Who had only read the notice needs nothing that is gone.
      await press(early, /I have read this/);
      await goThrough(early);
      await isRecording(early);
      await handIn(early);
      expect((await factsOf(server, arriving.examId)).status).toBe('SUBMITTED');
      for (const one of [page, early]) await one.close();
    });
  });

  describe('while a part of the page does not come', () => {
    it('is told to load it again, where it is the page’s script', async () => {
      const { link } = await invite(stage.server);
      const page = await stage.browser.openPage({ locale: 'en-GB' });
      await page.route('**/assets/exam-*.js', (route) => route.fulfill({ status: 404 }));
      await page.goto(link);
      await page.getByText('load this page again').waitFor();
      await expectGood(page, '48-no-script');
      await page.unroute('**/assets/exam-*.js');
      await page.reload();
      await page.getByRole('button', { name: /I have read this/ }).waitFor();
      await page.close();
    });

    it('is told to load it again, where it is the worker, and records nothing into the void', async () => {
      const { examId, link } = await invite(stage.server);
      const page = await stage.browser.openPage({ locale: 'en-GB' });
      await page.route('**/assets/worker-*.js', (route) => route.fulfill({ status: 404 }));
      await checkIn(page, link);
      await isRecording(page);
      await page.getByText('A part of this page cannot be loaded').waitFor();
      await expectGood(page, '49-no-worker');
      await page.unroute('**/assets/worker-*.js');
      await page.getByText('A part of this page cannot be loaded').waitFor({ state: 'detached' });
      await handIn(page);
      const facts = await joined(stage.server, examId);
      expect(gapsInside(facts)).toEqual([]);
      await page.close();
    });
  });
});
