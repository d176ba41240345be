import { LRUCache } from 'lru-cache';

export interface QueuedFrame {
  /** Whose it is. */
  key: string;
  image: Uint8Array;
}

/** Participants whose turn is remembered; one is a few hundred bytes. */
const REMEMBERED = 50_000;

/**
 * Snapshots that wait to be looked at: of each participant the newest alone, each in turn, whoever waited longest first.
 * So it never holds more than one a participant, nor more than `maxBytes`, and where there are too many all get
 * as many looks.
 */
export class FrameQueue<Frame extends QueuedFrame> {
  readonly #maxBytes: number;
  /** In the order of their turns. */
  readonly #waiting = new Map<string, Frame>();
  /** Whose snapshot is being looked at: one after the other, or an older one might be judged last. */
  readonly #busy = new Set<string>();
  /** The number of the newest look at each. */
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

  /** Takes a snapshot in. @returns those that nobody will look at because of it; it may be one of them. */
  offer(frame: Frame): Frame[] {
    const older = this.#waiting.get(frame.key);
    const dropped = older ? [older] : [];
    // It keeps the turn of the one that it replaces.
    this.#waiting.set(frame.key, frame);
    this.#bytes += frame.image.length - (older?.image.length ?? 0);
    while (this.#bytes > this.#maxBytes) dropped.push(this.#evict());
    return dropped;
  }

  /** The next one to look at; `done` gives its participant the next turn. */
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

  /** Of whom was looked at last. */
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
