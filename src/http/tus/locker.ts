import { ERRORS, type Lock, type Locker } from '@tus/server';
import type { Lease, Leases } from '../../services/leases.ts';

/** A client that lost its connection may return before its server has noticed. */
const WAIT_MS = 30_000;

export const uploadLease = (uploadId: string) => `upload:${uploadId}`;

/** One request at a time per upload, across all servers. A later request makes the earlier one stop. */
export const createTusLocker = (leases: Leases): Locker => ({
  newLock(uploadId): Lock {
    let lease: Lease | null = null;
    return {
      async lock(signal, requestRelease) {
        lease = await leases.acquire(uploadLease(uploadId), { signal, waitMs: WAIT_MS, onWanted: () => void requestRelease() });
        if (!lease) throw ERRORS.ERR_LOCK_TIMEOUT;
      },
      async unlock() {
        await lease?.release();
      },
    };
  },
});
