import { describe, expect, it } from 'vitest';
import { skipsBrowser } from '../helpers/browser.ts';
import { createExam, join, report } from '../helpers/exam.ts';
import { setPages } from './helpers/stage.ts';

/** What of a row of the list is outside of the list, or cut by what is around it: the words or signs. */
const CUT = `(() => {
  const list = document.querySelector('li[data-row]').closest('ul').getBoundingClientRect();
  const cut = [];
  for (const row of document.querySelectorAll('li[data-row]'))
    for (const mark of row.querySelectorAll('span')) {
      if (mark.children.length > 0 && !mark.querySelector('svg') || getComputedStyle(mark).position === 'absolute') continue;
      const { left, right, top, bottom, width } = mark.getBoundingClientRect();
      if (width === 0 || getComputedStyle(mark).textOverflow === 'ellipsis') continue;
      for (let around = mark.parentElement; around !== row.parentElement; around = around.parentElement) {
        const box = around.getBoundingClientRect();
        // A whole line that is left out is not cut.
        if (getComputedStyle(around).overflowX === 'hidden' && top < box.bottom - 1 && (right > box.right + 1 || left < box.left - 1))
          cut.push(mark.textContent);
      }
      if (right > list.right + 1 || left < list.left - 1) cut.push(mark.textContent);
    }
  return cut;
})()`;

describe.skipIf(skipsBrowser)('the list of people on the console', () => {
  const pages = setPages();

  it.each([
    ['en-GB', /✉/, /1[23] to review/, 'in the exam'],
    ['de-DE', /✉/, /1[23] zu prüfen/, 'in der Prüfung'],
  ])('shows hand, message, counts and state of a person at any width, in %s', async (locale, message, open, state) => {
    const { id: examId } = await createExam(pages.server, { settings: { aiDetection: { enabled: false } } });
    await pages.server.post(`/exams/${examId}/participants`, {
      participants: [{ userId: 'ada', name: 'A'.repeat(200), group: 'B'.repeat(100) }],
    });
    const token = await join(pages.server, examId, 'ada');
    await pages.server.post(`/exams/${examId}/hand`, { text: '' }, { credential: token });
    await pages.server.post(`/exams/${examId}/messages`, { text: 'Hello' }, { credential: token });
    await report(pages.server, examId, 'ada', [...Array.from({ length: 10 }, () => 'tab_switch'), 'window_blur', 'camera_stopped'], token);
    const answer = await pages.server.post(`/exams/${examId}/proctor-links`, { name: 'Petra' });
    const { pathname, hash } = new URL(((await answer.json()) as { url: string }).url);
    const page = await pages.browser.openPage({ locale, viewport: { width: 1_440, height: 900 } });
    await page.goto(`${pages.server.url}${pathname}${hash}`);
    const row = page.locator('li[data-row]');
    await row.getByText(open).waitFor();
    const expectAll = async (width: number) => {
      await page.setViewportSize({ width, height: 900 });
      // Rows are drawn for the size of the list, and again when it has another.
      for (const words of [message, open, state])
        await expect.poll(() => row.getByText(words).last().isVisible(), { message: `${String(words)}, ${width}` }).toBe(true);
      await expect.poll(() => row.locator('svg').first().isVisible()).toBe(true);
      await expect.poll(() => page.evaluate(CUT), { message: `cut at ${width}` }).toEqual([]);
    };
    for (const width of [1_440, 1_100, 1_024, 900, 390]) await expectAll(width);
    await page.setViewportSize({ width: 1_440, height: 900 });
    await page.getByRole('region').last().locator('li button').first().click();
    await page.getByRole('complementary').waitFor();
    for (const width of [1_440, 1_100]) await expectAll(width);
    await page.close();
  });
});
