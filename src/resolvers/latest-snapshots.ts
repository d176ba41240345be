import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import type { Participant } from '../generated/prisma/client.ts';
import { visibleParticipants } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
import { requireStaff } from './policy.ts';

export interface LatestSnapshot {
  takenAt: Date;
  url: string;
}

/**
 * The newest picture of a participant and a link that shows it and those that replace it. Null if there is none, and for
 * participants, also of themselves.
 * @param participant one that the viewer may see
 */
export async function latestSnapshot(ctx: Context, { id }: Pick<Participant, 'id'>): Promise<LatestSnapshot | null> {
  if (!isStaff(ctx.viewer)) return null;
  const takenAt = await ctx.services.snapshots.latestAt(id);
  if (!takenAt) return null;
  return { takenAt, url: `${ctx.publicUrl}/api/participants/${id}/snapshot?sig=${await ctx.services.access.signFile('snapshot', id)}` };
}

/**
 * The picture behind that link. The viewer's rights or the signature of the link permit it.
 * @throws AppError `not_found`
 */
export async function readLatestSnapshot(ctx: Context, participantId: string, signature: string | undefined): Promise<Buffer> {
  const missing = notFound('Snapshot');
  const isSigned = signature !== undefined && (await ctx.services.access.opensFile(signature, 'snapshot', participantId));
  if (!isSigned) {
    requireStaff(ctx);
    const where = { AND: [{ id: participantId }, visibleParticipants(ctx.viewer)] };
    if ((await ctx.db.participant.count({ where })) === 0) throw missing;
  }
  const image = await ctx.services.snapshots.readLatest(participantId);
  if (!image) throw missing;
  return image;
}
