import type { Context } from '../context.ts';
import { invalidField, notFound } from '../errors.ts';
import type { Participant } from '../generated/prisma/client.ts';
import { isStaff } from '../services/access/viewer.ts';
import { reviewerOf } from '../services/reviews/reviewers.ts';
import type { Seen } from '../services/reviews/seen-marks.ts';
import { parseInput, userIdInput } from '../validation.ts';
import { findParticipant } from './participants.ts';
import { requireNamedStaffOf } from './policy.ts';

/** The viewer's own mark; null without one, and for participants. @param participant one that the viewer may see */
export const seenBy = async ({ viewer, services }: Context, { id }: Pick<Participant, 'id'>): Promise<Seen | null> =>
  isStaff(viewer) ? services.seenMarks.of(id, reviewerOf(viewer)) : null;

export async function markSeen(
  ctx: Context,
  { examId, userId, upTo }: { examId: string; userId: string; upTo?: number | null | undefined },
): Promise<Participant> {
  const { id } = await requireNamedStaffOf(ctx, examId);
  const who = { examId: id, userId: parseInput(userIdInput, userId) };
  if (upTo != null && upTo < 0) throw invalidField('upTo', 'must not be negative');
  await ctx.services.seenMarks.mark(who, reviewerOf(ctx.viewer), upTo ?? null);
  const participant = await findParticipant(ctx, id, who.userId);
  if (!participant) throw notFound('Participant');
  return participant;
}
