/**
 * Wake-up calls between the parts and processes of one installation. A call may be lost or doubled: whoever listens
 * reads the truth from the database.
 */
export interface Bus {
  /** Returns at once. */
  publish(topic: string): void;
  /** Calls `wake` at each publication of the topic, and whenever calls may have been missed. Returns the way out. */
  subscribe(topic: string, wake: () => void): () => void;
  close(): Promise<void>;
}

/** The listeners of one process, by topic. */
export class LocalTopics {
  readonly #listeners = new Map<string, Set<() => void>>();

  subscribe(topic: string, wake: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(wake));
    return () => {
      listeners.delete(wake);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  wake(topic: string): void {
    for (const wake of this.#listeners.get(topic) ?? []) wake();
  }

  wakeAll(): void {
    for (const topic of this.#listeners.keys()) this.wake(topic);
  }
}
