import type { Context } from '../context.ts';
import type { Exam } from '../generated/prisma/client.ts';
import { requireExam, requireLms, tenantOf } from './policy.ts';

export async function createSampleExam(ctx: Context): Promise<Exam> {
  requireLms(ctx);
  return ctx.services.sampleExams.create(tenantOf(ctx.viewer), ctx.viewer.name);
}

/** @returns the id of what is gone */
export async function removeSampleExam(ctx: Context, examId: string): Promise<string> {
  requireLms(ctx);
  const { id } = await requireExam(ctx, examId);
  await ctx.services.sampleExams.remove(id);
  return id;
}
