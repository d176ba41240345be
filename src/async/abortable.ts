/**
 * An async iterator whose `return()` takes effect at once. A plain generator answers it only after the promise that it
 * awaits has settled, so a cursor that waits for the next event would never be let go.
 */
export function abortable<T>(run: (signal: AbortSignal) => AsyncGenerator<T, void>): AsyncIterableIterator<T> {
  const abort = new AbortController();
  const source = run(abort.signal);
  const stop = async (): Promise<IteratorResult<T>> => {
    abort.abort();
    await source.return();
    return { done: true, value: undefined };
  };
  return {
    next: () => source.next(),
    return: stop,
    async throw(error) {
      await stop();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
