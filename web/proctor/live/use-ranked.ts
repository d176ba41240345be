import { useEffect, useRef, useState } from 'react';
import { useStore } from '../../shared/store.ts';
import { useConsole } from '../use-console.ts';
import { type Order, orderPeople, type PeopleFilter } from './people-order.ts';

/** Rows do not jump more often than this. */
const RANK_MS = 2_000;

interface Ranked {
  ids: readonly string[];
  /** For the element with the list: nothing moves while the pointer or the focus is inside. */
  hold: {
    onPointerEnter(): void;
    onPointerLeave(): void;
    onFocus(): void;
    onBlur(event: { currentTarget: Element; relatedTarget: unknown }): void;
  };
}

/** People in order, ranked again at most every two seconds, and not at all under somebody's pointer or focus. */
export function useRanked(filter: PeopleFilter, order: Order): Ranked {
  const { store } = useConsole();
  const { byId } = useStore(store.people);
  const [ids, setIds] = useState<readonly string[]>([]);
  const last = useRef({ at: Number.NEGATIVE_INFINITY, filter, order });
  const [pointer, setPointer] = useState(false);
  const [focus, setFocus] = useState(false);
  const isHeld = pointer || focus;

  useEffect(() => {
    const rank = () => {
      last.current = { at: performance.now(), filter, order };
      setIds(orderPeople(byId.values(), filter, order));
    };
    // What somebody asks for is shown at once.
    if (last.current.filter !== filter || last.current.order !== order || last.current.at === Number.NEGATIVE_INFINITY) return rank();
    if (isHeld) return;
    const timer = setTimeout(rank, Math.max(0, last.current.at + RANK_MS - performance.now()));
    return () => clearTimeout(timer);
  }, [byId, filter, order, isHeld]);

  return {
    ids,
    hold: {
      onPointerEnter: () => setPointer(true),
      onPointerLeave: () => setPointer(false),
      onFocus: () => setFocus(true),
      onBlur: ({ currentTarget, relatedTarget }) => setFocus(relatedTarget instanceof Node && currentTarget.contains(relatedTarget)),
    },
  };
}
