import type { Page } from 'playwright-core';

const driftsOver = (seconds: number) => `new Promise((resolve) => {
  const [camera, screen] = [...document.querySelectorAll('video')];
  const drifts = [];
  let from = null;
  const look = () => {
    if (!camera.paused && !screen.paused) {
      from ??= camera.currentTime;
      drifts.push(Math.abs(camera.currentTime + 2 - screen.currentTime));
    }
    if (from !== null && camera.currentTime - from >= ${seconds}) resolve(drifts);
    else requestAnimationFrame(look);
  };
  look();
})`;

/**
 * How far the screen of a review is from the camera, which began two seconds later: with each picture that the page draws while both
 * play, in seconds of the exam. A video that has to be put right, or waits for the other, does not play.
 * @param seconds of the camera that are played until it ends, however long that takes
 */
export async function watchDrift(page: Page, seconds: number): Promise<{ worst: number; median: number }> {
  const drifts = (await page.evaluate<number[]>(driftsOver(seconds))).toSorted((a, b) => a - b);
  return { worst: drifts.at(-1) ?? Number.NaN, median: drifts[Math.floor(drifts.length / 2)] ?? Number.NaN };
}
