import { setImmediate, setTimeout } from 'node:timers/promises';
import { AppError } from '../errors.ts';

/** How long an item may wait for its batch to start. Its sender then gets an answer while a retry still makes sense. */
const QUEUED_MS = 2_500;
const MAX_QUEUED = 10_000;
/** Wait after a batch of several items: their senders are about to send again, and a larger batch costs less per item. */
const GATHER_MS = 2;

interface QueuedItem<Item, Result> {
  item: Item;
  since: number;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

export const busy = () => new AppError('server_error', 'The database is busy; try again');

/**
 * Commits items in batches. The first item is committed immediately and alone; items that arrive during a commit form the next
 * batch. Only after a batch of several items does the next one wait a little for more, so a single sender never waits for
 * others.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: Item[]) => Promise<PromiseSettledResult<Result>[]>;
  readonly #maxItems: number;
  #queue: QueuedItem<Item, Result>[] = [];
  #running = false;

  /** @param commit returns one outcome per item, in order; if it throws, that is the outcome of all of them. */
  constructor(commit: (items: Item[]) => Promise<PromiseSettledResult<Result>[]>, { maxItems }: { maxItems: number }) {
    this.#commit = commit;
    this.#maxItems = maxItems;
  }

  get isIdle(): boolean {
    return !this.#running && this.#queue.length === 0;
  }

  /** @throws AppError `server_error` if the item had to wait too long; then nothing of it is stored. */
  add(item: Item): Promise<Result> {
    if (this.#queue.length >= MAX_QUEUED) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, since: performance.now(), resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    const patience = setInterval(() => this.#refuseOld(), QUEUED_MS / 5);
    // Collects everything from this turn of the event loop, such as a burst from one socket.
    await setImmediate();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#maxItems);
      try {
        const outcomes = await this.#commit(batch.map(({ item }) => item));
        batch.forEach(({ resolve, reject }, i) => {
          const outcome = outcomes[i];
          if (outcome?.status === 'fulfilled') resolve(outcome.value);
          else reject(outcome?.reason);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      if (batch.length > 1) await setTimeout(GATHER_MS);
    }
    clearInterval(patience);
    this.#running = false;
  }

  #refuseOld(): void {
    const oldest = performance.now() - QUEUED_MS;
    const old = this.#queue.filter(({ since }) => since < oldest);
    if (old.length === 0) return;
    this.#queue = this.#queue.filter(({ since }) => since >= oldest);
    for (const { reject } of old) reject(busy());
  }
}

/** One GroupCommit per name, kept only while it has work to do. */
export class Lanes<Item, Result> {
  readonly #lanes = new Map<string, GroupCommit<Item, Result>>();
  readonly #open: (name: string) => GroupCommit<Item, Result>;

  constructor(open: (name: string) => GroupCommit<Item, Result>) {
    this.#open = open;
  }

  has(name: string): boolean {
    return this.#lanes.has(name);
  }

  async add(name: string, item: Item): Promise<Result> {
    const lane = this.#lanes.get(name) ?? this.#open(name);
    this.#lanes.set(name, lane);
    try {
      return await lane.add(item);
    } finally {
      if (lane.isIdle && this.#lanes.get(name) === lane) this.#lanes.delete(name);
    }
  }
}
