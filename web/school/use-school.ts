import { createContext, use, useCallback, useEffect, useState } from 'react';
import { createStore, useStore } from '../shared/store.ts';
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

/** Holds the answer to the newest question: one that comes after a later question was asked is dropped. */
function createReader<Value>() {
  const store = createStore<{ value: Value | null; error: unknown }>({ value: null, error: null });
  let asked = 0;
  return {
    store,
    async ask(read: () => Promise<Value>): Promise<void> {
      const mine = ++asked;
      try {
        const value = await read();
        if (mine === asked) store.set({ value, error: null });
      } catch (error) {
        if (mine === asked) store.set({ error });
      }
    },
    drop: () => void (asked += 1),
  };
}

/** What the server says, read at the beginning, when `read` changes, and again from time to time while the page is in front. */
export function useReading<Value>(read: () => Promise<Value>, everyMs: number | null = null): Reading<Value> {
  const inWords = useFault();
  const [reader] = useState(createReader<Value>);
  const { value, error } = useStore(reader.store);
  const again = useCallback(() => reader.ask(read), [reader, read]);
  useEffect(() => {
    void again();
    return reader.drop;
  }, [again, reader]);
  useEffect(() => {
    if (everyMs === null) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && void again(), everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return { value, fault: error === null ? null : inWords(error), again };
}
