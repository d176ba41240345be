import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { skipsBrowser, watchProblems } from '../helpers/browser.ts';
import { createExam, join, report } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { photographs, snap } from '../helpers/snapshots.ts';
import { addressAt, feed, openConsole, panel, people } from './helpers/console.ts';
import { expectGood, factsOf, heading, hide, invite, press } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

const LOOKS = [
  ['light', 1_440],
  ['dark', 1_024],
  ['light', 390],
] as const;

describe.skipIf(skipsBrowser)("the proctor's console", () => {
  const stage = setStage();
  const at = (url: string) => addressAt(stage.server.url, url);

  it('shows what a candidate does, and what a proctor does is on the page of the candidate', async () => {
    const { examId, link } = await invite(stage.server, {
      contentUrl: 'https://questions.example/',
      settings: { admission: 'proctor', snapshotSeconds: 2, aiDetection: { enabled: true, sensitivity: 'low' } },
    });
    const [page, room] = [await openConsole(stage, examId, { keepsNotices: true }), await stage.browser.openPage({ locale: 'en-GB' })];
    const problems = await watchProblems(page);
    const row = people(page).getByRole('listitem').filter({ hasText: 'Ada L.' });
    await row.getByText('has not opened the link').waitFor();
    await room.goto(link);
    await press(room, /I have read this/);
    await row.getByText('at the device check').waitFor();
    await press(room, /Switch on the camera/);
    await press(room, 'Continue');
    await press(room, 'Record three seconds');
    await press(room, /It looks right/);
    await row.getByText('waits to be let in').waitFor();
    await press(page, 'Let in 1 waiting');
    await page.getByRole('dialog').getByRole('button', { name: 'Let in' }).click();
    await room.getByText('Recording', { exact: true }).first().waitFor();
    await row.getByText('in the exam').waitFor();

    const isTold = async () => (await feed(page).getByRole('button', { name: 'Another tab was in front' }).count()) > 0;
    await expect
      .poll(
        async () => {
          await hide(room, true);
          await room.waitForTimeout(1_500);
          await hide(room, false);
          await page.waitForTimeout(1_500);
          return isTold();
        },
        { interval: 0 },
      )
      .toBe(true);
    await row.getByText(/to review/).waitFor();

    await row.getByRole('button', { name: 'Ada L.' }).click();
    await panel(page).getByText('Camera arrives').waitFor();
    await panel(page)
      .getByRole('img', { name: /^Ada L. at/ })
      .waitFor();
    await page.keyboard.press('p');
    await press(page, 'Please wait a moment.');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await room.getByText('Please wait a moment.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await room.getByText('Please wait a moment.').waitFor({ state: 'detached' });

    await panel(page).getByLabel('Message').fill('Please sit upright');
    await panel(page).getByRole('button', { name: 'Send', exact: true }).click();
    await room.getByText('Please sit upright').first().waitFor();
    await panel(page).getByText('not read yet').waitFor();
    await press(room, /read/i);
    await panel(page)
      .getByText(/· read$/)
      .waitFor();

    await page.locator('h1').click();
    await page.keyboard.press('t');
    await page.getByLabel('Minutes').fill('15');
    await press(page, 'A technical problem.');
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await room
      .getByText(/15 minutes/)
      .first()
      .waitFor();

    await panel(page).getByRole('button', { name: 'Send out' }).click();
    await press(page, 'Agreed with the candidate.');
    await press(page, 'End their exam');
    await room.getByText('Agreed with the candidate.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(async () => (await factsOf(stage.server, examId)).status).toBe('ACTIVE');
    await row.getByText('in the exam').waitFor();
    expect(problems).toEqual([]);
    await Promise.all([page.close(), room.close()]);
  });

  it('shows the server’s time on a computer that is two hours off, live, in review and on paper', async () => {
    const { id: examId } = await createExam(stage.server, { settings: { aiDetection: { enabled: false } } });
    const token = await join(stage.server, examId, 'ada');
    await runSql(
      stage.server,
      `UPDATE "Participant" SET "joinedAt" = now() - interval '1 minute', "startedAt" = now() - interval '1 minute' WHERE "examId" = $1`,
      [examId],
    );
    const page = await openConsole(stage, examId, { hoursAhead: 2 });
    await report(stage.server, examId, 'ada', ['copy_paste'], token);
    await feed(page).getByRole('button', { name: 'Text copied or pasted' }).waitFor();
    await people(page)
      .getByText(/^(5\d|60) min left$/)
      .waitFor();
    const shown = await page.getByRole('timer').innerText();
    const isNow = (text: string) => {
      const [hours = 0, minutes = 0] = (/\d+:\d+/.exec(text)?.[0] ?? '').split(':').map(Number);
      const now = new Date();
      const late = now.getHours() * 60 + now.getMinutes() - hours * 60 - minutes;
      // The page knows the server's time to a part of a second, and may be in the next minute already.
      expect((late + 1 + 1_440) % 1_440).toBeLessThan(3);
    };
    isNow(shown);
    await people(page).getByRole('button', { name: 'ada' }).click();
    await panel(page).getByRole('link', { name: 'Review' }).click();
    await page.getByText(/^Camera: Not started, for \d min/).waitFor();
    await press(page, 'Print view');
    isNow((await page.getByText(/^Made /).innerText()).replace(/^.*, /, ''));
    await page.close();
  });

  it('stands still for who reads, counts what is new, and is worked with the keyboard alone', async () => {
    const { id: examId } = await createExam(stage.server);
    const token = await join(stage.server, examId, 'ada');
    await report(stage.server, examId, 'ada', ['copy_paste', 'tab_switch', 'mouse_left'], token);
    const page = await openConsole(stage, examId, { keepsNotices: true });
    await feed(page).getByRole('button', { name: 'Pointer left the window' }).waitFor();
    await page.keyboard.press('j');
    await panel(page).getByText('fewer than five are decided').waitFor();
    await report(stage.server, examId, 'ada', ['extra_display'], token);
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await feed(page).getByRole('button', { name: 'Second display' }).count()).toBe(0);
    await page.keyboard.press('y');
    await page.getByText('Warning confirmed').waitFor();
    await people(page).getByText('3 to review').waitFor();
    await page.keyboard.press('z');
    await people(page).getByText('4 to review').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByRole('dialog').getByLabel('Reason').fill('Agreed');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await panel(page)
      .getByText(/Agreed$/)
      .waitFor();
    // The log may tell of the decision before its answer comes, which closes the dialog: until then no single key does anything.
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('f');
    await feed(page).getByRole('button', { name: 'Second display' }).waitFor();
    await page.keyboard.press('?');
    await page.getByLabel('Single keys are on').uncheck();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    const opened = feed(page).locator('li[data-open]');
    const before = await opened.innerText();
    await page.keyboard.press('j');
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await opened.innerText()).toBe(before);
    await page.close();
  });

  it('asks the bearer of the shared link who it is, once', async () => {
    const { adminUrl } = await createExam(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(at(adminUrl));
    await heading(page, 'Who are you?');
    await expectGood(page, '100-name');
    await page.getByLabel('Your name').fill('Olga');
    await press(page, 'Open the console');
    await page.getByText('Olga (shared link)').waitFor();
    await page.reload();
    await page.getByText('Olga (shared link)').waitFor();
    await page.close();
  });

  it('is good for everybody in each of its views', async () => {
    const { id: examId } = await createExam(stage.server, { title: 'Algebra' });
    const names = ['Ada L.', 'محمد الخوارزمي', `<b>${'Long '.repeat(30)}</b>`];
    for (const [n, name] of names.entries()) {
      const userId = `u${n}`;
      await stage.server.post(`/exams/${examId}/participants`, {
        participants: [{ userId, name, group: n === 0 ? 'Room 1' : 'Room 2' }],
      });
      const token = await join(stage.server, examId, userId);
      expect((await snap(stage.server, examId, photographs.oneFace, token)).status).toBe(200);
      const warnings = [{ type: 'tab_switch', details: '<img src=x>' }, { type: 'remote_control' }];
      await stage.server.post(`/exams/${examId}/warnings`, { userId, warnings }, { credential: token });
    }
    const page = await openConsole(stage, examId);
    await people(page).getByText('Ada L.').waitFor();
    await expectGood(page, '101-list', LOOKS);
    await people(page).getByRole('button', { name: 'Ada L.' }).click();
    await panel(page)
      .getByRole('img', { name: /^Ada L. at/ })
      .waitFor();
    await expectGood(page, '102-person', LOOKS);
    await page.keyboard.press('j');
    await panel(page).getByText('Record here').waitFor();
    await expectGood(page, '103-reason', LOOKS);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('radio', { name: '4 tiles' }).check();
    await people(page).getByRole('img').first().waitFor();
    await expectGood(page, '104-tiles', LOOKS);
    await press(page, 'Shares');
    await page.getByRole('dialog').getByRole('button', { name: 'Take it' }).first().click();
    await page.getByText('It is your share.').waitFor();
    await expectGood(page, '105-shares', LOOKS);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Results' }).click();
    await page.getByRole('cell', { name: 'Ada L.' }).waitFor();
    await expectGood(page, '106-results', LOOKS);
    const [file] = await Promise.all([page.waitForEvent('download'), press(page, 'CSV')]);
    expect(await text(await file.createReadStream())).toContain('Ada L.');
    await page.close();
  });

  it.each([
    ['a link that was cut', async (url: string) => url.slice(0, -6), 'This link is not valid any more'],
    ['no link', async (url: string) => url.replace(/#.*/, ''), 'This address lacks its link'],
    ["a candidate's link", async (url: string, access: string) => url.replace(/#.*/, new URL(access).hash), "This is a candidate's link"],
    ['the link of another exam', async (url: string) => url.replace(/exam_\w+/, 'exam_0123456789abcdefghijklmn'), 'There is no such exam'],
  ])('says by %s what to do', async (_what, spoil, title) => {
    const { accessUrl, adminUrl } = await createExam(stage.server);
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(await spoil(at(adminUrl), accessUrl));
    await heading(page, title);
    expect(await page.getByRole('button').allTextContents()).toEqual(['Try again']);
    await page.close();
  });

  it('keeps the way back for whoever is at it, and takes it away a while later', async () => {
    const { id: examId } = await createExam(stage.server);
    await join(stage.server, examId, 'ada');
    const page = await openConsole(stage, examId);
    await people(page).getByRole('button', { name: 'ada' }).click();
    await page.clock.install();
    // It passes when the test says so.
    await page.clock.pauseAt(Date.now() + 60_000);
    await panel(page).getByRole('button', { name: 'Pause', exact: true }).click();
    await press(page, 'Please wait a moment.');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    const undo = page.getByRole('button', { name: 'Undo' });
    await undo.focus();
    await page.clock.fastForward(20_000);
    expect(await undo.isVisible()).toBe(true);
    await undo.blur();
    await expect
      .poll(async () => {
        await page.clock.fastForward(2_000);
        return undo.count();
      })
      .toBe(0);
    await page.close();
  });

  it('ends with its link', async () => {
    const { id: examId } = await createExam(stage.server);
    const page = await openConsole(stage, examId);
    const { exam } = await stage.server
      .graphql()
      .request<{ exam: { proctorLinks: { id: string }[] } }>(`{ exam(id: "${examId}") { proctorLinks { id } } }`);
    await stage.server.graphql().request(`mutation { revokeProctorLink(id: "${exam.proctorLinks[0]?.id}") { id } }`);
    await heading(page, 'Your access has ended');
    expect(await page.getByRole('region').count()).toBe(0);
    await page.close();
  });
});
