/** The outcome of the work, or an error where it takes too long; it goes on nonetheless. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  return Promise.race([work, patience]).finally(() => clearTimeout(timer));
}
