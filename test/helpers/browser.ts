import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type LaunchOptions, type Page } from 'playwright-core';
import { onTestFailed } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const found = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** Tests of the pages are skipped without Chromium, but not in CI, which installs it. */
export const skipsBrowser = found === undefined && !process.env['CI'];
if (skipsBrowser) console.warn('Chromium is not installed: the tests of the pages in a browser are skipped.');

/** A busy machine is slow: only what hangs should fail. */
const WAIT_MS = 120_000;

const BASE_ARGS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--disable-quic'],
  ...['--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
];

export interface BrowserOptions {
  /** MJPEG file that the camera shows; without it a moving pattern. */
  cameraFile?: string;
  /** What the candidate chooses in the picker for screens. Default: `monitor`. */
  shares?: 'monitor' | 'window' | 'browser';
  args?: readonly string[];
  /** A profile that outlives the browser, for what a page must find again after a crash. */
  profile?: string;
}

export interface OpenBrowser {
  /** A new page in a profile of its own; in `profile` if one was given. */
  openPage(options?: BrowserContextOptions): Promise<Page>;
  /** Ends all of its processes at once, like a crash. */
  kill(): void;
  close(): Promise<void>;
}

export function findBrowser(): string {
  if (!found) throw new Error('Chromium is not installed, and CI needs it');
  return found;
}

/** The arguments of a headless Chromium with a fake camera, microphone and screen. */
export const browserArgs = ({ cameraFile, shares = 'monitor', args = [] }: BrowserOptions): string[] => [
  ...BASE_ARGS,
  `--use-fake-device-for-media-stream=display-media-type=${shares},fps=10`,
  ...(cameraFile ? [`--use-file-for-fake-video-capture=${cameraFile}`] : []),
  ...args,
];

/** Starts a headless Chromium with a fake camera, microphone and screen. Close it in `afterAll`. */
export async function openBrowser({ profile, ...browserOptions }: BrowserOptions = {}): Promise<OpenBrowser> {
  const options: LaunchOptions = { executablePath: findBrowser(), args: browserArgs(browserOptions) };
  const started: ChildProcess[] = [];
  const note = (message: unknown) => void started.push((message as { process: ChildProcess }).process);
  subscribe('child_process', note);
  let context: BrowserContext | null = null;
  const browser = await (
    profile ? chromium.launchPersistentContext(profile, options).then((opened) => (context = opened).browser()) : chromium.launch(options)
  ).finally(() => unsubscribe('child_process', note));

  function kill(): void {
    for (const { pid } of started) {
      try {
        // Playwright starts it in a group of its own, in which its renderers are too.
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }

  return {
    async openPage(pageOptions) {
      const owner = context ?? (await browser?.newContext(pageOptions));
      if (!owner) throw new Error('the browser has ended');
      owner.setDefaultTimeout(WAIT_MS);
      const page = await owner.newPage();
      tellIfFailed(page);
      return page;
    },
    kill,
    async close() {
      await (context ?? browser)?.close();
      kill();
    },
  };
}

/** Where only the text of a run is left, it says what the page showed. */
function tellIfFailed(page: Page): void {
  const tell = async () => console.error(`The page ${page.url()} shows:\n${await page.locator('body').innerText({ timeout: 1_000 })}`);
  try {
    onTestFailed(() => tell().catch(() => {}));
  } catch {
    // Opened before the tests.
  }
}

/** Collects what a page does against its policy, and errors in its console. Call it before the page is opened. */
export async function watchProblems(page: Page): Promise<string[]> {
  const problems: string[] = [];
  await page.exposeFunction('noteProblem', (problem: string) => problems.push(problem));
  // Not by a function, whose types would need a browser's.
  await page.addInitScript({
    content: `addEventListener('securitypolicyviolation', (event) =>
      noteProblem(event.effectiveDirective + ' forbids ' + (event.blockedURI || event.sample) + ' at ' + event.sourceFile + ':' + event.lineNumber));`,
  });
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`${message.text()} at ${message.location().url}`);
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  return problems;
}
