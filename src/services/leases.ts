import { randomUUID } from 'node:crypto';
import type { Database } from '../adapters/database/database.ts';
import type { Bus } from '../adapters/signals/bus.ts';
import { WakeSignal } from '../async/wake-signal.ts';
import type { Logger } from '../log.ts';

/** A lease whose holder was killed can be taken after this time. */
const LEASE_MS = 8_000;
const RENEW_MS = 2_000;
/** Without an answer from the database for this long, a holder stops while the lease is surely still its own. */
const DOUBT_MS = 4_500;
/** The longest delay that a lost wake-up call causes a waiter. */
const TICK_MS = 500;

const TAKE = `
INSERT INTO "Lease" AS held ("id", "holder", "expiresAt") VALUES ($1, $2, now() + $3 * interval '1 ms')
    ON CONFLICT ("id") DO UPDATE SET "holder" = excluded."holder", "expiresAt" = excluded."expiresAt", "wanted" = false
       WHERE held."expiresAt" < now()`;
const RENEW = `
UPDATE "Lease" SET "expiresAt" = now() + $3 * interval '1 ms' WHERE "id" = $1 AND "holder" = $2 RETURNING "wanted"`;
const WANT = `UPDATE "Lease" SET "wanted" = true WHERE "id" = $1`;
const FORGET = `DELETE FROM "Lease" WHERE "expiresAt" < now() - interval '1 hour'`;
const RELEASE = `DELETE FROM "Lease" WHERE "id" = $1 AND "holder" = $2`;

export interface Lease {
  release(): Promise<void>;
}

export interface LeaseWish {
  /** Stops waiting. */
  signal?: AbortSignal;
  /** How long to wait for the current holder; 0 asks once. */
  waitMs: number;
  /** Called if another request waits for the lease, or if it may be lost: the holder should release it soon. */
  onWanted?: () => void;
}

/**
 * A mutex across servers, with expiry. Rows, not advisory locks: an upload takes hours, and each lock would need a connection. A
 * holder that is cut off from the database is notified but not stopped, so data that must not be corrupted needs its own check.
 */
export function createLeases({ pool, bus, log }: { pool: Database['pool']; bus: Bus; log: Logger }) {
  const wantedTopic = (id: string) => `lease:wanted:${id}`;
  const freeTopic = (id: string) => `lease:free:${id}`;

  function hold(id: string, holder: string, onWanted: () => void): Lease {
    let renewedAt = Date.now();
    async function renew(): Promise<void> {
      const startedAt = Date.now();
      const { rows } = await pool.query<{ wanted: boolean }>(RENEW, [id, holder, LEASE_MS]);
      if (rows[0]) renewedAt = startedAt;
      if (rows[0]?.wanted !== false) onWanted();
    }
    const renewSoon = () => {
      if (Date.now() - renewedAt > DOUBT_MS) onWanted();
      renew().catch((error: unknown) => log.warn({ err: error }, 'could not renew a lease'));
    };
    const timer = setInterval(renewSoon, RENEW_MS);
    const unsubscribe = bus.subscribe(wantedTopic(id), renewSoon);
    return {
      async release() {
        clearInterval(timer);
        unsubscribe();
        // A lease that cannot be released expires by itself.
        await pool.query(RELEASE, [id, holder]).catch((error: unknown) => log.warn({ err: error }, 'could not release a lease'));
        bus.publish(freeTopic(id));
      },
    };
  }

  return {
    /** Removes leases of killed holders on things that nobody has requested since. */
    async sweep(): Promise<void> {
      await pool.query(FORGET);
    },

    /** Null if another still holds it when the time is up. */
    async acquire(id: string, { signal, waitMs, onWanted = () => {} }: LeaseWish): Promise<Lease | null> {
      const holder = randomUUID();
      const deadline = Date.now() + waitMs;
      const freed = new WakeSignal();
      const unsubscribe = bus.subscribe(freeTopic(id), () => freed.wake());
      try {
        for (;;) {
          const seen = freed.version;
          const { rowCount } = await pool.query(TAKE, [id, holder, LEASE_MS]);
          if (rowCount === 1) return hold(id, holder, onWanted);
          const left = deadline - Date.now();
          if (left <= 0 || signal?.aborted) return null;
          await pool.query(WANT, [id]);
          bus.publish(wantedTopic(id));
          const tick = AbortSignal.timeout(Math.min(TICK_MS, left));
          await freed.after(seen, signal ? AbortSignal.any([signal, tick]) : tick);
        }
      } finally {
        unsubscribe();
      }
    },
  };
}

export type Leases = ReturnType<typeof createLeases>;
