import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import type { Participant, Prisma } from '../generated/prisma/client.ts';
import { visibleParticipants } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
import { ACCOMMODATIONS_IN_ORDER, type ParticipantWithAccommodations } from '../services/participants/accommodations.ts';
import { accommodationsInput, heartbeatInput, inviteInput, joinExamInput } from '../services/participants/input.ts';
import type { Token } from '../services/participants/participants.ts';
import { parseInput } from '../validation.ts';
import { requireExam, requireKnownExam, requireLms, requireParticipant, requireStaffOf } from './policy.ts';

export { ACCOMMODATIONS_IN_ORDER };

export async function findParticipant(
  ctx: Context,
  examId: string,
  userId: string,
  query: Pick<Prisma.ParticipantFindFirstArgs, 'select' | 'include'> = {},
): Promise<Participant | null> {
  return ctx.db.participant.findFirst({
    ...query,
    where: { AND: [{ examId, userId }, visibleParticipants(ctx.viewer)] },
  });
}

export async function inviteParticipants(ctx: Context, examId: string, participants: unknown): Promise<Participant[]> {
  requireLms(ctx);
  const { id } = await requireExam(ctx, examId);
  const invited = parseInput(inviteInput, participants);
  const references = await ctx.services.references.read(invited);
  const rows = await ctx.services.participants.invite(id, invited);
  await ctx.services.references.keep(id, references);
  return rows;
}

export async function joinExam(ctx: Context, { examId, ...input }: { examId: string } & Record<string, unknown>) {
  const { id } = await requireKnownExam(ctx, examId);
  const { userId, name, checkIn } = parseInput(joinExamInput, input);
  const { viewer } = ctx;
  if (viewer.role === 'proctor') requireLms(ctx);
  if (viewer.role === 'participant' && viewer.userId !== null && viewer.userId !== userId)
    throw new AppError('forbidden', 'You may only act as yourself');
  const by = !viewer.isLink ? null : viewer.userId === null ? 'shared link' : 'personal link';
  const joined = await ctx.services.participants.join(id, { userId, name, checkIn }, { by });
  ctx.services.presence.seen(joined.participant);
  return joined;
}

/** Needs no database statement to check rights: the participant's signed token names the row. */
export async function heartbeat(ctx: Context, examId: string, step: unknown = null): Promise<Participant> {
  const who = requireParticipant(ctx, examId);
  return ctx.services.presence.heartbeat(who, parseInput(heartbeatInput, { step }).step ?? null);
}

/** Where a participant is at check-in, as its page said last; null before and after, and for participants. */
export const checkInStep = ({ viewer }: Pick<Context, 'viewer'>, { status, checkInStep: step }: Participant): string | null =>
  isStaff(viewer) && status === 'CHECKING_IN' ? step : null;

/** A new token for the participant who asks, if the one in use ends before its time; otherwise null. */
export async function renewedToken({ viewer, services }: Context, participant: Participant): Promise<Token | null> {
  const { examId, userId, role, isLink, tenant, expiresAt } = viewer;
  const isOwn = role === 'participant' && !isLink && examId === participant.examId && userId === participant.userId;
  if (!isOwn || tenant === null || expiresAt === null) return null;
  return services.participants.renew(participant, { tenant, expiresAt });
}

/** Staff only: participants could otherwise suppress warnings about themselves. */
export async function setAccommodations(
  ctx: Context,
  { examId, ...input }: { examId: string; userId: string; suppress: unknown; reason: unknown },
): Promise<ParticipantWithAccommodations> {
  const { id } = await requireStaffOf(ctx, examId);
  const { userId, suppress, reason } = parseInput(accommodationsInput, input);
  return ctx.services.accommodations.set(id, userId, { suppress, reason, by: ctx.viewer.name });
}
