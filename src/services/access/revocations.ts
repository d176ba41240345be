import type { Database } from '../../adapters/database/database.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';

/** A revocation whose wake-up call was lost ends what it should end after this at the latest. */
const TICK_MS = 15_000;

/**
 * Calls the followers of an API key when it is revoked, on whichever instance. One statement looks at all keys that are
 * followed; while none is, nothing runs.
 */
export function createRevocations({ db, log }: { db: Database['prisma']; log: Logger }) {
  const followers = new Map<string, Set<() => void>>();
  let sweep: Sweep | undefined;

  async function look(): Promise<void> {
    const ids = [...followers.keys()];
    if (ids.length === 0) return;
    const valid = await db.apiKey.findMany({ where: { id: { in: ids }, revokedAt: null }, select: { id: true } });
    const known = new Set(valid.map(({ id }) => id));
    for (const id of ids) if (!known.has(id)) callFollowers(id);
  }

  function callFollowers(id: string): void {
    const all = followers.get(id) ?? [];
    followers.delete(id);
    for (const onRevoked of all) onRevoked();
    rest();
  }

  /** The look that is under way may still find out that a key is revoked, so it is the next one that is left out. */
  function rest(): void {
    if (followers.size > 0) return;
    void sweep?.stop();
    sweep = undefined;
  }

  return {
    /** Looks at all keys that are followed. */
    async look(): Promise<void> {
      await sweep?.now();
    },
    /** Calls `onRevoked` once when the key is revoked, also where that was a moment ago. Returns a stop function. */
    follow(id: string, onRevoked: () => void): () => void {
      const others = followers.get(id);
      // Its own entry, so that a function given twice is called twice and taken back once.
      const follower = () => onRevoked();
      followers.set(id, (others ?? new Set()).add(follower));
      sweep ??= startSweep({ everyMs: TICK_MS, log, failure: 'could not look for revoked keys; will try again', run: look });
      // A later follower of the same key is called with the others; the first may have missed a call since authentication.
      if (!others) void sweep.now();
      return () => {
        const all = followers.get(id);
        all?.delete(follower);
        if (all?.size === 0) followers.delete(id);
        rest();
      };
    },
    async close(): Promise<void> {
      await sweep?.stop();
    },
  };
}
