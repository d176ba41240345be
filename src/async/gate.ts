/** Lets a limited number of runs happen at once; the others wait in order. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  readonly #width: number;
  #free: number;

  constructor(width: number) {
    this.#width = width;
    this.#free = width;
  }

  get isIdle(): boolean {
    return this.#free === this.#width;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    try {
      return await work();
    } finally {
      // The place goes to the next one without becoming free.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
