import { Readable } from 'node:stream';

/** Splits a stream into pieces, each a stream itself. Ask for the next one only after the previous one was read to its end. */
export class StreamSplitter {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer | null = null;
  #ended = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Up to `maxBytes`; fewer if the source ends, and then `ended` is true. An error of the source becomes an error of the piece. */
  next(maxBytes: number): Readable {
    return Readable.from(this.#take(maxBytes), { objectMode: false });
  }

  get ended(): boolean {
    return this.#ended;
  }

  async *#take(maxBytes: number): AsyncGenerator<Buffer> {
    for (let missing = maxBytes; missing > 0;) {
      const chunk = await this.#nextChunk();
      if (!chunk) return;
      const part = chunk.subarray(0, missing);
      if (part.length < chunk.length) this.#rest = chunk.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }

  async #nextChunk(): Promise<Buffer | null> {
    const rest = this.#rest;
    this.#rest = null;
    if (rest) return rest;
    const { value, done } = await this.#source.next();
    this.#ended = done === true;
    return done ? null : value;
  }
}
