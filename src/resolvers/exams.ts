import type { Context } from '../context.ts';
import { invalidField, notFound } from '../errors.ts';
import type { Exam, ExamStatus, Participant, Prisma } from '../generated/prisma/client.ts';
import { sightOf, visibleExams } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
import { createExamInput, LONGEST_TITLE, updateExamInput } from '../services/exam-input.ts';
import { settingsOf, shownSettings } from '../services/exam-settings.ts';
import { hasBegun } from '../services/participants/moves.ts';
import type { WholeExam } from '../services/reads/hot-reads.ts';
import { parseInput } from '../validation.ts';
import { firstPages } from './exam-pages.ts';
import { requireExam, requireLms, requireStaff, requireStaffOf, requireViewer, tenantOf } from './policy.ts';
import { readInTurn } from './reads-in-turn.ts';

export { settingsOf, shownSettings };

/** The columns and relations to read: Pothos's `query`, or nothing. */
type ExamQuery = Pick<Prisma.ExamFindFirstArgs, 'select' | 'include'>;

export async function findExam(ctx: Context, examId: string, query: ExamQuery = {}): Promise<Exam | null> {
  requireViewer(ctx);
  const pages = firstPages(ctx, query);
  if (pages) return ctx.services.hotReads.readExamPages(examId, sightOf(ctx.viewer), pages);
  return ctx.db.exam.findFirst({ ...query, where: { AND: [{ id: examId }, visibleExams(ctx.viewer)] } });
}

export async function listExams(
  ctx: Context,
  { status, search }: { status?: ExamStatus | null | undefined; search?: string | null | undefined },
  query: Prisma.ExamFindManyArgs,
): Promise<Exam[]> {
  requireStaff(ctx);
  if (search && search.length > LONGEST_TITLE) throw invalidField('search', `must have at most ${LONGEST_TITLE} characters`);
  const where: Prisma.ExamWhereInput = {
    ...(status && { status }),
    ...(search && { title: { contains: literally(search), mode: 'insensitive' } }),
  };
  return ctx.db.exam.findMany({
    ...query,
    where: { AND: [visibleExams(ctx.viewer), where] },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
}

/** PostgreSQL takes `%`, `_` and `\\` in a pattern for more than themselves, and Prisma passes them on. */
const literally = (text: string) => text.replaceAll(/[\\%_]/g, '\\$&');

export async function createExam(ctx: Context, input: unknown): Promise<Exam> {
  requireLms(ctx);
  const exam = parseInput(createExamInput, input);
  if (exam.opensAt && exam.closesAt && exam.closesAt <= exam.opensAt) throw invalidField('closesAt', 'must be after opensAt');
  return ctx.services.exams.create(exam, tenantOf(ctx.viewer), ctx.keeper);
}

/** What is left out stays as it is. */
export async function updateExam(ctx: Context, examId: string, input: unknown): Promise<Exam> {
  requireLms(ctx);
  const { id } = await requireExam(ctx, examId);
  return ctx.services.exams.update(id, parseInput(updateExamInput, input), ctx.viewer.name);
}

export async function startExam(ctx: Context, examId: string): Promise<Exam> {
  const { id } = await requireStaffOf(ctx, examId);
  return ctx.services.exams.start(id, ctx.viewer.name);
}

export async function endExam(ctx: Context, examId: string): Promise<Exam> {
  const { id } = await requireStaffOf(ctx, examId);
  return ctx.services.exams.end(id, ctx.viewer.name);
}

export async function cancelExam(ctx: Context, examId: string): Promise<Exam> {
  requireLms(ctx);
  const { id } = await requireExam(ctx, examId);
  return ctx.services.exams.cancel(id, ctx.viewer.name);
}

/** The link that opens the exam room. Its token is in the fragment, which appears in no log. */
export async function accessUrl(ctx: Context, exam: Pick<Exam, 'id' | 'tenant' | 'createdAt'>): Promise<string> {
  return `${ctx.publicUrl}/exam/${exam.id}#t=${await ctx.services.access.signLink(exam, 'participant')}`;
}

/** The link of one participant, for staff; null for others. */
export async function personalUrl(ctx: Context, { examId, userId }: Pick<Participant, 'examId' | 'userId'>): Promise<string | null> {
  const exam = isStaff(ctx.viewer) ? await ctx.services.hotReads.readKnown(examId) : null;
  return exam && `${ctx.publicUrl}/exam/${examId}#t=${await ctx.services.access.signSeatLink(exam, userId)}`;
}

/** The link that opens the proctor console; null for participants. */
export async function adminUrl(ctx: Context, exam: Pick<Exam, 'id' | 'tenant' | 'createdAt'>): Promise<string | null> {
  if (!isStaff(ctx.viewer)) return null;
  return `${ctx.publicUrl}/admin/exam/${exam.id}#t=${await ctx.services.access.signLink(exam, 'proctor')}`;
}

/**
 * The address of the questions. Candidates are told it when their time begins: who knew it before would have more time than others.
 * Not the bearers of links, which are sent days before.
 */
export async function shownContentUrl(
  { viewer, services }: Context,
  { id: examId, contentUrl }: Pick<Exam, 'id' | 'contentUrl'>,
): Promise<string | null> {
  if (contentUrl === null || isStaff(viewer)) return contentUrl;
  if (viewer.isLink || viewer.userId === null) return null;
  const state = await services.candidateViews.find({ examId, userId: viewer.userId });
  return state && hasBegun(state.participant.status) ? contentUrl : null;
}

/** The documented exam: with its participants and its newest warnings, oldest first. */
export async function readWholeExam(ctx: Context, examId: string): Promise<WholeExam> {
  requireViewer(ctx);
  const whole = await readInTurn(ctx, () => ctx.services.hotReads.readExam(examId, sightOf(ctx.viewer)));
  if (!whole) throw notFound('Exam');
  return whole;
}
