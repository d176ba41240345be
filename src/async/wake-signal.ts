/** Lets any number of waiters sleep until the next call of `wake`. */
export class WakeSignal {
  readonly #waiters = new Set<() => void>();
  #version = 0;

  /** Increases with each wake: compare it to find out whether you missed one. */
  get version(): number {
    return this.#version;
  }

  wake(): void {
    this.#version += 1;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const resume of waiters) resume();
  }

  /** Resolves at the next wake (immediately if one came after `seen`), or when the signal aborts. */
  async after(seen: number, signal: AbortSignal): Promise<void> {
    if (this.#version !== seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const resume = () => {
        this.#waiters.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.#waiters.add(resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }
}
