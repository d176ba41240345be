import type { Page, Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { skipsBrowser } from '../helpers/browser.ts';
import { download } from '../helpers/live.ts';
import { checkIn, expectGood, factsOf, invite, joined, press } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

const refuse = (route: Route) =>
  route.fulfill({
    status: 400,
    contentType: 'application/json',
    body: JSON.stringify({
      error: { code: 'invalid_request', message: 'This cannot be used', details: [{ field: 'chunk', issue: 'is wrong' }] },
    }),
  });
const EBML = Buffer.from('1a45dfa3', 'hex');
const isWebm = (route: Route) => route.request().postDataBuffer()?.subarray(0, 4).equals(EBML) === true;
const isMp4 = (file: Buffer) => file.toString('latin1', 4, 8) === 'ftyp';

async function handIn(page: Page, words: string): Promise<void> {
  await press(page, 'Finish the exam');
  await press(page, 'Yes, finish');
  await page.getByText(words).waitFor();
}

describe.skipIf(skipsBrowser)('a recording that the server cannot use', () => {
  const stage = setStage();

  it('is made in another format, found at the proof, and nobody need know', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    let count = 0;
    await page.route('**/echo', (route) => (isWebm(route) ? refuse(route) : route.continue()));
    await page.route('**/chunks/*', (route) => {
      if (isWebm(route)) count += 1;
      return route.continue();
    });
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    // What was found out holds for the page that comes after.
    await page.reload();
    await page.getByText('sent up to').first().waitFor();
    await handIn(page, 'Everything has arrived');
    expect(count).toBe(0);
    const { recordings } = await joined(stage.server, examId);
    expect(recordings).toHaveLength(1);
    expect(isMp4(await download(stage.server, recordings[0]?.id ?? ''))).toBe(true);
    await page.close();
  });

  it('is made in another format after its first chunk, in the same recording', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    let count = 0;
    await page.route('**/chunks/*', (route) => {
      if (!isWebm(route)) return route.continue();
      count += 1;
      return refuse(route);
    });
    await checkIn(page, link);
    await page.getByText('sent up to').first().waitFor();
    expect(await page.getByText('The server says').count()).toBe(0);
    await handIn(page, 'The server did not take');
    await expectGood(page, '37-parts-refused');
    expect(count).toBe(1);
    const { recordings, evidence } = await joined(stage.server, examId);
    expect(recordings).toHaveLength(1);
    expect(isMp4(await download(stage.server, recordings[0]?.id ?? ''))).toBe(true);
    // What was recorded before is missing, and the ledger knows it.
    expect(evidence.flatMap(({ gaps }) => gaps)).not.toEqual([]);
    await page.close();
  });

  it('is told to candidate and proctor where no format is left', async () => {
    const { examId, link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.route('**/chunks/*', refuse);
    await checkIn(page, link);
    await page.getByText('The server cannot use what this browser records').waitFor();
    await expectGood(page, '36-no-format');
    const told = async () => (await factsOf(stage.server, examId)).warnings.edges.map(({ node }) => node.type);
    await expect.poll(told).toContain('evidence_gap');
    await page.close();
  });
});
