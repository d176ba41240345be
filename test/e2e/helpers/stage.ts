import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openBrowser, type OpenBrowser } from '../../helpers/browser.ts';
import { startTestServer, type TestServer } from '../../helpers/server.ts';
import { filmFace } from './room.ts';

interface Pages {
  server: TestServer;
  browser: OpenBrowser;
}

interface Stage extends Pages {
  folder: string;
  cameraFile: string;
}

/** A server and a browser, for the tests of one file. Its fields are there once a test runs. */
export function setPages(): Readonly<Pages> {
  const pages: Partial<Pages> = {};
  beforeAll(async () => {
    pages.server = await startTestServer();
    pages.browser = await openBrowser();
  });
  afterAll(async () => {
    await pages.browser?.close();
    await pages.server?.stop();
  });
  return pages as Pages;
}

/** The same with a person before the camera of the browser. */
export function setStage(): Readonly<Stage> {
  const stage: Partial<Stage> = {};
  beforeAll(async () => {
    stage.folder = await mkdtemp(join(tmpdir(), 'invigil-room-'));
    stage.cameraFile = await filmFace(stage.folder);
    // One after the other, so that whatever was started is stopped if the next one fails.
    stage.server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '2' });
    stage.browser = await openBrowser({ cameraFile: stage.cameraFile });
  });
  afterAll(async () => {
    await stage.browser?.close();
    await stage.server?.stop();
    if (stage.folder) await rm(stage.folder, { recursive: true, force: true });
  });
  return stage as Stage;
}
