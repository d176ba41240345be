import type { Context } from '../context.ts';
import { AppError, invalidField, notFound } from '../errors.ts';
import { sightOf } from '../services/access/sight.ts';
import { isLinkBearer, isNameless, type Role, STAFF, type Viewer } from '../services/access/viewer.ts';

/**
 * Permissions for every entry point. Rows are read through the `visible…` filters, so rows that a viewer may not see are
 * `not_found`; `require…` refuses actions on rows that the viewer may see.
 *
 * README.md has the table of who may do what, in "Keys and roles"; a test compares it with every door. The bearer of an access
 * link sees the exam's description and may join.
 */
/** @throws AppError `unauthorized` without credentials, `forbidden` for another role. */
export function requireRole({ viewer }: Pick<Context, 'viewer'>, ...roles: Role[]): void {
  if (viewer.role === 'anonymous') throw new AppError('unauthorized', 'An API key or access token is required');
  if (!roles.includes(viewer.role)) throw new AppError('forbidden', 'You are not permitted to do this');
}

export const requireViewer = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, ...STAFF, 'participant');
export const requireStaff = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, ...STAFF);
/** Roles that send evidence; proctors only view it. */
export const requireSender = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, 'admin', 'lms', 'participant');
export const requireLms = (ctx: Pick<Context, 'viewer'>) => requireRole(ctx, 'admin', 'lms');

/** Who decided something about a participant, as that participant may know it: not by name, because people get threatened for it. */
export const shownName = ({ viewer }: Pick<Context, 'viewer'>, name: string): string => (viewer.role === 'participant' ? 'staff' : name);

/** The tenant of rows that a viewer creates. An admin sees every tenant and creates rows in the default one. */
export const tenantOf = ({ tenant }: Viewer): string => tenant ?? 'default';

/** @throws AppError `not_found` if the exam does not exist or the viewer may not see it. */
export async function requireExam(ctx: Context, examId: string): Promise<{ id: string }> {
  requireViewer(ctx);
  if (!(await ctx.services.hotReads.seesExam(examId, sightOf(ctx.viewer)))) throw notFound('Exam');
  return { id: examId };
}

export async function requireStaffOf(ctx: Context, examId: string): Promise<{ id: string }> {
  requireStaff(ctx);
  return requireExam(ctx, examId);
}

/** As `requireStaffOf`, for what is done by name. @throws AppError `forbidden` for the bearer of the shared link who has not said it */
export async function requireNamedStaffOf(ctx: Context, examId: string): Promise<{ id: string; by: string }> {
  const { id } = await requireStaffOf(ctx, examId);
  if (isNameless(ctx.viewer)) throw new AppError('forbidden', 'Say who you are first: enterConsole gives you a token with your name');
  return { id, by: ctx.viewer.name };
}

/** Like `requireExam`, but without a statement for exams seen before: for operations that fail anyway if the exam is gone. */
export async function requireKnownExam(ctx: Context, examId: string): Promise<{ id: string }> {
  requireViewer(ctx);
  if (!(await ctx.services.hotReads.sawExam(examId, sightOf(ctx.viewer)))) throw notFound('Exam');
  return { id: examId };
}

/**
 * The user on whose behalf a viewer acts. Participants act only as themselves; staff must name a user.
 * @param options.fallback the user if staff name none; null if that is an error, with `missing` as its reason.
 * @throws AppError `forbidden` for a participant that names another user.
 */
export function actingUser(
  { viewer }: Pick<Context, 'viewer'>,
  named: string | null | undefined,
  {
    fallback = null,
    missing = 'is required: name the user, or use the token of a participant',
  }: { fallback?: string | null; missing?: string } = {},
): string {
  if (viewer.role === 'participant') {
    refuseLinkBearer({ viewer });
    if (named != null && named !== viewer.userId) throw new AppError('forbidden', 'You may only act as yourself');
    return viewer.userId ?? '';
  }
  const userId = named ?? fallback;
  if (userId === null) throw invalidField('userId', missing);
  return userId;
}

/**
 * The participant whom the viewer's token or personal link belongs to. No other role can act in its place.
 * @throws AppError `forbidden` for staff and for a bearer of the exam's access link; `not_found` for another exam.
 */
export function requireOwner(ctx: Pick<Context, 'viewer'>, examId: string): { examId: string; userId: string } {
  requireViewer(ctx);
  const { viewer } = ctx;
  if (viewer.role !== 'participant') throw new AppError('forbidden', 'Only for participants: use the token from joinExam');
  if (viewer.examId !== examId) throw notFound('Exam');
  if (viewer.userId === null) refuseLinkBearer(ctx);
  return { examId, userId: viewer.userId ?? '' };
}

/** As `requireOwner`, for what a link does not do: only the token of who has joined. */
export function requireParticipant(ctx: Pick<Context, 'viewer'>, examId: string): { examId: string; userId: string } {
  const own = requireOwner(ctx, examId);
  refuseLinkBearer(ctx);
  return own;
}

/**
 * A candidate of the exam, or whoever has a link for one, who may try out devices before joining.
 * @throws AppError `forbidden` for staff, `not_found` for another exam
 */
export function requireCandidate(ctx: Pick<Context, 'viewer'>, examId: string): { examId: string; userId: string | null; isLink: boolean } {
  requireViewer(ctx);
  const { role, examId: own, userId, isLink } = ctx.viewer;
  if (role !== 'participant') throw new AppError('forbidden', 'Only for candidates: use their link or the token from joinExam');
  if (own !== examId) throw notFound('Exam');
  return { examId, userId, isLink };
}

/** A filter, for relations of a participant that a link does not open. */
export const unlessLink = ({ viewer }: Pick<Context, 'viewer'>) => (isLinkBearer(viewer) ? { id: { in: [] } } : {});

/** What a link does not open of a participant: `otherwise` then. */
export const openedByToken = <T>({ viewer }: Pick<Context, 'viewer'>, value: T, otherwise: T): T =>
  isLinkBearer(viewer) ? otherwise : value;

/** With the token of a link one may read what it is for, join, and object to a verdict. */
export function refuseLinkBearer({ viewer }: Pick<Context, 'viewer'>): void {
  if (isLinkBearer(viewer)) throw new AppError('forbidden', 'Join the exam first');
}
