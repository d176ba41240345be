import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { callbackify } from 'node:util';
import { type SpooledFile, TooLargeError } from './storage.ts';

/** What waits here while a write is under way goes out in the next one. */
const BATCH_BYTES = 1024 * 1024;
const HEAD_BYTES = 4096;

/** Writes to a file in batches while it hashes and counts. Whoever opened the handle closes it. */
export class HashingWriter extends Writable {
  readonly #handle: FileHandle;
  readonly #maxBytes: number;
  readonly #hash = createHash('sha256');
  #size = 0;
  #head = Buffer.alloc(0);

  constructor(handle: FileHandle, maxBytes: number) {
    super({ highWaterMark: BATCH_BYTES });
    this.#handle = handle;
    this.#maxBytes = maxBytes;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    callbackify(() => this.#append([chunk]))(done);
  }

  override _writev(items: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    callbackify(() => this.#append(items.map((item) => item.chunk)))(done);
  }

  /** Call once, after `finish`. */
  result(): Omit<SpooledFile, 'spoolKey'> {
    return { size: this.#size, sha256: this.#hash.digest('hex'), head: this.#head };
  }

  async #append(chunks: Buffer[]): Promise<void> {
    for (const chunk of chunks) this.#size += chunk.length;
    if (this.#size > this.#maxBytes) throw new TooLargeError(this.#maxBytes);
    const writing = writeAll(this.#handle, chunks);
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
async function writeAll(handle: FileHandle, chunks: Buffer[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten < total) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}
