import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';

/** The longest delay of a revocation whose wake-up call was lost. */
const TICK_MS = 15_000;

interface Dependencies {
  /** Those of the ids that are not revoked. */
  stillValid(ids: string[]): Promise<readonly { id: string }[]>;
  log: Logger;
}

/**
 * Calls the followers of a key or link when it is revoked, on any instance. One statement checks all that are followed; while none
 * is, nothing runs.
 */
export function createRevocations({ stillValid, log }: Dependencies) {
  const followers = new Map<string, Set<() => void>>();
  let sweep: Sweep | undefined;

  async function look(): Promise<void> {
    const ids = [...followers.keys()];
    if (ids.length === 0) return;
    const known = new Set((await stillValid(ids)).map(({ id }) => id));
    for (const id of ids) if (!known.has(id)) callFollowers(id);
  }

  function callFollowers(id: string): void {
    const all = followers.get(id) ?? [];
    followers.delete(id);
    for (const onRevoked of all) onRevoked();
    rest();
  }

  /** The check in progress may still find a revoked one, so it is the next one that is skipped. */
  function rest(): void {
    if (followers.size > 0) return;
    void sweep?.stop();
    sweep = undefined;
  }

  return {
    /** Checks all that are followed. */
    async look(): Promise<void> {
      await sweep?.now();
    },
    /** Calls `onRevoked` once when it is revoked, even if that was a moment ago. Returns a stop function. */
    follow(id: string, onRevoked: () => void): () => void {
      const others = followers.get(id);
      // A separate entry, so that a function given twice is called twice and removed once.
      const follower = () => onRevoked();
      followers.set(id, (others ?? new Set()).add(follower));
      sweep ??= startSweep({ everyMs: TICK_MS, log, failure: 'could not look for what was revoked; will try again', run: look });
      // A later follower of the same one is called with the others; the first may have missed a call since authentication.
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
