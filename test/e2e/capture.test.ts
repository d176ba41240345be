import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { openBrowser, type OpenBrowser, skipsBrowser } from '../helpers/browser.ts';
import { createExam, join as joinExam } from '../helpers/exam.ts';
import { download } from '../helpers/live.ts';
import { makeMedia } from '../helpers/media.ts';
import { type FreezableProxy, startFreezableProxy } from '../helpers/proxy.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { filmFace, joined } from './helpers/room.ts';

/** A recorder is replaced at the first slice (of 4 s) that ends after this. */
const ROTATE_MS = 6_000;

/** What the recorders of a page gave, by the page itself. */
type Given = Record<'webcam' | 'screen', { seconds: number; chunks: number; heads: number }>;

describe.skipIf(skipsBrowser)('what a browser records', () => {
  let server: TestServer;
  let proxy: FreezableProxy;
  let pages: ViteDevServer;
  let browser: OpenBrowser | null = null;
  let folder: string;
  let address: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'invigil-capture-'));
    server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '2' });
    proxy = await startFreezableProxy(server.url);
    const target = proxy.url.replace(/\/$/, '');
    pages = await createServer({
      root: projectRoot,
      configFile: false,
      logLevel: 'silent',
      cacheDir: join(folder, 'vite'),
      optimizeDeps: { include: ['idb'], entries: ['test/e2e/capture-page/page.js'] },
      server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, proxy: { '/api': target, '/graphql': target } },
    });
    await pages.listen();
    const { port } = (pages.httpServer?.address() ?? { port: 0 }) as AddressInfo;
    address = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await proxy?.stop();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const givenBy = (page: Page) => page.evaluate<Given>('room.given');
  async function openPage(): Promise<Page> {
    const page = await (browser as OpenBrowser).openPage();
    await page.goto(`${address}/test/e2e/capture-page/index.html?rotateMs=${ROTATE_MS}`);
    await page.waitForFunction('globalThis.room');
    return page;
  }
  const when = (page: Page, check: string) =>
    page.waitForFunction(`(() => { const upload = room.upload(); return upload && (${check}); })()`);

  it('is whole after an outage, a killed browser and changes of the recorder: the server has every chunk, in one film', async () => {
    const { id: examId } = await createExam(server, { settings: { screenRecording: true, aiDetection: { enabled: false } } });
    const token = await joinExam(server, examId, 'ada');
    const start = JSON.stringify({ seat: { examId, userId: 'ada' }, token });
    const cameraFile = await filmFace(folder);
    const profile = join(folder, 'profile');

    async function open(): Promise<Page> {
      browser = await openBrowser({ cameraFile, profile });
      const page = await openPage();
      await page.evaluate(`room.begin(${start})`);
      return page;
    }

    const first = await open();
    await when(first, 'upload.streams.webcam?.sent >= 2 && upload.streams.screen?.sent >= 2');
    await proxy.cut();
    await when(first, 'upload.offlineSince !== null && upload.streams.webcam.chunks - upload.streams.webcam.sent >= 3');
    await proxy.restore();
    await when(first, 'upload.offlineSince === null && upload.streams.webcam.chunks === upload.streams.webcam.sent');
    await proxy.cut();
    await when(
      first,
      'upload.streams.screen.chunks > upload.streams.screen.sent && upload.streams.webcam.chunks > upload.streams.webcam.sent',
    );
    const before = await givenBy(first);
    /** More may have been on its way to the device. */
    const stored = await first.evaluate<Record<'webcam' | 'screen', number>>('room.stored()');
    browser?.kill();
    await proxy.restore();

    const second = await open();
    await when(second, `upload.streams.webcam?.chunks >= ${stored.webcam + 3}`);
    await second.evaluate('room.handIn()');
    await when(second, `upload.handedIn === 'done'`);
    expect(await second.evaluate(`room.messages.filter(({ type }) => type === 'refused')`)).toEqual([]);
    const after = await givenBy(second);
    for (const kind of ['webcam', 'screen'] as const) {
      const stream = await second.evaluate<{ chunks: number; sent: number }>(`room.upload().streams.${kind}`);
      expect(stream).toMatchObject({ isComplete: true, refused: 0, sent: stream.chunks });
      expect(stream.chunks).toBeGreaterThanOrEqual(stored[kind] + after[kind].chunks);
    }
    const facts = await joined(server, examId);
    expect(facts.recordings.map(({ type }) => type).toSorted()).toEqual(['SCREEN', 'WEBCAM']);
    for (const { id, type, spans, duration, note } of facts.recordings) {
      const kind = type === 'WEBCAM' ? 'webcam' : 'screen';
      const given = before[kind].seconds + after[kind].seconds;
      expect(before[kind].heads, 'runs of the recorder').toBeGreaterThan(1);
      const inSpans = spans.reduce((sum, span) => sum + span.seconds, 0);
      console.info(`${kind}: ${given.toFixed(1)} s recorded, ${inSpans.toFixed(1)} s in spans, ${duration} s in the file; ${note}`);
      // A run ends with its last picture: a screen that stands still, or a busy machine, costs part of a second for each of these short runs.
      expect(Math.min(inSpans, duration ?? 0)).toBeGreaterThan(0.8 * given);
      const file = join(folder, `${kind}.webm`);
      await writeFile(file, await download(server, id));
      await makeMedia('-xerror', '-i', file, '-map', '0:v', '-f', 'null', '-');
    }
  });

  it('ends with the exam, also where the camera is opened again in that moment, and goes on if the exam does', async () => {
    browser ??= await openBrowser({ cameraFile: await filmFace(folder) });
    const page = await openPage();
    const left = await page.evaluate(`(async () => {
      const { capture } = room;
      const tracks = [];
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        tracks.push(...stream.getTracks());
        return stream;
      };
      const left = [];
      for (const ms of [0, 5, 10, 20, 40, 60, 80, 120, 200]) {
        capture.record();
        await capture.openCamera();
        await new Promise((resolve) => setTimeout(resolve, 300));
        const reopened = capture.openCamera();
        await new Promise((resolve) => setTimeout(resolve, ms));
        await Promise.all([capture.close(), reopened]);
        if (capture.getState().camera.state !== 'off' || tracks.some(({ readyState }) => readyState !== 'ended')) left.push(ms);
      }
      return { left, opened: tracks.length };
    })()`);
    expect(left).toEqual({ left: [], opened: 36 });
    const state = await page.evaluate(`(async () => {
      const { capture } = room;
      const given = capture.openCamera();
      const closed = capture.close();
      capture.record();
      await Promise.all([given, closed, capture.openCamera()]);
      const { camera, recording } = capture.getState();
      await capture.close();
      return [camera.state, Object.keys(recording)];
    })()`);
    expect(state).toEqual(['on', ['webcam']]);
    await page.close();
  });
});
