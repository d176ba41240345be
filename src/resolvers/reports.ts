import type { Context } from '../context.ts';
import type { ExamReport } from '../services/reports/exam-report.ts';
import type { ParticipantReport } from '../services/reports/participant-report.ts';
import { toCsv } from '../services/reports/report-csv.ts';
import type { ParticipantPdf } from '../services/reports/reports.ts';
import { parseInput, userIdInput } from '../validation.ts';
import { shownVerdicts } from './blind-reviews.ts';
import { requireStaffOf } from './policy.ts';
import { readInTurn } from './reads-in-turn.ts';

export { inMinutes } from '../services/participants/time.ts';

export async function examReport(ctx: Context, examId: string): Promise<ExamReport> {
  const { id } = await requireStaffOf(ctx, examId);
  return readInTurn(ctx, () => ctx.services.reports.ofExam(id));
}

export const examCsv = async (ctx: Context, examId: string): Promise<string> => toCsv(await examReport(ctx, examId));

/** Without the verdicts that the viewer is not to read before it has decided. */
const shownReport =
  (ctx: Context) =>
  (report: ParticipantReport): ParticipantReport => ({
    ...report,
    participant: { ...report.participant, verdicts: shownVerdicts(ctx, report.participant.verdicts) },
  });

export async function participantReport(ctx: Context, { examId, userId }: { examId: string; userId: string }): Promise<ParticipantReport> {
  const { id } = await requireStaffOf(ctx, examId);
  return readInTurn(ctx, async () => shownReport(ctx)(await ctx.services.reports.ofParticipant(id, parseInput(userIdInput, userId))));
}

export async function participantPdf(ctx: Context, { examId, userId }: { examId: string; userId: string }): Promise<ParticipantPdf> {
  const { id } = await requireStaffOf(ctx, examId);
  return readInTurn(ctx, () => ctx.services.reports.pdfOf(id, parseInput(userIdInput, userId), shownReport(ctx)));
}
