import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { skipsBrowser } from '../helpers/browser.ts';
import { expectGood, invite } from './helpers/room.ts';
import { setStage } from './helpers/stage.ts';

// Not with its types: scripts have others.
const { disguise } = (await import(new URL('../../scripts/pseudo-messages.mjs', import.meta.url).href)) as {
  disguise(text: string): string;
};

/** All that is read or read out, but the names of languages, the notice of the server, and the ids and hashes of the receipt. */
const TEXTS = `(() => {
  const shown = (element) => element && !element.closest('select, script, style, details > :not(summary), code') && element.checkVisibility();
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (shown(walker.currentNode.parentElement)) texts.push(walker.currentNode.data);
  for (const name of ['aria-label', 'title', 'alt', 'placeholder'])
    for (const element of document.querySelectorAll('[' + name + ']')) if (shown(element)) texts.push(element.getAttribute(name));
  return [document.title, ...texts];
})()`;
/** What people and devices are called, and what somebody wrote. */
const DATA = /Algebra|Invigil|Ada L\.|Welcome, Ada|Hidden for 12 s|sub_\w+|[0-9a-f]{64}|\S*face\.mjpeg|Fake .*|m\.meier/g;

const press = (page: Page, words: string) =>
  page
    .getByRole('button', { name: disguise(words) })
    .first()
    .click();

/** Everything is from the catalogue, and stands where it should although it is longer and goes the other way. */
async function expectTranslated(page: Page, name: string): Promise<void> {
  const texts = await page.evaluate<string[]>(TEXTS);
  expect(texts.length).toBeGreaterThan(5);
  expect(
    texts.filter((text) => /[A-Za-z]{2,}/.test(text.replace(DATA, ''))),
    `${name} has words that cannot be translated`,
  ).toEqual([]);
  await expectGood(page, name);
}

describe.skipIf(skipsBrowser)('the languages of the exam room', () => {
  const stage = setStage();

  it('are the browser’s, what was chosen here, or what the address asks for', async () => {
    const { link } = await invite(stage.server);
    const page = await stage.browser.openPage({ locale: 'de-DE' });
    await page.goto(link);
    await page.getByRole('button', { name: 'Ich habe das gelesen, weiter' }).waitFor();
    expect(await page.evaluate('[document.documentElement.lang, document.documentElement.dir]')).toEqual(['de', 'ltr']);
    await expectGood(page, '70-german');
    await page.getByLabel('Sprache').selectOption('en');
    await page.getByRole('button', { name: /I have read this/ }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: /I have read this/ }).waitFor();
    await page.goto(link.replace('#', '?lang=de#'));
    await page.getByRole('button', { name: 'Ich habe das gelesen, weiter' }).waitFor();
    await page.close();
  });

  it('may be longer and go from right to left, and leave no word as it is', async () => {
    const settings = { identityPhoto: true, candidateView: 'live', aiDetection: { enabled: true, sensitivity: 'low' } };
    const { examId, link } = await invite(stage.server, { settings });
    const page = await stage.browser.openPage({ locale: 'en-GB' });
    await page.goto(link.replace('#', '?lang=ar-XB#'));
    await page.getByRole('button', { name: disguise('I have read this') }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.body).direction')).toBe('rtl');
    await expectTranslated(page, '71-pseudo-welcome');
    await press(page, 'I have read this');
    await press(page, 'Switch on the camera');
    await page.getByText(disguise('On: ')).nth(1).waitFor();
    await expectTranslated(page, '72-pseudo-devices');
    await press(page, 'Continue');
    await press(page, 'Take the picture');
    await page.getByText(disguise('One face, and clear.')).waitFor();
    await expectTranslated(page, '73-pseudo-photo');
    await press(page, 'Use this picture');
    await press(page, 'Record three seconds');
    await page.getByText(disguise('This came back from the server')).waitFor();
    await expectTranslated(page, '74-pseudo-proof');
    await press(page, 'It looks right');
    await page.getByText(disguise('sent up to')).first().waitFor();
    await stage.server.post(`/exams/${examId}/messages`, { userId: 'ada', text: 'Welcome, Ada' });
    await stage.server.post(`/exams/${examId}/warnings`, { userId: 'ada', warnings: [{ type: 'tab_switch', details: 'Hidden for 12 s' }] });
    await page.getByText('Welcome, Ada').first().waitFor();
    await expectTranslated(page, '75-pseudo-exam');
    await press(page, 'Finish the exam');
    await expectTranslated(page, '76-pseudo-finish');
    await press(page, 'Yes, finish');
    await page.getByText(disguise('Everything has arrived')).waitFor();
    await page.getByText(disguise('Another tab or window was in front')).waitFor();
    await page.getByText(disguise('Save the receipt')).waitFor();
    await expectTranslated(page, '77-pseudo-ended');
    await page.close();
  });
});
