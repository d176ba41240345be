/** A queue that serves its senders in turn, so that one who sends much does not delay the others. Each sender's items keep their order. */
export class FairQueue<Item> {
  /** Senders with waiting items; the first one is served next. */
  readonly #bySender = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  waiting(sender: string): number {
    return this.#bySender.get(sender)?.length ?? 0;
  }

  push(sender: string, item: Item): void {
    const items = this.#bySender.get(sender);
    if (items) items.push(item);
    else this.#bySender.set(sender, [item]);
    this.#size += 1;
  }

  /**
   * Takes one item of each sender in turn, again and again.
   * @param choose `take`; `skip` leaves this sender's items for later; `stop` ends the batch
   */
  take(choose: (item: Item) => 'take' | 'skip' | 'stop'): Item[] {
    const taken: Item[] = [];
    // A sender that is added to the end again is visited again by the same loop.
    for (const [sender, items] of this.#bySender) {
      const choice = choose(items[0] as Item);
      if (choice === 'stop') break;
      if (choice === 'skip') continue;
      taken.push(items.shift() as Item);
      this.#bySender.delete(sender);
      if (items.length > 0) this.#bySender.set(sender, items);
    }
    this.#size -= taken.length;
    return taken;
  }

  /** Takes all items that meet a condition out of the queue. */
  remove(condition: (item: Item) => boolean): Item[] {
    const removed: Item[] = [];
    for (const [sender, items] of this.#bySender) {
      const kept = items.filter((item) => !condition(item) || !removed.push(item));
      if (kept.length === 0) this.#bySender.delete(sender);
      else if (kept.length < items.length) this.#bySender.set(sender, kept);
    }
    this.#size -= removed.length;
    return removed;
  }
}
