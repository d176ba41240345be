import type { Page } from 'playwright-core';

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds that it lasted, and microseconds of the processor, which are left out where there were none. */
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/**
 * The longest that a page was busy at once while something was done with it, in milliseconds of the processor: how long a click waited at
 * most, but for what other programs took of the machine meanwhile.
 */
export async function longestTask(page: Page, work: () => Promise<void>): Promise<number> {
  const browser = page.context().browser();
  if (!browser) throw new Error('the page has no browser');
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const place = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const mains = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(place));
  const tasks = traceEvents.filter((event) => event.name === 'RunTask' && mains.has(place(event)));
  if (!tasks.some(({ tdur }) => tdur !== undefined)) throw new Error('the browser does not tell how long its tasks took');
  return tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur / 1_000), 0);
}
