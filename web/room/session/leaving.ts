import type { Store } from '../../shared/store.ts';
import { isAllSent, type RoomState } from './room-state.ts';

/** Without a network this page cannot be loaded again, and nothing would be recorded until it can. */
const mustStay = (state: RoomState): boolean => {
  const { phase, upload } = state;
  if (upload === null || upload.offlineSince === null) return false;
  return phase.kind === 'exam' || (phase.kind === 'ended' && !isAllSent(state));
};

/** Has the browser ask before it leaves or reloads the page, only while that would cost something. */
export function guardLeaving(store: Store<RoomState>): void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault();
  let isAsking = false;
  store.subscribe(() => {
    const asks = mustStay(store.get());
    if (asks === isAsking) return;
    isAsking = asks;
    // Not always there: browsers throw away pages with such a listener that they could keep.
    if (asks) addEventListener('beforeunload', ask);
    else removeEventListener('beforeunload', ask);
  });
}
