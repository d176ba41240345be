import { useSyncExternalStore } from 'react';

/** A value that changes as a whole, and who listens. */
export interface Store<State> {
  get(): State;
  /** Replaces the fields given; tells nobody if none of them differs. */
  set(change: Partial<State>): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<State extends object>(first: State): Store<State> {
  let state = first;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set(change) {
      const isSame = (Object.keys(change) as (keyof State)[]).every((key) => Object.is(state[key], change[key]));
      if (isSame) return;
      state = { ...state, ...change };
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const useStore = <State>(store: { get(): State; subscribe(listener: () => void): () => void }): State =>
  useSyncExternalStore(store.subscribe, store.get);
