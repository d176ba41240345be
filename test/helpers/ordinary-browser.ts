import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { chromium } from 'playwright-core';
import { browserArgs, type BrowserOptions, findBrowser, type OpenBrowser } from './browser.ts';

const ADDRESS = /DevTools listening on (\S+)/;

/**
 * A Chromium as people have it: the page of a tab behind another is hidden, and its timers are slowed down. A browser that Playwright
 * starts keeps every page in front (`Emulation.setFocusEmulationEnabled`), which no other session takes back; so this one is started
 * here, and Playwright only connects to it. All pages are tabs of one window.
 */
export async function openOrdinaryBrowser(options: Omit<BrowserOptions, 'profile'>): Promise<OpenBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'invigil-ordinary-'));
  const args = [...browserArgs(options), '--no-first-run', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'];
  // A group of its own, to end all of its processes.
  const child = spawn(findBrowser(), args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  function kill(): void {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  async function end(): Promise<void> {
    kill();
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    const browser = await chromium.connectOverCDP(await readAddress(child.stderr), { noDefaults: true });
    const [context] = browser.contexts();
    if (!context) throw new Error('the browser has no window');
    return {
      openPage: () => context.newPage(),
      kill,
      async close() {
        await browser.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

function readAddress(stderr: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stderr.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const address = ADDRESS.exec(text)?.[1];
      if (address) resolve(address);
    });
    stderr.once('end', () => reject(new Error(`Chromium ended: ${text}`)));
  });
}
