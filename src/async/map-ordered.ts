/** Maps in order with at most `limit` concurrent calls; pulls an item only when there is room for it, and none after a failure. */
export async function* mapOrdered<Item, Result>(
  items: AsyncIterable<Item>,
  limit: number,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  let failed = false;
  try {
    for await (const item of items) {
      if (failed) break;
      const result = map(item);
      // It may fail before anything awaits it.
      result.catch(() => {
        failed = true;
      });
      underWay.push(result);
      if (underWay.length < limit) continue;
      yield* underWay.splice(0, 1);
    }
    while (underWay.length > 0) yield* underWay.splice(0, 1);
  } finally {
    await Promise.allSettled(underWay);
  }
}
