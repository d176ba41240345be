import { open } from 'node:fs/promises';

/** Tells the reader of a file that its writer has made progress or has ended. */
export class Growth {
  #ended = false;
  #tell = () => {};
  #news = this.#next();

  tell(): void {
    this.#tell();
    this.#news = this.#next();
  }

  end(): void {
    this.#ended = true;
    this.tell();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Settles at the next `tell` or `end`. */
  get news(): Promise<void> {
    return this.#news;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}

/**
 * Reads a file that another process is writing, in pieces of `chunkBytes` (the last one may be shorter). Waits for `growth`
 * until a whole piece is available.
 * @throws Error if the file does not exist when its writer has ended.
 */
export async function* readGrowing(path: string, growth: Growth, chunkBytes: number): AsyncGenerator<Uint8Array> {
  if (!growth.ended) await growth.news;
  const file = await open(path, 'r');
  try {
    let chunk = new Uint8Array(chunkBytes);
    let filled = 0;
    for (;;) {
      // Taken before reading, so that nothing written in between is missed.
      const { ended, news } = growth;
      const { bytesRead } = await file.read(chunk, filled, chunkBytes - filled);
      filled += bytesRead;
      if (filled === chunkBytes) {
        yield chunk;
        chunk = new Uint8Array(chunkBytes);
        filled = 0;
      } else if (bytesRead === 0) {
        if (ended) break;
        await news;
      }
    }
    if (filled > 0) yield chunk.subarray(0, filled);
  } finally {
    await file.close();
  }
}
