import { CallerGates } from '../async/caller-gates.ts';
import { slices } from '../async/slices.ts';
import type { Context } from '../context.ts';
import { identityOf, isStaff } from '../services/access/viewer.ts';

/**
 * Pages that one caller reads at once, through all doors together: hundreds would use up the connections to the database, and
 * everybody else's reads would fail. Prisma turns rows into objects in one piece per page, so pages that arrive together also hold
 * up the event loop together. A key of staff may belong to a whole LMS.
 */
const READS_AT_ONCE = { staff: 8, others: 2 };
const reads = new CallerGates();

/** Reads a page when few others of the same caller are being read, and there is time for it. */
export async function readInTurn<T>({ viewer }: Context, read: () => Promise<T>): Promise<T> {
  const owner = identityOf(viewer);
  return reads.run(owner, READS_AT_ONCE[isStaff(viewer) ? 'staff' : 'others'], async () => {
    if (slices.isUsedUp) await slices.next(owner);
    return read();
  });
}
