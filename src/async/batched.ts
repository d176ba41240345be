/**
 * Batches concurrent calls: while one run is in progress, calls are collected for the next one, so a run serves more calls
 * under load. Never more than one run at a time.
 * @param run returns answers in the order of the items; if it throws, all callers of that run get the error.
 */
export function batched<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  maxSize: number,
): (item: Item) => Promise<Answer> {
  const waiting: { item: Item; resolve: (answer: Answer) => void; reject: (error: unknown) => void }[] = [];
  let running = false;

  async function serve(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxSize);
      try {
        const answers = await run(batch.map(({ item }) => item));
        for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Answer);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (running) return;
      running = true;
      // Also includes the other calls of this turn of the event loop.
      setImmediate(() => void serve());
    });
}
