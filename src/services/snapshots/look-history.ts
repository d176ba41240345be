import { LRUCache } from 'lru-cache';

/**
 * Phones are the dearest part of a look: they are looked for in every second one, in a rush in every third, and as long as
 * one is in view in each.
 */
const PHONE_EVERY = 2;
const PHONE_EVERY_IN_RUSH = 3;
const REMEMBERED = 50_000;

/** What this process alone knows of a participant; it may be lost. */
export class LookHistory {
  /** When the first of the snapshots was taken that nobody has looked at since the last look; null where there is none. */
  missedSince: number | null = null;
  /** Whether that was told. */
  isMissTold = false;
  #sincePhones = PHONE_EVERY_IN_RUSH;
  #phoneInView = false;

  wantsPhones(isRush: boolean): boolean {
    return this.#phoneInView || this.#sincePhones + 1 >= (isRush ? PHONE_EVERY_IN_RUSH : PHONE_EVERY);
  }

  looked({ phones, phoneInView }: { phones: boolean; phoneInView: boolean }): void {
    this.#sincePhones = phones ? 0 : this.#sincePhones + 1;
    if (phones) this.#phoneInView = phoneInView;
  }

  /** Somebody looks again. @returns whether nobody did for longer than `hold`, milliseconds */
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
