import { setTimeout } from 'node:timers/promises';
import type { Annotation, Picture } from './service.ts';

/** Google's limit for one request. */
const MOST_PICTURES = 16;
/** Maximum bytes of JPEG; Google accepts 10 MB per request. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Concurrent requests: while one is answered, the other is filled. */
const LANES = 2;
/** Wait after a batch of several pictures: their senders are about to send the next frames. */
const GATHER_MS = 25;

interface QueuedPicture {
  picture: Picture;
  resolve(annotation: Annotation): void;
  reject(reason: unknown): void;
}

type Send = (pictures: Picture[]) => Promise<(Annotation | Error)[]>;

/**
 * Sends pictures in batches. A picture is sent immediately if a lane is free; pictures that arrive while all lanes are busy form
 * the next batch.
 */
export class Batches {
  readonly #send: Send;
  readonly #queue: QueuedPicture[] = [];
  readonly #underWay = new Set<QueuedPicture>();
  #lanes = 0;
  #closed = false;

  constructor(send: Send) {
    this.#send = send;
  }

  /** @throws the error that `send` throws or returns for this picture. */
  add(picture: Picture): Promise<Annotation> {
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#queue.push({ picture, resolve, reject });
      if (this.#lanes < LANES) void this.#run();
    });
  }

  /** Rejects everything that waits. */
  close(): void {
    this.#closed = true;
    for (const { reject } of [...this.#queue.splice(0), ...this.#underWay]) reject(closed());
  }

  async #run(): Promise<void> {
    this.#lanes += 1;
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      for (const queued of batch) this.#underWay.add(queued);
      await this.#settle(batch);
      for (const queued of batch) this.#underWay.delete(queued);
      if (batch.length > 1) await setTimeout(GATHER_MS);
    }
    this.#lanes -= 1;
  }

  async #settle(batch: readonly QueuedPicture[]): Promise<void> {
    try {
      const outcomes = await this.#send(batch.map(({ picture }) => picture));
      batch.forEach(({ resolve, reject }, i) => {
        const outcome = outcomes[i] ?? new Error('A picture has no outcome');
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
    } catch (error) {
      // If a whole batch failed after all retries, the pictures behind it would fail too, each after the same time.
      for (const { reject } of [...batch, ...this.#queue.splice(0)]) reject(error);
    }
  }

  #take(): QueuedPicture[] {
    let bytes = 0;
    const fits = (queued: QueuedPicture, at: number) =>
      at === 0 || (at < MOST_PICTURES && bytes + queued.picture.jpeg.length <= MOST_BYTES);
    let count = 0;
    for (const [at, queued] of this.#queue.entries()) {
      if (!fits(queued, at)) break;
      bytes += queued.picture.jpeg.length;
      count = at + 1;
    }
    return this.#queue.splice(0, count);
  }
}

const closed = () => new Error('Google Vision is closed');
