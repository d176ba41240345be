/**
 * Wake-up calls between the parts and processes of one installation. A call may be lost or doubled: whoever listens
 * reads the truth from the database.
 */
export interface Bus {
  /** Wakes the listeners of this process before it returns and the other processes soon; never fails nor waits. */
  publish(topic: string): void;
  /** Calls `wake` at each publication of the topic, and whenever calls may have been missed. Returns the way out. */
  subscribe(topic: string, wake: () => void): () => void;
  /** Ends within seconds, whatever state the other side is in. */
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

/**
 * Topics on their way to the other processes. Those of one turn of the event loop leave in one batch; while a batch is
 * under way the next one gathers, each topic once, so that a slow or frozen bus holds no more than their names.
 */
export class Outbox {
  readonly #waiting = new Set<string>();
  readonly #send: (topics: string[]) => Promise<void>;
  #busy = false;

  /** `send` must settle within a bounded time; what it could not send is dropped. */
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
