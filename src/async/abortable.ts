/**
 * An async iterator whose `return()` takes effect immediately. A plain generator answers `return()` only after the promise
 * it awaits has settled, so a cursor that waits for the next event would never be released.
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
