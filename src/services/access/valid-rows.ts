import { LRUCache } from 'lru-cache';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { Logger } from '../../log.ts';
import { createRevocations } from './revocations.ts';

const KEPT = 10_000;
/** If the wake-up call of a revocation is lost, it takes effect after this time, when the database is read again. */
const KEPT_MS = 5_000;

interface Dependencies<Row> {
  bus: Bus;
  log: Logger;
  /**
   * One topic for all rows of a kind: revocations are rare, and a channel per row in use would cost the bus more than reading a few
   * rows again.
   */
  topic: string;
  /** The row of that name; null if there is none, or it was revoked. */
  read(name: string): Promise<Row | null>;
  stillValid(ids: string[]): Promise<readonly { id: string }[]>;
}

/** Rows of credentials. Those in use are cached in memory, until any is revoked or a few seconds pass. */
export function createValidRows<Row extends object>({ bus, log, topic, read, stillValid }: Dependencies<Row>) {
  const valid = new LRUCache<string, Row>({ max: KEPT, ttl: KEPT_MS });
  const reading = new Map<string, Promise<Row | null>>();
  const revoked = createRevocations({ stillValid, log });
  let revocations = 0;

  const stopListening = bus.subscribe(topic, () => {
    revocations += 1;
    valid.clear();
    // A read that began earlier may miss the revocation: later callers read again.
    reading.clear();
    void revoked.look();
  });

  async function readAndKeep(name: string): Promise<Row | null> {
    const before = revocations;
    const row = await read(name);
    if (row && revocations === before) valid.set(name, row);
    return row;
  }

  function readOnce(name: string): Promise<Row | null> {
    const running = reading.get(name);
    if (running) return running;
    const started = readAndKeep(name).finally(() => {
      if (reading.get(name) === started) reading.delete(name);
    });
    reading.set(name, started);
    return started;
  }

  return {
    /** @returns null for one that is unknown or revoked; these are not cached, so that a new one works at once. */
    find: async (name: string): Promise<Row | null> => valid.get(name) ?? readOnce(name),
    /** Wakes all servers after a revocation was stored. */
    announce: () => bus.publish(topic),
    follow: revoked.follow,
    close() {
      stopListening();
      return revoked.close();
    },
  };
}
