import type { Context } from '../context.ts';
import type { Participant, Verdict } from '../generated/prisma/client.ts';
import { isStaff } from '../services/access/viewer.ts';
import { reviewerOf } from '../services/reviews/reviewers.ts';
import { decides, shownTo } from '../services/reviews/rules.ts';

/**
 * The second review of a violation is blind: who has not decided yet learns that a second person is needed, and not who found the
 * violation and why. The LMS and admins answer for the results, so they read everything.
 */
const readsAll = ({ viewer }: Pick<Context, 'viewer'>) => viewer.role === 'admin' || viewer.role === 'lms';

/** The verdicts about one participant that the viewer, staff of the exam, may read. @param verdicts all, oldest first */
export const shownVerdicts = <V extends Verdict>(ctx: Pick<Context, 'viewer'>, verdicts: readonly V[]): V[] =>
  readsAll(ctx) ? [...verdicts] : [...shownTo(reviewerOf(ctx.viewer), verdicts)];

/** @param participant one that the viewer may see */
export const secondReviewNeeded = async (ctx: Context, participant: Pick<Participant, 'id' | 'review'>): Promise<boolean> =>
  isStaff(ctx.viewer) && ctx.services.secondReviews.isNeeded(participant);

/** Whether an event tells of a verdict that was not the last word. It stays hidden: an event is the same for all staff of a role. */
export const isBlind = (ctx: Pick<Context, 'viewer'>, { verdict, review }: { verdict?: unknown; review?: unknown }): boolean =>
  !readsAll(ctx) && review === 'IN_REVIEW' && typeof verdict === 'string' && decides(verdict as Verdict['status']);
