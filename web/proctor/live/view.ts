import { createContext, use } from 'react';
import { createStore, useStore } from '../../shared/store.ts';
import { type Habits, habits, keepHabits } from '../habits.ts';
import type { Whom } from '../session/actions.ts';
import { ALL_WARNINGS, type FeedFilter } from './feed-order.ts';
import { EVERYBODY, type PeopleFilter } from './people-order.ts';

/** What is asked before it is done. */
export type Deed =
  | { kind: 'message' | 'pause' | 'time' | 'terminate' | 'readmit' | 'admit'; whom: Whom }
  | { kind: 'outage'; whom: Whom; minutes: number }
  | { kind: 'dismiss'; ids: readonly string[] }
  | { kind: 'start' | 'end' }
  | { kind: 'keys' }
  | { kind: 'shares' };

export interface Notice {
  id: number;
  text: string;
  undo: (() => Promise<void>) | null;
}

export interface View extends Habits {
  /** Whose panel is open. */
  person: string | null;
  /** Whose reason is open, by id. */
  warning: string | null;
  /** People chosen for a deed. */
  chosen: ReadonlySet<string>;
  deed: Deed | null;
  filter: PeopleFilter;
  feedFilter: FeedFilter;
  /** The newest position that the feed shows while it stands still; null while it follows. */
  heldAt: number | null;
  notices: readonly Notice[];
}

/** What this proctor looks at: nothing of it leaves the page. */
export function createView() {
  const store = createStore<View>({
    person: null,
    warning: null,
    chosen: new Set(),
    deed: null,
    filter: EVERYBODY,
    feedFilter: ALL_WARNINGS,
    heldAt: null,
    notices: [],
    ...habits(),
  });
  let notices = 0;
  const forget = (id: number) => store.set({ notices: store.get().notices.filter((notice) => notice.id !== id) });

  return {
    ...store,
    /** Changes what the next visit begins with, too. */
    keep(change: Partial<Habits>): void {
      store.set(change);
      keepHabits(change);
    },
    /** Says what was done, until it is forgotten, with a way back where there is one. */
    tell(text: string, undo: (() => Promise<void>) | null = null): void {
      const id = ++notices;
      store.set({ notices: [...store.get().notices.slice(-2), { id, text, undo }] });
    },
    forget,
    choose(userId: string, isChosen: boolean): void {
      const chosen = new Set(store.get().chosen);
      if (isChosen) chosen.add(userId);
      else chosen.delete(userId);
      store.set({ chosen });
    },
  };
}

export type LiveView = ReturnType<typeof createView>;

const ViewContext = createContext<LiveView | null>(null);
export const ViewProvider = ViewContext.Provider;

export function useLive(): LiveView {
  const found = use(ViewContext);
  if (!found) throw new Error('outside of the live view');
  return found;
}

export const useView = (): View => useStore(useLive());
