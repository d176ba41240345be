import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { releaseMemory } from '../../async/release-memory.ts';
import { type SpooledFile, type SpoolOptions, TooLargeError } from './storage.ts';

/** Bytes per write, because each write costs two thread switches. The same amount may wait here meanwhile. */
const BATCH_BYTES = 1024 * 1024;
const HEAD_BYTES = 4096;

/** The destination of bytes. */
export interface ByteSink {
  write(chunks: Uint8Array[]): Promise<void>;
  /** Call once, after the last `write`. */
  end(): Promise<void>;
}

/** Writes to an open file; the caller closes it. */
export const fileSink = (handle: FileHandle): ByteSink => ({
  write: (chunks) => writeAll(handle, chunks),
  end: async () => {},
});

/** Writes to a sink in batches while hashing and counting. */
export class HashingWriter {
  readonly #sink: ByteSink;
  readonly #maxBytes: number;
  readonly #releaseChunks: boolean;
  readonly #hash = createHash('sha256');
  #size = 0;
  #head = Buffer.alloc(0);
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #writing = Promise.resolve();

  constructor(sink: ByteSink, { maxBytes, releaseChunks = false }: SpoolOptions) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
    this.#releaseChunks = releaseChunks;
  }

  /**
   * Takes a chunk. If it returns a promise, wait for that before the next one. Chunks are accepted while a batch is being written,
   * so that each is hashed while it is in the processor's cache.
   * @throws TooLargeError
   */
  write(chunk: Buffer): Promise<void> | undefined {
    this.#size += chunk.length;
    if (this.#size > this.#maxBytes) throw new TooLargeError(this.#maxBytes);
    this.#hash.update(chunk);
    this.#keepHead(chunk);
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    return this.#batchBytes < BATCH_BYTES ? undefined : this.#startBatch();
  }

  /** Call once, after the last `write`. */
  async end(): Promise<Omit<SpooledFile, 'spoolKey'>> {
    await this.#writing;
    if (this.#batchBytes > 0) await this.#writeBatch();
    await this.#sink.end();
    return { size: this.#size, sha256: this.#hash.digest('hex'), head: this.#head };
  }

  /** Waits only for the previous batch. */
  async #startBatch(): Promise<void> {
    await this.#writing;
    this.#writing = this.#writeBatch();
    // Its error is reported with the next batch, or at the end.
    this.#writing.catch(() => {});
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    await this.#sink.write(batch);
    if (this.#releaseChunks) releaseMemory(batch);
  }

  #keepHead(chunk: Buffer): void {
    const missing = HEAD_BYTES - this.#head.length;
    if (missing > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, missing)]);
  }
}

/** A disk that fills up writes only a part before it refuses the rest. */
async function writeAll(handle: FileHandle, chunks: Uint8Array[]): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten < total) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}
