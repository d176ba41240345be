import { Gate } from './gate.ts';

/** Work under the same name runs one at a time, in order. */
export class Turns {
  readonly #byName = new Map<string, { gate: Gate; listeners: Set<() => void> }>();

  /**
   * @param onProgress also called while this waits and the work before it makes progress
   * @param work gets a function to call whenever it makes progress
   */
  async run<T>(name: string, onProgress: () => void, work: (progress: () => void) => Promise<T>): Promise<T> {
    const known = this.#byName.get(name);
    const turn = known ?? { gate: new Gate(1), listeners: new Set<() => void>() };
    if (!known) this.#byName.set(name, turn);
    turn.listeners.add(onProgress);
    try {
      return await turn.gate.run(() =>
        work(() => {
          for (const listener of turn.listeners) listener();
        }),
      );
    } finally {
      turn.listeners.delete(onProgress);
      if (turn.gate.isIdle) this.#byName.delete(name);
    }
  }
}
