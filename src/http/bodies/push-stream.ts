import { Readable } from 'node:stream';

/** Bytes that may wait for the reader. The writer behind it buffers two more batches. */
const BUFFER_BYTES = 512 * 1024;

/**
 * A stream into which bytes are pushed from elsewhere. Its errors need no listener: the reader of the stream reports what
 * happened to it.
 */
export class PushStream extends Readable {
  #wake: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: BUFFER_BYTES });
    // Otherwise a truncated body would crash the process if nobody is reading.
    this.on('error', () => {});
  }

  /** Bytes that arrive after the reader has given up are discarded. */
  write(bytes: Buffer): void {
    if (!this.destroyed) this.push(bytes);
  }

  end(): void {
    if (!this.destroyed) this.push(null);
  }

  /** Settles once the reader wants more, or has given up. Undefined if it wants more now. */
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
