import { createContext, use, useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from '../shared/store.ts';
import { useFault } from '../shared/use-action.ts';
import type { Me, School } from './session/school.ts';

const SchoolContext = createContext<School | null>(null);
export const SchoolProvider = SchoolContext.Provider;

export function useSchool(): School {
  const found = use(SchoolContext);
  if (!found) throw new Error('outside of the school');
  return found;
}

/** Who is signed in, in views that there are only then. */
export function useMe(): Me {
  const { phase } = useStore(useSchool().state);
  if (phase.kind !== 'in') throw new Error('nobody is signed in');
  return phase.me;
}

/** Whether the key may change exams; one of a proctor sees and opens them. */
export const useMayChange = (): boolean => useMe().role !== 'PROCTOR';

interface Reading<Value> {
  /** What was read last; null before the first answer. */
  value: Value | null;
  fault: string | null;
  again(): Promise<void>;
}

/**
 * What the server says, read at the beginning, when `read` changes, and again from time to time while the page is in front.
 * An answer that comes after a later question is dropped.
 */
export function useReading<Value>(read: () => Promise<Value>, everyMs: number | null = null): Reading<Value> {
  const inWords = useFault();
  const words = useRef(inWords);
  words.current = inWords;
  const [{ value, fault }, set] = useState<{ value: Value | null; fault: string | null }>({ value: null, fault: null });
  const asked = useRef(0);
  const again = useCallback(async () => {
    const mine = ++asked.current;
    try {
      const answer = await read();
      if (mine === asked.current) set({ value: answer, fault: null });
    } catch (error) {
      if (mine === asked.current) set((before) => ({ ...before, fault: words.current(error) }));
    }
  }, [read]);
  useEffect(() => {
    void again();
    return () => void (asked.current += 1);
  }, [again]);
  useEffect(() => {
    if (everyMs === null) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && void again(), everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return { value, fault, again };
}
