import type { Database } from '../adapters/database/database.ts';
import { startSweep } from '../async/sweep.ts';
import { AppError } from '../errors.ts';
import { Prisma } from '../generated/prisma/client.ts';
import type { Logger } from '../log.ts';

/** How long the first answer is repeated. */
const KEPT_MS = 24 * 3_600_000;
/** After this time a first request without an answer counts as dead, and its repeat may run. */
const LOCK_MS = 120_000;
const SWEEP_MS = 3_600_000;

export interface StoredAnswer {
  status: number;
  body: Prisma.JsonValue;
}

interface KeyedRequest {
  /** The owner of the key. */
  scope: string;
  key: string;
  /** Hash of method, path and body. */
  fingerprint: string;
}

/** The `Idempotency-Key` header: a repeat of a POST gets the first answer. */
export function createIdempotency({ db, log }: { db: Database['prisma']; log: Logger }) {
  /** Claims the key; returns the record that already holds it, if any. */
  async function claim({ scope, key, fingerprint }: KeyedRequest) {
    const fresh = { fingerprint, status: null, lockedUntil: new Date(Date.now() + LOCK_MS), expiresAt: new Date(Date.now() + KEPT_MS) };
    const { count } = await db.idempotencyRecord.createMany({ data: { scope, key, ...fresh }, skipDuplicates: true });
    if (count === 1) return null;
    const abandoned = {
      scope,
      key,
      OR: [{ expiresAt: { lt: new Date() } }, { status: null, fingerprint, lockedUntil: { lt: new Date() } }],
    };
    const taken = await db.idempotencyRecord.updateMany({ where: abandoned, data: { ...fresh, body: Prisma.DbNull } });
    if (taken.count === 1) return null;
    return db.idempotencyRecord.findUnique({ where: { scope_key: { scope, key } } });
  }

  return {
    /**
     * Runs the request once and gives its answer to every repeat. A failure is not kept: its repeat runs again.
     * @throws AppError `conflict` for the same key with another request, or while the first one is running.
     */
    async once(request: KeyedRequest, run: () => Promise<StoredAnswer>): Promise<StoredAnswer> {
      const where = { scope_key: { scope: request.scope, key: request.key } };
      const held = await claim(request);
      if (held && held.fingerprint !== request.fingerprint)
        throw new AppError('conflict', 'This Idempotency-Key was used for another request');
      if (held?.status != null) return { status: held.status, body: held.body };
      if (held) throw new AppError('conflict', 'The first request with this Idempotency-Key is still running');
      try {
        const answer = await run();
        await db.idempotencyRecord.update({ where, data: { status: answer.status, body: answer.body ?? Prisma.JsonNull } });
        return answer;
      } catch (error) {
        await db.idempotencyRecord.deleteMany({ where: { scope: request.scope, key: request.key, status: null } }).catch(() => {});
        throw error;
      }
    },

    /** Starts the sweep that removes expired answers. */
    startSweep: () =>
      startSweep({
        everyMs: SWEEP_MS,
        log,
        failure: 'could not remove old idempotency records; will try again',
        async run() {
          await db.idempotencyRecord.deleteMany({ where: { expiresAt: { lt: new Date() } } });
        },
      }),
  };
}

export type Idempotency = ReturnType<typeof createIdempotency>;
