import type { Order } from './live/people-order.ts';

export type Layout = 'list' | '4' | '9' | '16';

/** How this browser's proctor likes the console; nothing of it leaves the page. */
export interface Habits {
  layout: Layout;
  isGrouped: boolean;
  order: Order;
  /** Single keys can be switched off, as WCAG 2.1.4 asks. */
  hasKeys: boolean;
}

const KEPT = 'invigil console';
const FIRST: Habits = { layout: 'list', isGrouped: false, order: 'attention', hasKeys: true };

export function habits(): Habits {
  try {
    return { ...FIRST, ...(JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Partial<Habits>) };
  } catch {
    return FIRST;
  }
}

/** Changes what the next visit begins with. */
export function keepHabits(change: Partial<Habits>): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...habits(), ...change }));
  } catch {
    // The next visit begins as the first one did.
  }
}
