import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import { visibleSubmissions } from '../services/access/sight.ts';
import type { Receipt } from '../services/receipts/receipts.ts';
import { requireExam } from './policy.ts';

export { presentReceiptRecordings } from '../services/receipts/receipts.ts';

/** The receipt of a participant's newest submission: for staff, and for the participant. */
export async function readReceipt(ctx: Context, { examId, userId }: { examId: string; userId: string }): Promise<Receipt> {
  await requireExam(ctx, examId);
  const where = { AND: [{ examId, userId }, visibleSubmissions(ctx.viewer)] };
  const submission = await ctx.db.submission.findFirst({ where, orderBy: { submittedAt: 'desc' }, select: { id: true } });
  if (!submission) throw notFound('Submission');
  return ctx.services.receipts.of(submission.id);
}
