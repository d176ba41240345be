import type { Context } from '../context.ts';
import { AppError, notFound } from '../errors.ts';
import { sightOf } from '../services/access/sight.ts';
import { isLinkBearer, type Role, STAFF, type Viewer } from '../services/access/viewer.ts';

/**
 * Who may do what, for every door. Rows are fetched through the `visible…` filters, so what a viewer may not see reads
 * as not found; `require…` refuses what a viewer may see but not do.
 *
 * | role | sees | does |
 * | --- | --- | --- |
 * | admin | everything | everything |
 * | lms (key) | its tenant | all but administration of keys |
 * | proctor (key or admin link) | its tenant, or the link's exam | starts, ends, reports, reviews |
 * | participant (token) | the exam, and of it only what is the user's own | reports, submits and uploads as that user |
 * | access link | the exam's description | joins |
 */
/** @throws AppError `unauthorized` without credentials, `forbidden` for another role. */
export function requireRole({ viewer }: Pick<Context, 'viewer'>, ...roles: Role[]): void {
  if (viewer.role === 'anonymous') throw new AppError('unauthorized', 'An API key or access token is required');
  if (!roles.includes(viewer.role)) throw new AppError('forbidden', 'You are not permitted to do this');
}

export const requireViewer = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, ...STAFF, 'participant');
export const requireStaff = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, ...STAFF);
/** Who makes evidence; proctors look at it. */
export const requireSender = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, 'admin', 'lms', 'participant');
export const requireLms = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, 'admin', 'lms');

/** Where what a viewer makes belongs: an admin sees every tenant and makes things in the default one. */
export const tenantOf = ({ tenant }: Viewer): string => tenant ?? 'default';

/** Makes sure that the exam is there for this viewer. */
export async function requireExam(ctx: Context, examId: string): Promise<{ id: string }> {
  requireViewer(ctx);
  if (!(await ctx.services.hotReads.seesExam(examId, sightOf(ctx.viewer)))) throw notFound('Exam');
  return { id: examId };
}

/** Staff who see the exam. */
export async function requireStaffOf(ctx: Context, examId: string): Promise<{ id: string }> {
  requireStaff(ctx);
  return requireExam(ctx, examId);
}

/** As `requireExam`, without a statement for an exam that was seen before: for what fails by itself where the exam is gone. */
export async function requireKnownExam(ctx: Context, examId: string): Promise<{ id: string }> {
  requireViewer(ctx);
  if (!(await ctx.services.hotReads.sawExam(examId, sightOf(ctx.viewer)))) throw notFound('Exam');
  return { id: examId };
}

/**
 * For whom a viewer acts. A participant acts as itself, whatever it names; staff must name a user.
 * @param fallback the user where staff names none; null where that is a mistake.
 */
export function actingUser({ viewer }: Pick<Context, 'viewer'>, named: string | null | undefined, fallback: string | null = null): string {
  if (viewer.role === 'participant') {
    refuseLinkBearer({ viewer });
    if (named != null && named !== viewer.userId) throw new AppError('forbidden', 'You may only act as yourself');
    return viewer.userId ?? '';
  }
  const userId = named ?? fallback;
  if (userId === null) throw new AppError('invalid_request', 'The request was invalid', [{ field: 'userId', issue: 'is required' }]);
  return userId;
}

/**
 * The participant whose token the viewer shows. Nobody can stand in for it.
 * @throws AppError `forbidden` for staff and for a bearer of the access link; `not_found` for another exam.
 */
export function requireParticipant(ctx: Pick<Context, 'viewer'>, examId: string): { examId: string; userId: string } {
  requireViewer(ctx);
  const { viewer } = ctx;
  if (viewer.role !== 'participant') throw new AppError('forbidden', 'Only for participants: use the token from joinExam');
  if (viewer.examId !== examId) throw notFound('Exam');
  refuseLinkBearer(ctx);
  return { examId, userId: viewer.userId ?? '' };
}

/** The token of an access link is nobody's yet: it may read the exam and join, no more. */
export function refuseLinkBearer({ viewer }: Pick<Context, 'viewer'>): void {
  if (isLinkBearer(viewer)) throw new AppError('forbidden', 'Join the exam first');
}
