import type { Context } from '../context.ts';
import { invalidField, notFound } from '../errors.ts';
import type { Contest, Participant, Warning } from '../generated/prisma/client.ts';
import { visibleWarnings } from '../services/access/sight.ts';
import { contestInput, reopenWarningsInput, reviewWarningsInput, verdictInput } from '../services/reviews/input.ts';
import { reviewerOf } from '../services/reviews/reviewers.ts';
import type { Judged } from '../services/reviews/reviews.ts';
import { parseInput, userIdInput } from '../validation.ts';
import { requireOwner, requireStaff, requireStaffOf } from './policy.ts';

interface GivenVerdict {
  examId: string;
  userId: string;
  status: unknown;
  reason?: unknown;
}

/** A verdict of staff, with what it made of the review. */
export async function giveVerdict(ctx: Context, { examId, userId, ...given }: GivenVerdict): Promise<Judged> {
  const { id } = await requireStaffOf(ctx, examId);
  const { status, reason } = parseInput(verdictInput, given);
  const verdict = { status, reason: reason || null, by: ctx.viewer.name, reviewer: reviewerOf(ctx.viewer) };
  return ctx.services.reviews.review(id, parseInput(userIdInput, userId), verdict, ctx.keeper);
}

export const reviewParticipant = async (ctx: Context, given: GivenVerdict): Promise<Participant> =>
  (await giveVerdict(ctx, given)).participant;

export interface Contested {
  participant: Participant;
  contest: Contest;
}

/** The objection of the participant of the token. */
export async function objectTo(ctx: Context, examId: string, text: unknown): Promise<Contested> {
  const { userId } = requireOwner(ctx, examId);
  const input = parseInput(contestInput, { text });
  return ctx.services.reviews.contest(examId, userId, input.text, ctx.keeper);
}

export const contestVerdict = async (ctx: Context, examId: string, text: unknown): Promise<Participant> =>
  (await objectTo(ctx, examId, text)).participant;

interface GivenReviews {
  warningIds: readonly unknown[];
  decision: unknown;
  reason?: unknown;
}

/**
 * The exam to which all of some warnings belong that the viewer sees.
 * @param examId if given, the exam that they must belong to
 * @throws AppError `not_found` if the viewer does not see one of them
 */
async function examOfAll(ctx: Context, warningIds: readonly string[], examId?: string): Promise<{ examId: string; ids: string[] }> {
  const ids = [...new Set(warningIds)];
  const where = { AND: [{ id: { in: ids }, ...(examId !== undefined && { examId }) }, visibleWarnings(ctx.viewer)] };
  const found = await ctx.db.warning.findMany({ where, select: { examId: true } });
  const [first] = found;
  if (!first || found.length < ids.length) throw notFound('Warning');
  if (found.some((warning) => warning.examId !== first.examId)) throw invalidField('warningIds', 'must all belong to one exam');
  return { examId: first.examId, ids };
}

/**
 * The same decision about some warnings of one exam, for all or none.
 * @param examId if given, the exam that they must belong to
 */
export async function reviewWarnings(ctx: Context, given: GivenReviews, examId?: string): Promise<Warning[]> {
  requireStaff(ctx);
  const { warningIds, decision, reason } = parseInput(reviewWarningsInput, given);
  const all = await examOfAll(ctx, warningIds, examId);
  return ctx.services.reviews.reviewWarnings(all.examId, all.ids, { decision, reason: reason || null, by: ctx.viewer.name }, ctx.keeper);
}

/** Takes back the decisions about some warnings of one exam, for all or none. */
export async function reopenWarnings(ctx: Context, given: { warningIds: readonly unknown[] }): Promise<Warning[]> {
  requireStaff(ctx);
  const { examId, ids } = await examOfAll(ctx, parseInput(reopenWarningsInput, given).warningIds);
  return ctx.services.reviews.reopenWarnings(examId, ids, ctx.viewer.name);
}

export async function reviewWarning(ctx: Context, { warningId, ...given }: { warningId: string; decision: unknown; reason?: unknown }) {
  const [warning] = await reviewWarnings(ctx, { warningIds: [warningId], ...given });
  if (!warning) throw notFound('Warning');
  return warning;
}
