import { Gate } from './gate.ts';

/** Limits how much of the same work each caller has running; the rest of it waits in order, and delays nobody else. */
export class CallerGates {
  readonly #byCaller = new Map<string, Gate>();

  /** @param width how many may run at once, asked for the first one of a caller that waits or runs */
  async run<T>(caller: string, width: number, work: () => Promise<T>): Promise<T> {
    let gate = this.#byCaller.get(caller);
    if (!gate) this.#byCaller.set(caller, (gate = new Gate(width)));
    try {
      return await gate.run(work);
    } finally {
      if (gate.isIdle) this.#byCaller.delete(caller);
    }
  }
}
