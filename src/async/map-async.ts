/** The results of `map`, one at a time. Unlike a generator, it ends its source immediately when it is ended itself. */
export function mapAsync<T, U>(source: AsyncIterable<T>, map: (item: T) => Promise<U>): AsyncIterableIterator<U, undefined> {
  const items = source[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await items.next();
      return done ? { done: true, value: undefined } : { done: false, value: await map(value) };
    },
    async return() {
      await items.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
