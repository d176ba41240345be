/**
 * Wake-up calls between the parts and processes of one installation. A call may be lost or duplicated: listeners read the
 * actual state from the database.
 */
export interface Bus {
  /** Wakes the listeners in this process before it returns, and other processes soon after. Never fails or waits. */
  publish(topic: string): void;
  /** Calls `wake` at each publication of the topic, and whenever calls may have been missed. Returns an unsubscribe function. */
  subscribe(topic: string, wake: () => void): () => void;
  /** Finishes within seconds, whatever state the other side is in. */
  close(): Promise<void>;
}

/** The listeners in one process, by topic. */
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

/**
 * Topics to be sent to the other processes. Topics from one turn of the event loop are sent in one batch. While a batch is being
 * sent, the next one is collected, each topic once, so that a slow or frozen bus only accumulates topic names.
 */
export class Outbox {
  readonly #waiting = new Set<string>();
  readonly #send: (topics: string[]) => Promise<void>;
  #busy = false;

  /** `send` must settle within a bounded time; topics that it could not send are dropped. */
  constructor(send: (topics: string[]) => Promise<void>) {
    this.#send = send;
  }

  add(topic: string): void {
    this.#waiting.add(topic);
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting];
      this.#waiting.clear();
      await this.#send(batch);
    }
    this.#busy = false;
  }
}
