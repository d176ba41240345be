import { useSyncExternalStore } from 'react';

const CHANGED = 'invigil:route';

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener(CHANGED, listener);
  };
}

/** What the address says behind its `?`: which view of the page is open. Back and forward work. */
export function useRoute(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => location.search));
}

/** An address of this page with another view; the link of who is here stays in it. @param view nothing for the first one */
export function addressOf(view: Record<string, string>): string {
  const query = new URLSearchParams(view).toString();
  return `${location.pathname}${query && `?${query}`}${location.hash}`;
}

/** Opens another view of this page. @param options.replace without a step back to this one */
export function goTo(view: Record<string, string>, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', addressOf(view));
  dispatchEvent(new Event(CHANGED));
}
