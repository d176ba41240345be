import type { Context } from '../context.ts';
import { AppError, notFound } from '../errors.ts';
import type { Exam } from '../generated/prisma/client.ts';
import { isDeclared, isNameless } from '../services/access/viewer.ts';
import { handOverInput, shareInput } from '../services/shares/input.ts';
import type { ExamGroup } from '../services/shares/shares.ts';
import { parseInput } from '../validation.ts';
import { requireStaff, requireStaffOf } from './policy.ts';

interface OfGroup {
  examId: string;
  group: unknown;
}

/** @param exam one that the viewer may see */
export async function examGroups(ctx: Context, { id }: Pick<Exam, 'id'>): Promise<ExamGroup[]> {
  requireStaff(ctx);
  return ctx.services.shares.groupsOf(id);
}

/** Staff of the exam who have a name. */
async function namedStaffOf(ctx: Context, examId: string): Promise<{ id: string; by: string }> {
  const { id } = await requireStaffOf(ctx, examId);
  if (isNameless(ctx.viewer)) throw new AppError('forbidden', 'Say who you are first: enterConsole gives you a token with your name');
  return { id, by: ctx.viewer.name };
}

export async function takeGroup(ctx: Context, { examId, ...input }: OfGroup): Promise<ExamGroup> {
  const { id, by } = await namedStaffOf(ctx, examId);
  return ctx.services.shares.take(id, parseInput(shareInput, input).group, by);
}

export async function releaseGroup(ctx: Context, { examId, ...input }: OfGroup): Promise<ExamGroup> {
  const { id, by } = await namedStaffOf(ctx, examId);
  return ctx.services.shares.release(id, parseInput(shareInput, input).group, by);
}

export async function handOverGroup(ctx: Context, { examId, ...input }: OfGroup & { to: unknown }): Promise<ExamGroup> {
  const { id, by } = await namedStaffOf(ctx, examId);
  const { group, to } = parseInput(handOverInput, input);
  if (to !== by && !isDeclared(to) && !(await ctx.services.shares.isStaffName(id, to))) throw notFound('Proctor');
  return ctx.services.shares.handOver(id, group, { by, to });
}
