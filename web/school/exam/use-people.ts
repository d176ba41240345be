import { useCallback, useEffect, useState } from 'react';
import { createStore, useStore } from '../../shared/store.ts';
import { useFault } from '../../shared/use-action.ts';
import { readPeople } from '../session/people.ts';
import type { Person, School } from '../session/school.ts';
import { useSchool } from '../use-school.ts';

interface Read {
  people: readonly Person[];
  /** False as long as pages of them are on their way. */
  isAll: boolean;
  error: unknown;
}

const byName = (people: readonly Person[]) => {
  const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
  return people.toSorted((a, b) => compare(a.name || a.userId, b.name || b.userId));
};

function createPeople() {
  const store = createStore<Read>({ people: [], isAll: false, error: null });
  let asked = 0;
  return {
    store,
    async read(school: School, examId: string): Promise<void> {
      const mine = ++asked;
      try {
        await readPeople(school, examId, (people, isAll) => {
          if (mine !== asked) return;
          // A list that is shown whole is replaced when all of it is here again, so that nothing jumps.
          if (isAll) store.set({ people: byName(people), isAll, error: null });
          else if (!store.get().isAll) store.set({ people, isAll, error: null });
        });
      } catch (error) {
        if (mine === asked) store.set({ error });
      }
    },
    drop: () => void (asked += 1),
  };
}

/** Everybody in the exam, as they arrive, and by name once all are here. They are read again when `again` is called. */
export function usePeople(examId: string) {
  const school = useSchool();
  const inWords = useFault();
  const [reader] = useState(createPeople);
  const { people, isAll, error } = useStore(reader.store);
  const again = useCallback(() => reader.read(school, examId), [reader, school, examId]);
  useEffect(() => {
    void again();
    return reader.drop;
  }, [again, reader]);
  return { people, isAll, fault: error === null ? null : inWords(error), again };
}
