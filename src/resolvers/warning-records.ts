import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import type { WarningRecord } from '../services/reads/warning-records.ts';
import { requireStaffOf } from './policy.ts';

export { precisionOf } from '../services/reads/warning-records.ts';

/** What people of the organisation that owns the exam decided about warnings, whoever asks: an admin gets no other one's. */
export async function warningRecords(ctx: Context, examId: string): Promise<WarningRecord[]> {
  const { id } = await requireStaffOf(ctx, examId);
  const exam = await ctx.services.hotReads.readKnown(id);
  if (!exam) throw notFound('Exam');
  return ctx.services.warningRecords.ofTenant(exam.tenant);
}
