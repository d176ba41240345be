import { describeFrozenScreen } from '../warnings/catalogue.ts';
import type { AnalysisWarning } from './episodes.ts';
import type { Segment } from './timeline.ts';

/**
 * What a client reports that changes the picture of the screen whatever else is on it. Not in it: the window's focus, which may show
 * nowhere, and copying, which changes nothing.
 */
export const CHANGES_SCREEN: readonly string[] = ['tab_switch', 'fullscreen_exit'];

/** One or two of a second or so may fall between two samples. */
const LEAST_CHANGES = 3;
/** The clocks of recordings and reports may differ by so much. */
const MARGIN_SECONDS = 60;

/**
 * A screen on which nothing changes says nothing: somebody thinks, and recorders send no picture meanwhile. A recording has only
 * stopped to show the screen if nothing changes in it while the client reports, again and again, what must be seen on it.
 * @param idle when nothing changed, in order
 * @param changes when such things were reported, seconds from the start of the recording
 */
export function findFrozenScreen(idle: readonly Segment[], changes: readonly number[]): AnalysisWarning[] {
  return idle.flatMap(({ startSeconds, endSeconds }): AnalysisWarning[] => {
    const unseen = changes.filter((at) => at >= startSeconds + MARGIN_SECONDS && at <= endSeconds - MARGIN_SECONDS);
    if (unseen.length < LEAST_CHANGES) return [];
    const details = describeFrozenScreen(endSeconds - startSeconds, unseen.length);
    return [{ type: 'screen_frozen', startSeconds, endSeconds, confidence: null, details }];
  });
}
