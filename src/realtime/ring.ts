/** The shared part of a message, with the position of its event. */
export interface Entry {
  seq: number;
  tail: string;
}

const MAX_ENTRIES = 512;
const MAX_BYTES = 512 * 1024;

/** The newest messages of a group, for members that are slightly behind. */
export class Ring {
  /** Every message after this position is in the ring. */
  floor: number;
  readonly #entries: Entry[] = [];
  #bytes = 0;

  constructor(floor: number) {
    this.floor = floor;
  }

  push(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entry.tail.length;
    }
    while (this.#entries.length > MAX_ENTRIES || this.#bytes > MAX_BYTES) {
      const dropped = this.#entries.shift();
      if (!dropped) break;
      this.#bytes -= dropped.tail.length;
      this.floor = dropped.seq;
    }
  }

  /** Messages after a position that is not below the floor: up to `maxBytes`, but at least one if there is any. */
  after(position: number, maxBytes: number): Entry[] {
    const start = this.#entries.findLastIndex(({ seq }) => seq <= position) + 1;
    let end = start;
    let bytes = 0;
    while (end < this.#entries.length && bytes < maxBytes) {
      bytes += this.#entries[end]?.tail.length ?? 0;
      end += 1;
    }
    return this.#entries.slice(start, end);
  }
}
