import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** The text of each live region (`role=status` and `role=alert`) whenever it changes. */
const NOTE_SAID = `if (!globalThis.said) {
  globalThis.said = new Set();
  const LIVE = '[role=status], [role=alert]';
  const note = (node) => {
    const element = node instanceof Element ? node : node.parentElement;
    const around = element?.closest(LIVE);
    for (const region of around ? [around] : (element?.querySelectorAll(LIVE) ?? [])) said.add(region.textContent);
  };
  new MutationObserver((changes) => {
    for (const { target, type, addedNodes, removedNodes } of changes) {
      if (type === 'characterData' || removedNodes.length > 0) note(target);
      for (const node of addedNodes) note(node);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}`;

/**
 * Notes what the live regions of a page say from now on, also on the pages that are loaded after this one. Some of it is shown for a few
 * seconds only, and may be gone before a test looks.
 * @returns waits until words were said, or finds that they were
 */
export async function watchSaid(page: Page): Promise<(words: RegExp) => Promise<void>> {
  await page.addInitScript({ content: NOTE_SAID });
  await page.evaluate(NOTE_SAID);
  return async (words) => {
    await expect.poll(() => page.evaluate<string[]>('[...said]')).toContainEqual(expect.stringMatching(words));
  };
}
