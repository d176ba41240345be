import { type Order, ORDERS } from './live/people-order.ts';

export const LAYOUTS = ['list', '4', '9', '16'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** How this browser's proctor likes the console; nothing of it leaves the page. */
export interface Habits {
  layout: Layout;
  isGrouped: boolean;
  order: Order;
  /** Single keys can be switched off, as WCAG 2.1.4 asks. */
  hasKeys: boolean;
}

const KEPT = 'invigil console';

function kept(): Partial<Record<keyof Habits, unknown>> {
  try {
    return (JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Partial<Habits> | null) ?? {};
  } catch {
    return {};
  }
}

/** As they were kept, or as everybody begins where a version with other choices kept them. */
export function habits(): Habits {
  const { layout, isGrouped, order, hasKeys } = kept();
  return {
    layout: LAYOUTS.find((one) => one === layout) ?? 'list',
    isGrouped: isGrouped === true,
    order: ORDERS.find((one) => one === order) ?? 'attention',
    hasKeys: hasKeys !== false,
  };
}

/** Changes what the next visit begins with. */
export function keepHabits(change: Partial<Habits>): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...habits(), ...change }));
  } catch {
    // The next visit begins as the first one did.
  }
}
