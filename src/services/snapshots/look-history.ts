import { LRUCache } from 'lru-cache';

/**
 * Phone detection is the most expensive part: it runs for every second snapshot, under load for every third, and for each one
 * while a phone is in view, or if snapshots come seldom and there is time.
 */
const PHONE_EVERY = 2;
const PHONE_EVERY_IN_RUSH = 3;
const SELDOM_MS = 4_500;
const REMEMBERED = 50_000;

/** What only this process knows about a participant; it may be lost. */
export class LookHistory {
  /** When the first snapshot since the last analysis arrived that was not analysed; null if there is none. */
  missedSince: number | null = null;
  /** Whether that was reported. */
  isMissTold = false;
  #sincePhones = PHONE_EVERY_IN_RUSH;
  #phoneInView = false;
  #lookedAt = -Infinity;

  /** @param at when the snapshot was taken, milliseconds since 1970 */
  wantsPhones(at: number, isRush: boolean): boolean {
    if (!isRush && at - this.#lookedAt >= SELDOM_MS) return true;
    return this.#phoneInView || this.#sincePhones + 1 >= (isRush ? PHONE_EVERY_IN_RUSH : PHONE_EVERY);
  }

  looked(at: number, { phones, phoneInView }: { phones: boolean; phoneInView: boolean }): void {
    this.#lookedAt = at;
    this.#sincePhones = phones ? 0 : this.#sincePhones + 1;
    if (phones) this.#phoneInView = phoneInView;
  }

  /** A snapshot that arrived `at` was analysed again. @returns whether none was for longer than `hold` milliseconds */
  endMiss(at: number, hold: number): boolean {
    const missed = this.missedSince !== null && at - this.missedSince > hold;
    this.missedSince = null;
    this.isMissTold = false;
    return missed;
  }
}

export function createLookHistories() {
  const histories = new LRUCache<string, LookHistory>({ max: REMEMBERED });
  return {
    of(key: string): LookHistory {
      const known = histories.get(key);
      if (known) return known;
      const history = new LookHistory();
      histories.set(key, history);
      return history;
    },
  };
}
