import type { Database } from '../../adapters/database/database.ts';
import type { Logger } from '../../log.ts';

/** A revocation whose wake-up call was lost ends what it should end after this at the latest. */
const TICK_MS = 15_000;

/** Tells whoever follows an API key of its revocation, on whichever instance. One statement looks at all keys that are followed. */
export function createKeyWatch({ db, log }: { db: Database['prisma']; log: Logger }) {
  const followers = new Map<string, Set<() => void>>();
  let looking = false;
  let again = false;

  async function look(): Promise<void> {
    again = true;
    if (looking) return;
    looking = true;
    try {
      while (again && followers.size > 0) {
        again = false;
        const ids = [...followers.keys()];
        const valid = await db.apiKey.findMany({ where: { id: { in: ids }, revokedAt: null }, select: { id: true } });
        const known = new Set(valid.map(({ id }) => id));
        for (const id of ids) if (!known.has(id)) tell(id);
      }
    } catch (error) {
      log.warn({ err: error }, 'could not look for revoked keys; will try again');
    } finally {
      looking = false;
    }
  }

  function tell(id: string): void {
    const told = followers.get(id) ?? [];
    followers.delete(id);
    for (const onRevoked of told) onRevoked();
  }

  const ticker = setInterval(() => void look(), TICK_MS);
  ticker.unref();

  return {
    look,
    /** Calls `onRevoked` once when the key is revoked, also where that was a moment ago. Returns the way out. */
    follow(id: string, onRevoked: () => void): () => void {
      const others = followers.get(id);
      // Its own entry, so that a function given twice is told twice and taken back once.
      const follower = () => onRevoked();
      followers.set(id, (others ?? new Set()).add(follower));
      // Who joins others is told with them; the first may have missed the call between authentication and now.
      if (!others) void look();
      return () => {
        const all = followers.get(id);
        all?.delete(follower);
        if (all?.size === 0) followers.delete(id);
      };
    },
    close: () => clearInterval(ticker),
  };
}
