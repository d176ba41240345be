import type { Context } from '../context.ts';
import type { Exam, Participant } from '../generated/prisma/client.ts';
import type { ExamCounts, WarningCounts } from '../services/reads/counts.ts';
import { requireStaff } from './policy.ts';

/** @param exam one that the viewer may see */
export async function examCounts(ctx: Context, { id }: Pick<Exam, 'id'>): Promise<ExamCounts> {
  requireStaff(ctx);
  return ctx.services.counts.ofExam(id);
}

/**
 * Counts of the warnings that the viewer may see: at present whoever sees a participant sees all warnings about them
 * (`visibleWarnings`). What that hides from participants must not be counted for them here.
 * @param participant one that the viewer may see
 */
export const warningCounts = async (ctx: Context, participant: Pick<Participant, 'id' | 'examId'>): Promise<WarningCounts> =>
  ctx.services.counts.ofParticipant(participant);
