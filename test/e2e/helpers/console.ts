import type { Page } from 'playwright-core';
import type { OpenBrowser } from '../../helpers/browser.ts';
import type { TestServer } from '../../helpers/server.ts';
import { setClockAhead } from './room.ts';

/** The page takes a notice away, and the button that undoes with it, after ten seconds: in an hour. */
const KEEP_NOTICES = `{
  const wait = setTimeout;
  globalThis.setTimeout = (work, ms, ...given) => wait(work, ms === 10_000 ? 3_600_000 : ms, ...given);
}`;

/** A link of the server at another address of it. */
export const addressAt = (address: string, url: string) => address + new URL(url).pathname + new URL(url).hash;

interface Options {
  /** The server's address for the page, as through a proxy. */
  address?: string;
  /** How wrong the clock of the computer is. */
  hoursAhead?: number;
  /** What can be undone can be, however late the test comes to it. */
  keepsNotices?: boolean;
}

/** By a personal admin link, so that nobody is asked for a name. */
export async function openConsole(
  { server, browser }: { server: TestServer; browser: OpenBrowser },
  examId: string,
  { address = server.url, hoursAhead, keepsNotices }: Options = {},
): Promise<Page> {
  const answer = await server.post(`/exams/${examId}/proctor-links`, { name: 'Petra Proctor' });
  const { url } = (await answer.json()) as { url: string };
  const page = await browser.openPage({ locale: 'en-GB', viewport: { width: 1_440, height: 900 } });
  if (hoursAhead) await setClockAhead(page, hoursAhead);
  if (keepsNotices) await page.addInitScript({ content: KEEP_NOTICES });
  await page.goto(addressAt(address, url));
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

export const feed = (page: Page) => page.getByRole('region', { name: 'Warnings' });
export const people = (page: Page) => page.getByRole('region', { name: 'People' });
/** Of the person or the warning that is open. */
export const panel = (page: Page) => page.getByRole('complementary');
