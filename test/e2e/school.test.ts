import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { createExam, createKey, join, report } from '../helpers/exam.ts';
import { expectGood, heading, press } from './helpers/room.ts';
import { watchSaid } from './helpers/said.ts';
import { setPages } from './helpers/stage.ts';
import { longestTask } from './helpers/tasks.ts';

const LOOKS = [
  ['light', 1_440],
  ['dark', 1_024],
  ['light', 390],
] as const;

describe.skipIf(skipsBrowser)("the school's page", () => {
  const pages = setPages();

  async function openSchool(query = ''): Promise<Page> {
    const page = await pages.browser.openPage({
      locale: 'en-GB',
      timezoneId: 'Europe/Vienna',
      viewport: { width: 1_440, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.goto(`${pages.server.url}/console/${query}`);
    await page.getByLabel('API key').waitFor();
    return page;
  }
  async function enter(page: Page, key: string): Promise<void> {
    await page.getByLabel('API key').fill(key);
    await press(page, 'Sign in');
  }
  /** With a key of a school of its own, which has no exams. */
  async function signIn(tenant: string, { role = 'LMS', query }: { role?: 'LMS' | 'PROCTOR' | 'ADMIN'; query?: string } = {}) {
    const { key, id } = await createKey(pages.server, role, tenant);
    const page = await openSchool(query);
    await enter(page, key);
    await page.getByText(`${role} of ${tenant}`).waitFor();
    return { page, key, id };
  }
  const copied = (page: Page) => page.evaluate('navigator.clipboard.readText()') as Promise<string>;
  async function download(page: Page, name: string | RegExp): Promise<{ name: string; text: string }> {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).first().click()]);
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'latin1') };
  }

  it('is opened by a key alone, says what is wrong with anything else, and forgets the key of who signs out', async () => {
    const { adminUrl, id: examId } = await createExam(pages.server);
    const page = await openSchool();
    await expectGood(page, '200-sign-in', LOOKS);
    await enter(page, 'invigil_0123456789abcdef0123456789abcdef');
    await page.getByText('This key is not valid').waitFor();
    await enter(page, await join(pages.server, examId, 'ada'));
    await page.getByText("This is a candidate's token").waitFor();
    await enter(page, new URL(adminUrl).hash.slice(3));
    await page.getByText('This opens one exam only').waitFor();
    const { key } = await createKey(pages.server, 'LMS', 'signs-out');
    await enter(page, key);
    await heading(page, 'There are no exams yet');
    await page.reload();
    await heading(page, 'There are no exams yet');
    await press(page, 'Sign out');
    await page.getByText('You are signed out').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
    await page.close();
  });

  it('leads who has no exams to one that plays itself, which goes with one click', async () => {
    const { page } = await signIn('newcomers');
    await heading(page, 'There are no exams yet');
    await expectGood(page, '201-empty', LOOKS);
    await press(page, 'Make a sample exam');
    await page.getByRole('table', { name: 'People' }).getByRole('row').nth(5).waitFor();
    await expectGood(page, '202-sample', LOOKS);
    await page.getByRole('link', { name: 'Open the console' }).click();
    await page.getByRole('region', { name: 'People' }).getByRole('listitem').first().waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Exams', exact: true }).click();
    await page.getByRole('list', { name: 'Exams' }).getByText('sample', { exact: true }).waitFor();
    await press(page, 'Remove the sample');
    await heading(page, 'There are no exams yet');
    await page.close();
  });

  it('takes an exam from its first setting to its results', async () => {
    const { page, key } = await signIn('whole', { query: '?new' });
    const problems = await watchProblems(page);
    await heading(page, 'New exam');
    await page.getByLabel('Title').fill('   ');
    await page.getByLabel('Duration in minutes').fill('90');
    await page.getByLabel('Opens').fill('2026-01-10T09:00');
    await page.getByLabel('Address of the questions').fill('ftp://example.org');
    await press(page, 'Create the exam');
    await page.getByText('must be an http or https URL').waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.labels?.[0].textContent')).toBe('Title');
    await expectGood(page, '203-form', LOOKS);
    await page.getByLabel('Title').fill('Algebra, <b>part one</b>');
    await page.getByLabel('Address of the questions').fill('');
    await page.getByLabel('One link lets everybody in').uncheck();
    await page.getByLabel('A proctor, after a look at each of them').check();
    await page.getByLabel('Only these').check();
    await page.getByLabel('Second display').check();
    await press(page, 'Create the exam');
    await page.getByLabel('List of people').waitFor();
    const examId = new URL(page.url()).searchParams.get('exam') ?? '';

    await page.getByLabel('List of people').fill('userId,name,group\nada,Ada L.,Room 1\nbob,"Bob, ""B.""",Room 2\n,Nobody,\nada,Again,');
    await page.getByText('has no userId').waitFor();
    await page.getByText('the same userId as in line 2').waitFor();
    await page.getByRole('listitem').filter({ hasText: '2 bad lines' }).waitFor();
    await expectGood(page, '204-roster', LOOKS);
    const said = await watchSaid(page);
    await press(page, 'Invite or change 2 people, leave out 2 bad lines');
    await said(/^2 people are invited or changed/);

    await press(page, 'Copy the link of Ada L.');
    await said(/^Copied: the link of Ada L\./);
    expect(await copied(page)).toContain(`/exam/${examId}#t=`);
    await press(page, 'Copy all');
    await said(/^Copied: 2 links/);
    expect((await copied(page)).split('\n')).toHaveLength(2);
    const links = await download(page, 'Download as CSV');
    expect(links.name).toBe('Algebra-b-part-one-b-links.csv');
    expect(links.text).toMatch(/bob,"Bob, ""B\.""",Room 2,http/);
    await page.getByLabel('Name of the proctor').fill('Petra');
    await press(page, 'Make a link');
    await press(page, 'Copy the proctor link of Petra');
    await said(/^Copied: the proctor link of Petra/);
    expect(await copied(page)).toContain(`/admin/exam/${examId}#t=`);
    await expectGood(page, '205-links', LOOKS);
    await press(page, 'Close the link of Petra');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByText(/^closed /).waitFor();

    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Duration in minutes').fill('100');
    await press(page, 'Save');
    await said(/^Saved\./);
    const { exam } = await pages.server
      .graphql(key)
      .request<{ exam: object }>(`{ exam(id: "${examId}") { title duration opensAt settings { sharedLink admission signals webcam } } }`);
    expect(exam).toEqual({
      title: 'Algebra, <b>part one</b>',
      duration: 100,
      opensAt: '2026-01-10T08:00:00.000Z',
      settings: { sharedLink: false, admission: 'PROCTOR', signals: ['extra_display'], webcam: true },
    });

    await press(page, 'Start');
    await page.getByRole('dialog').getByRole('button', { name: 'Start the exam' }).click();
    await said(/^The exam has started\./);
    await page.getByText(/This exam is running/).waitFor();
    await expectGood(page, '206-running', LOOKS);
    await press(page, /^End$/);
    await expectGood(page, '207-confirm', LOOKS);
    await page.getByRole('dialog').getByRole('button', { name: 'End the exam' }).click();
    await said(/^The exam has ended\./);
    await page.getByText('It cannot be changed any more').waitFor();

    await page.getByRole('link', { name: 'People', exact: true }).click();
    const results = await download(page, 'Results as CSV');
    expect(results.text).toMatch(/^ï»¿userId,name,group,status/);
    expect(results.text).toContain('ada,Ada L.,Room 1,');
    expect((await download(page, 'Report of Ada L. as PDF')).text).toMatch(/^%PDF-/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('lists, searches and filters the exams of the school, in any script, and cancels one for good', async () => {
    const { page, key } = await signIn('lists');
    const titles = ['Algebra', 'امتحان الجبر', `<img src=x> ${'Long '.repeat(37)}`, 'Physics'];
    for (const title of titles) await createExam(pages.server, { title }, key);
    const { id: examId } = await createExam(pages.server, { title: 'Chemistry' }, key);
    await report(pages.server, examId, 'ada', ['tab_switch', 'remote_control'], key);
    await page.reload();
    const rows = page.getByRole('list', { name: 'Exams' }).getByRole('listitem');
    await expect.poll(() => rows.count()).toBe(5);
    expect(await rows.first().innerText()).toContain('2 to review');
    await expectGood(page, '208-list', LOOKS);
    await page.getByLabel('Title contains').fill('alge');
    await expect.poll(() => rows.count()).toBe(1);
    await rows.getByRole('link', { name: 'Algebra', exact: true }).click();
    const said = await watchSaid(page);
    await press(page, 'Cancel the exam');
    await press(page, 'Cancel it for good');
    await said(/^The exam is cancelled\./);
    await page.goBack();
    await rows.getByText('cancelled', { exact: true }).waitFor();
    await page.getByLabel('State').selectOption('IN_PROGRESS');
    await page.getByText('No exam fits this filter').waitFor();
    await press(page, 'Show all exams');
    await expect.poll(() => rows.count()).toBe(5);
    for (let n = 0; n < 50; n += 1) await createExam(pages.server, { title: `Exam ${n}` }, key);
    await page.reload();
    await expect.poll(() => rows.count()).toBe(50);
    await press(page, 'Show more');
    await expect.poll(() => rows.count()).toBe(55);
    await page.close();
  });

  it('reads a file, refuses one in another encoding, and shows 10,000 people without holding up the page', async () => {
    const { key } = await createKey(pages.server, 'LMS', 'large');
    const { id: examId } = await createExam(pages.server, {}, key);
    const page = await openSchool(`?exam=${examId}&tab=invite`);
    await enter(page, key);
    const file = page.locator('input[type=file]');
    await file.setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('userId;name\na;M\xfcller', 'latin1') });
    await page.getByText('The file is not in UTF-8').waitFor();
    const said = await watchSaid(page);
    const list = `userId;name;group\n${Array.from({ length: 5_000 }, (_, n) => `user${n};Name ${n};Room ${n % 40}`).join('\n')}`;
    const others = Array.from({ length: 5_000 }, (_, n) => ({ userId: `other${n}`, name: `Other ${n}` }));
    const longest = await longestTask(page, async () => {
      await file.setInputFiles({ name: 'b.csv', mimeType: 'text/csv', buffer: Buffer.from(list) });
      await press(page, 'Invite or change 5,000 people');
      await page.getByText('5,000 personal links').waitFor();
      expect(await page.getByRole('table').getByRole('row').count()).toBeLessThan(60);
      await pages.server.post(`/exams/${examId}/participants`, { participants: others }, { credential: key });
      await page.getByRole('link', { name: 'People', exact: true }).click();
      await page.getByText('10,000 of 10,000').waitFor();
      await page.getByLabel('Find').fill('other 4999');
      await page.getByText('1 of 10,000').waitFor();
    });
    await said(/^5,000 people are invited or changed/);
    console.info(`the longest task took ${longest.toFixed(0)} ms`);
    expect(longest).toBeLessThan(500);
    await page.close();
  });

  it("lets a proctor's key see and open exams, and change nothing", async () => {
    const { key } = await createKey(pages.server, 'LMS', 'watched');
    const { id: examId } = await createExam(pages.server, { title: 'Watched' }, key);
    await pages.server.post(`/exams/${examId}/participants`, { participants: [{ userId: 'ada', name: 'Ada L.' }] }, { credential: key });
    const { page } = await signIn('watched', { role: 'PROCTOR' });
    expect(await page.getByRole('link', { name: 'New exam' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Watched', exact: true }).click();
    await page.getByRole('link', { name: 'Ada L.' }).waitFor();
    await expectGood(page, '209-proctor', LOOKS);
    for (const name of ['Start', 'Cancel the exam']) expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
    expect(await page.getByRole('navigation', { name: 'Parts of this exam' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Open the console' }).click();
    await page.getByRole('region', { name: 'People' }).getByText('Ada L.').waitFor();
    await page.close();
  });

  it('leads back to the sign-in when the key is revoked in the middle, and says why', async () => {
    const { page, id } = await signIn('revoked', { query: '?new' });
    await heading(page, 'New exam');
    await page.getByLabel('Title').fill('Lost');
    await pages.server.graphql().request(`mutation { revokeApiKey(id: "${id}") { id } }`);
    await press(page, 'Create the exam');
    await page.getByText('Your key was revoked or has ended').waitFor();
    await expectGood(page, '210-revoked', LOOKS);
    await page.close();
  });

  it('says of an exam of another school that there is none', async () => {
    const { id: examId } = await createExam(pages.server);
    const { page } = await signIn('strangers', { query: `?exam=${examId}` });
    await heading(page, 'There is no such exam');
    expect(await page.getByRole('link', { name: 'Open the console' }).count()).toBe(0);
    await page.close();
  });

  it('speaks German', async () => {
    const page = await openSchool();
    await page.getByLabel('Language').selectOption('de');
    await heading(page, 'Mit dem Schlüssel der Schule anmelden');
    expect(await page.evaluate('document.documentElement.lang')).toBe('de');
    await page.close();
  });
});
