import { createContext, use } from 'react';
import { useStore } from '../shared/store.ts';
import type { ConsoleState } from './session/console.ts';
import type { ProctorConsole } from './session/console.ts';

const ConsoleContext = createContext<ProctorConsole | null>(null);
export const ConsoleProvider = ConsoleContext.Provider;

export function useConsole(): ProctorConsole {
  const found = use(ConsoleContext);
  if (!found) throw new Error('outside of the console');
  return found;
}

export const useConsoleState = (): ConsoleState => useStore(useConsole().state);

/** The exam, in views that there are only with one. */
export function useExam() {
  const { facts } = useStore(useConsole().store.exam);
  if (!facts) throw new Error('without an exam');
  return facts;
}
