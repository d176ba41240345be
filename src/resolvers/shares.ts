import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import type { Exam } from '../generated/prisma/client.ts';
import { isDeclared } from '../services/access/viewer.ts';
import { handOverInput, shareInput } from '../services/shares/input.ts';
import type { ExamGroup } from '../services/shares/shares.ts';
import { parseInput } from '../validation.ts';
import { requireNamedStaffOf, requireStaff } from './policy.ts';

interface OfGroup {
  examId: string;
  group: unknown;
}

/** @param exam one that the viewer may see */
export async function examGroups(ctx: Context, { id }: Pick<Exam, 'id'>): Promise<ExamGroup[]> {
  requireStaff(ctx);
  return ctx.services.shares.groupsOf(id);
}

export async function takeGroup(ctx: Context, { examId, ...input }: OfGroup): Promise<ExamGroup> {
  const { id, by } = await requireNamedStaffOf(ctx, examId);
  return ctx.services.shares.take(id, parseInput(shareInput, input).group, by);
}

export async function releaseGroup(ctx: Context, { examId, ...input }: OfGroup): Promise<ExamGroup> {
  const { id, by } = await requireNamedStaffOf(ctx, examId);
  return ctx.services.shares.release(id, parseInput(shareInput, input).group, by);
}

export async function handOverGroup(ctx: Context, { examId, ...input }: OfGroup & { to: unknown }): Promise<ExamGroup> {
  const { id, by } = await requireNamedStaffOf(ctx, examId);
  const { group, to } = parseInput(handOverInput, input);
  if (to !== by && !isDeclared(to) && !(await ctx.services.shares.isStaffName(id, to))) throw notFound('Proctor');
  return ctx.services.shares.handOver(id, group, { by, to });
}
