import { setImmediate, setTimeout } from 'node:timers/promises';
import { AppError, TooOften } from '../errors.ts';
import { FairQueue } from './fair-queue.ts';
import type { Gate } from './gate.ts';

/** How long an item may wait while others before it are committed. */
const QUEUED_MS = 30_000;
/** Without progress for so long, the database is taken to be down: senders get an answer while a retry still makes sense. */
const STALLED_MS = 2_500;
const MAX_QUEUED = 20_000;
/** A sender who has more waiting is refused; the others are not. */
const MAX_QUEUED_OF_ONE = 1_000;
/** Wait after a batch of several items: their senders are about to send again, and a larger batch costs less per item. */
const GATHER_MS = 2;
const RETRY_MS = 5_000;

interface QueuedItem<Item, Result> {
  item: Item;
  since: number;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

/** The database makes no progress. */
export class Busy extends AppError {
  override readonly headers = { 'Retry-After': '1' };

  constructor(options?: ErrorOptions) {
    super('server_error', 'The database is busy; try again', [], options);
  }
}

const tooMany = (waitMs: number) => new TooOften('More arrives than can be stored: try again later', waitMs);

export interface GroupCommitOptions<Item> {
  maxItems: number;
  /** Items whose weights add up to more do not share a batch. */
  maxWeight?: number;
  weightOf?: (item: Item) => number;
  /** Only items of the same kind share a batch. */
  kindOf?: (item: Item) => unknown;
  /** Who sent it: batches take from all senders in turn. */
  senderOf?: (item: Item) => string;
  /** Limits how many commits run at once, together with other groups. */
  gate?: Gate;
  /** Whether items of a batch that makes no progress are answered before its outcome is known. */
  answersStalled?: boolean;
}

/** @param progress to call whenever the database has answered */
export type Commit<Item, Result> = (items: Item[], progress: () => void) => Promise<PromiseSettledResult<Result>[]>;

/**
 * Commits items in batches. The first item is committed immediately and alone; items that arrive during a commit form the next
 * batch. Only after a batch of several items does the next one wait a little for more, so a single sender never waits for
 * others.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: Commit<Item, Result>;
  readonly #options: GroupCommitOptions<Item>;
  readonly #queue = new FairQueue<QueuedItem<Item, Result>>();
  /** Called whenever nothing is left to do. */
  onIdle: (() => void) | undefined;
  #batch: QueuedItem<Item, Result>[] = [];
  #running = false;
  #progressAt = 0;
  /** Milliseconds per item, an average over the newest batches that were full; 0 before the first one. */
  #pace = 0;

  /** @param commit returns one outcome per item, in order; if it throws, that is the outcome of all of them. */
  constructor(commit: Commit<Item, Result>, options: GroupCommitOptions<Item>) {
    this.#commit = commit;
    this.#options = options;
  }

  /**
   * @throws TooOften if the item would have to wait too long; Busy if the database does not answer. Nothing of it is stored then,
   *   unless the group answers stalled items.
   */
  add(item: Item): Promise<Result> {
    const sender = this.#options.senderOf?.(item) ?? '';
    const waitMs = this.#queue.size * this.#pace;
    if (this.#queue.size >= MAX_QUEUED || waitMs > QUEUED_MS) return Promise.reject(tooMany(Math.max(waitMs, RETRY_MS)));
    if (this.#options.senderOf && this.#queue.waiting(sender) >= MAX_QUEUED_OF_ONE) return Promise.reject(tooMany(RETRY_MS));
    return new Promise((resolve, reject) => {
      this.#queue.push(sender, { item, since: performance.now(), resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    const progress = () => {
      this.#progressAt = performance.now();
    };
    progress();
    const patience = setInterval(() => this.#refuseOld(), STALLED_MS / 5);
    // Collects everything from this turn of the event loop, such as a burst from one socket.
    await setImmediate();
    while (this.#queue.size > 0) {
      const { gate } = this.#options;
      const size = await (gate ? gate.run(() => this.#runBatch(progress)) : this.#runBatch(progress));
      if (size > 1) await setTimeout(GATHER_MS);
    }
    clearInterval(patience);
    this.#running = false;
    this.onIdle?.();
  }

  async #runBatch(progress: () => void): Promise<number> {
    const batch = this.#takeBatch();
    if (batch.length === 0) return 0;
    this.#batch = batch;
    const isFull = this.#queue.size > 0;
    const begun = performance.now();
    progress();
    try {
      const outcomes = await this.#commit(
        batch.map(({ item }) => item),
        progress,
      );
      if (isFull) this.#notePace((performance.now() - begun) / batch.length);
      batch.forEach(({ resolve, reject }, i) => {
        const outcome = outcomes[i];
        if (outcome?.status === 'fulfilled') resolve(outcome.value);
        else reject(outcome?.reason);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#batch = [];
    progress();
    return batch.length;
  }

  #notePace(pace: number): void {
    this.#pace = this.#pace === 0 ? pace : 0.7 * this.#pace + 0.3 * pace;
  }

  #takeBatch(): QueuedItem<Item, Result>[] {
    const { maxItems, maxWeight = Infinity, weightOf = () => 1, kindOf = () => null } = this.#options;
    let count = 0;
    let weight = 0;
    let kind: unknown;
    return this.#queue.take(({ item }) => {
      if (count === 0) kind = kindOf(item);
      else if (kindOf(item) !== kind || weight + weightOf(item) > maxWeight) return 'skip';
      if (count >= maxItems) return 'stop';
      count += 1;
      weight += weightOf(item);
      return 'take';
    });
  }

  #refuseOld(): void {
    const now = performance.now();
    const refuse = (olderMs: number, reason: () => Error) => {
      for (const { reject } of this.#queue.remove(({ since }) => now - since > olderMs)) reject(reason());
    };
    refuse(QUEUED_MS, () => tooMany(RETRY_MS));
    if (this.#batch.length === 0 || now - this.#progressAt < STALLED_MS) return;
    refuse(STALLED_MS, () => new Busy());
    if (this.#options.answersStalled) for (const { reject } of this.#batch) reject(new Busy());
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

  add(name: string, item: Item): Promise<Result> {
    let lane = this.#lanes.get(name);
    if (!lane) {
      lane = this.#open(name);
      lane.onIdle = () => this.#lanes.delete(name);
      this.#lanes.set(name, lane);
    }
    return lane.add(item);
  }
}
