import { CallerGates } from '../async/caller-gates.ts';
import type { Context } from '../context.ts';
import { identityOf, isStaff } from '../services/access/viewer.ts';

/**
 * Reads of up to a thousand warnings that one caller has running: hundreds would use up the connections to the database, and
 * everybody else's reads would fail.
 */
const READS_AT_ONCE = { staff: 8, participant: 2 };
const reads = new CallerGates();

/** Runs a large read when few others of the same caller are running. */
export const readInTurn = <T>({ viewer }: Context, read: () => Promise<T>): Promise<T> =>
  reads.run(identityOf(viewer), READS_AT_ONCE[isStaff(viewer) ? 'staff' : 'participant'], read);
