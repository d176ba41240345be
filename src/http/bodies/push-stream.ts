import { Readable } from 'node:stream';

/** What waits in one for its reader. The writer behind it holds two batches more. */
const BUFFER_BYTES = 512 * 1024;

/**
 * A stream whose bytes are pushed into it as they come from elsewhere. An error that nobody listens to does no harm: what
 * became of the stream is told by whoever reads it.
 */
export class PushStream extends Readable {
  #wake: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: BUFFER_BYTES });
    // A truncated body otherwise ends the process, where nobody reads yet or any more.
    this.on('error', () => {});
  }

  /** What comes after the reader has given up is thrown away. */
  write(bytes: Buffer): void {
    if (!this.destroyed) this.push(bytes);
  }

  end(): void {
    if (!this.destroyed) this.push(null);
  }

  /** Settles once the reader wants more, or has given up. Undefined where it wants more now. */
  room(): Promise<void> | undefined {
    if (this.destroyed || this.readableLength < BUFFER_BYTES) return undefined;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  override _read(): void {
    this.#wake?.();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#wake?.();
    done(error);
  }
}
