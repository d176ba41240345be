import { FairQueue } from './fair-queue.ts';

/** How long work may run before everything else gets its turn. */
const SLICE_MS = 8;

/**
 * Divides long computations into slices, between which the event loop serves other requests. The owners of the computations get
 * slices in turn, so that a hundred large answers to one caller do not delay the large answer to another.
 */
class Slices {
  readonly #waiting = new FairQueue<() => void>();
  /** When the computations of this turn of the event loop began; null if none has. */
  #began: number | null = null;

  /** Whether the computation must wait for its next slice. */
  get isUsedUp(): boolean {
    if (this.#began !== null) return performance.now() - this.#began > SLICE_MS;
    this.#begin();
    return false;
  }

  #begin(): void {
    if (this.#began === null) setImmediate(() => (this.#began = null));
    this.#began = performance.now();
  }

  /** Resolves when the owner's turn has come. */
  next(owner: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) setImmediate(() => this.#turn());
      this.#waiting.push(owner, resolve);
    });
  }

  #turn(): void {
    this.#begin();
    this.#resumeNext();
  }

  /** Resumes one after the other, as long as the slice lasts. */
  #resumeNext(): void {
    let isTaken = false;
    const [resume] = this.#waiting.take(() => {
      if (isTaken) return 'stop';
      isTaken = true;
      return 'take';
    });
    resume?.();
    if (this.#waiting.size === 0) return;
    // Ticks run when all microtasks have, so what was resumed has done its work by then.
    queueMicrotask(() => process.nextTick(() => (this.isUsedUp ? setImmediate(() => this.#turn()) : this.#resumeNext())));
  }
}

/** One per process, as there is one event loop. */
export const slices = new Slices();
