import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { callbackify } from 'node:util';
import { type SpooledFile, TooLargeError } from './storage.ts';

/** What waits here while a write is under way goes out in the next one. */
const BATCH_BYTES = 1024 * 1024;
const HEAD_BYTES = 4096;

/** Where bytes go in the end. */
export interface ByteSink {
  write(chunks: Uint8Array[]): Promise<void>;
  /** Call once, after the last `write`. */
  end(): Promise<void>;
}

/** Writes to an open file; whoever opened it closes it. */
export const fileSink = (handle: FileHandle): ByteSink => ({
  write: (chunks) => writeAll(handle, chunks),
  end: async () => {},
});

/** Writes to a sink in batches while it hashes and counts. */
export class HashingWriter extends Writable {
  readonly #sink: ByteSink;
  readonly #maxBytes: number;
  readonly #hash = createHash('sha256');
  #size = 0;
  #head = Buffer.alloc(0);

  constructor(sink: ByteSink, maxBytes: number) {
    super({ highWaterMark: BATCH_BYTES });
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    callbackify(() => this.#append([chunk]))(done);
  }

  override _writev(items: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    callbackify(() => this.#append(items.map((item) => item.chunk)))(done);
  }

  override _final(done: (error?: Error | null) => void): void {
    callbackify(() => this.#sink.end())(done);
  }

  /** Call once, after `finish`. */
  result(): Omit<SpooledFile, 'spoolKey'> {
    return { size: this.#size, sha256: this.#hash.digest('hex'), head: this.#head };
  }

  async #append(chunks: Buffer[]): Promise<void> {
    for (const chunk of chunks) this.#size += chunk.length;
    if (this.#size > this.#maxBytes) throw new TooLargeError(this.#maxBytes);
    const writing = this.#sink.write(chunks);
    // The kernel copies in another thread, so hashing now costs no wait.
    for (const chunk of chunks) this.#hash.update(chunk);
    for (const chunk of chunks) this.#keepHead(chunk);
    await writing;
  }

  #keepHead(chunk: Buffer): void {
    const missing = HEAD_BYTES - this.#head.length;
    if (missing > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, missing)]);
  }
}

/** A disk that fills up takes part of a write before it refuses the next. */
async function writeAll(handle: FileHandle, chunks: Uint8Array[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten < total) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}
