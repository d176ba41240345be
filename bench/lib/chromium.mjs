import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';
export const ARGS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', '--use-fake-ui-for-media-stream'],
  '--use-fake-device-for-media-stream=display-media-type=monitor,fps=10',
];

/** A headless Chromium with a fake camera and a fake monitor. */
export const openChromium = () => chromium.launch({ executablePath: CHROMIUM, args: ARGS });

/**
 * Collects the garbage of every page and worker, and gives back what allocators and caches keep, which only a detailed dump does: a
 * session of a page collects its main thread's alone.
 * @param {import('playwright-core').CDPSession} all of the browser
 */
async function collectGarbage(all) {
  /** @type {any} Its types know no lists. */
  const memoryDumpConfig = { triggers: [] };
  const traceConfig = { includedCategories: ['disabled-by-default-memory-infra'], excludedCategories: ['*'], memoryDumpConfig };
  await all.send('Tracing.start', { traceConfig, transferMode: 'ReportEvents' });
  await all.send('Tracing.requestMemoryDump', { deterministic: true, levelOfDetail: 'detailed' });
  const ended = new Promise((resolve) => all.once('Tracing.tracingComplete', resolve));
  await all.send('Tracing.end');
  await ended;
}

/** What only the renderers of the browser use, and pipes and other memory that they share, after they collected garbage. */
export async function renderers(browser) {
  const all = await browser.newBrowserCDPSession();
  await collectGarbage(all);
  const { processInfo } = await all.send('SystemInfo.getProcessInfo');
  await all.detach();
  let kb = 0;
  let shared = 0;
  for (const { type, id } of processInfo) {
    if (type !== 'renderer') continue;
    const rollup = await readFile(`/proc/${id}/smaps_rollup`, 'utf8');
    for (const [, value] of rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)) kb += Number(value);
    shared += (await readFile(`/proc/${id}/maps`, 'utf8')).split('/memfd:').length - 1;
  }
  return { mb: kb / 1_024, shared };
}
