import type { Context } from '../context.ts';
import type { Exam, Participant } from '../generated/prisma/client.ts';
import { type ExamCounts, totalsOf, type WarningCounts, type WarningTotals } from '../services/reads/counts.ts';
import type { Flagged } from '../services/reads/flagged.ts';
import { whereShown } from './candidate-view.ts';
import { requireStaff } from './policy.ts';

/** @param exam one that the viewer may see */
export async function examCounts(ctx: Context, { id }: Pick<Exam, 'id'>): Promise<ExamCounts & { examId: string }> {
  requireStaff(ctx);
  return { examId: id, ...(await ctx.services.counts.ofExam(id)) };
}

/** What is left to look at in the recordings of the exam whose counts these are. */
export const flaggedWork = (ctx: Context, { examId }: { examId: string }): Promise<Flagged> => ctx.services.counts.flaggedOf(examId);

const NONE: WarningCounts = { info: 0, low: 0, medium: 0, high: 0, critical: 0, unreviewed: 0, unreviewedCritical: 0, newestSeq: 0 };

/** Counts of the warnings that the viewer may see. @param participant one that the viewer may see */
export const warningCounts = async (ctx: Context, participant: Pick<Participant, 'id' | 'examId' | 'userId'>): Promise<WarningCounts> =>
  whereShown(ctx, participant, await ctx.services.counts.ofParticipant(participant), NONE);

export const warningTotals = async (ctx: Context, participant: Pick<Participant, 'id' | 'examId' | 'userId'>): Promise<WarningTotals> =>
  totalsOf(await warningCounts(ctx, participant));
