import type { Context } from '../context.ts';
import { AppError, invalidField, notFound } from '../errors.ts';
import type { Exam, ProctorLink } from '../generated/prisma/client.ts';
import { enterConsoleInput, proctorLinkInput } from '../services/access/input.ts';
import type { LinkOfExam } from '../services/access/proctor-links.ts';
import { visibleExams } from '../services/access/sight.ts';
import { declared } from '../services/access/viewer.ts';
import { parseInput } from '../validation.ts';
import { requireExam, requireLms, requireStaffOf } from './policy.ts';

const DAY_MS = 24 * 3_600_000;
const USUAL_LINK_MS = 90 * DAY_MS;
const LONGEST_LINK_MS = 365 * DAY_MS;
const SESSION_MS = DAY_MS;

/** A personal admin link of an exam, for the LMS to give to one proctor. */
export async function createProctorLink(
  ctx: Context,
  { examId, ...input }: { examId: string; name: unknown; expiresAt?: unknown },
): Promise<LinkOfExam> {
  requireLms(ctx);
  const { id } = await requireExam(ctx, examId);
  const { name, expiresAt } = parseInput(proctorLinkInput, input);
  const now = Date.now();
  const end = expiresAt?.getTime() ?? now + USUAL_LINK_MS;
  if (end <= now) throw invalidField('expiresAt', 'must be in the future');
  if (end > now + LONGEST_LINK_MS) throw invalidField('expiresAt', 'must be at most 365 days from now');
  const link = { examId: id, name, expiresAt: new Date(end), createdBy: ctx.viewer.name };
  return ctx.services.access.links.create(link, ctx.keeper);
}

/** Closes a personal admin link and its open sockets. A second call changes nothing. @param examId if given, the exam that it must belong to */
export async function revokeProctorLink(ctx: Context, { linkId, examId }: { linkId: string; examId?: string }): Promise<LinkOfExam> {
  requireLms(ctx);
  const where = { id: linkId, ...(examId !== undefined && { examId }), exam: visibleExams(ctx.viewer) };
  if ((await ctx.db.proctorLink.count({ where })) === 0) throw notFound('Proctor link');
  return ctx.services.access.links.revoke(linkId, ctx.viewer.name);
}

/** The address of a personal admin link, with its token in the fragment, which appears in no log. */
export const proctorUrl = async (ctx: Context, link: ProctorLink, { tenant }: Pick<Exam, 'tenant'>): Promise<string> =>
  `${ctx.publicUrl}/admin/exam/${link.examId}#t=${await ctx.services.access.signPersonalLink(link, tenant)}`;

/** The bearer of an exam's shared admin link says who it is. Nobody checks that, and the name says so. */
export async function enterConsole(ctx: Context, { examId, ...input }: { examId: string; name: unknown }) {
  const { id } = await requireStaffOf(ctx, examId);
  const { keyId, linkId, declaredName, tenant, expiresAt: linkEnds } = ctx.viewer;
  if (keyId !== null || linkId !== null || declaredName !== null || tenant === null || linkEnds === null)
    throw new AppError('forbidden', 'Only the bearer of the shared admin link says who it is: your credentials have a name already');
  const { name } = parseInput(enterConsoleInput, input);
  const issuedAt = new Date();
  const expiresAt = new Date(Math.min(issuedAt.getTime() + SESSION_MS, linkEnds.getTime()));
  const token = await ctx.services.access.sign({ role: 'proctor', tenant, examId: id, name, issuedAt, expiresAt });
  return { token, name: declared(name), expiresAt };
}
