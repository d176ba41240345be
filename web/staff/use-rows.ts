import { useVirtualizer } from '@tanstack/react-virtual';
import type { RefObject } from 'react';

interface Options {
  count: number;
  /** The element that scrolls. */
  box: RefObject<HTMLElement | null>;
  /** Pixels; the same for all. */
  height: number;
  overscan: number;
}

/** The rows of a long list that are in view: only those are in the page. */
export function useRows({ count, box, height, overscan }: Options) {
  // oxlint-disable-next-line react/incompatible-library -- what it returns is used where it is made
  return useVirtualizer({ count, getScrollElement: () => box.current, estimateSize: () => height, overscan });
}
