import { LRUCache } from 'lru-cache';

export interface QueuedFrame {
  /** Identifies its participant. */
  key: string;
  image: Uint8Array;
}

/** Participants whose turn is remembered, at a few hundred bytes each. */
const REMEMBERED = 50_000;

/**
 * Snapshots that wait for analysis: only the newest per participant, and the participant who waited longest goes first. So it
 * never holds more than one per participant, nor more than `maxBytes`, and if there are too many, all participants get the same
 * share.
 */
export class FrameQueue<Frame extends QueuedFrame> {
  readonly #maxBytes: number;
  /** Ordered by turn. */
  readonly #waiting = new Map<string, Frame>();
  /** Participants with a snapshot under analysis: only one at a time, or an older one might be judged last. */
  readonly #busy = new Set<string>();
  /** Number of the newest analysis per participant. */
  readonly #turns = new LRUCache<string, number>({ max: REMEMBERED });
  #turn = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Queues a snapshot. @returns the snapshots that will not be analysed because of it; it may be one of them. */
  offer(frame: Frame): Frame[] {
    const older = this.#waiting.get(frame.key);
    const dropped = older ? [older] : [];
    // It keeps the turn of the snapshot that it replaces.
    this.#waiting.set(frame.key, frame);
    this.#bytes += frame.image.length - (older?.image.length ?? 0);
    while (this.#bytes > this.#maxBytes) dropped.push(this.#evict());
    return dropped;
  }

  /** The next one to analyse; `done` lets its participant have the next turn. */
  take(): Frame | undefined {
    for (const [key, frame] of this.#waiting) {
      if (this.#busy.has(key)) continue;
      this.#remove(frame);
      this.#busy.add(key);
      this.#turns.set(key, (this.#turn += 1));
      return frame;
    }
    return undefined;
  }

  done(key: string): void {
    this.#busy.delete(key);
  }

  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }

  /** Drops the snapshot of the participant who was analysed most recently. */
  #evict(): Frame {
    let victim: Frame | undefined;
    let latest = -1;
    for (const frame of this.#waiting.values()) {
      const turn = this.#turns.peek(frame.key) ?? 0;
      if (turn >= latest) [victim, latest] = [frame, turn];
    }
    if (!victim) throw new Error('unreachable: an empty queue holds no bytes');
    this.#remove(victim);
    return victim;
  }

  #remove(frame: Frame): void {
    this.#waiting.delete(frame.key);
    this.#bytes -= frame.image.length;
  }
}
