import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { fileTooLarge } from '../errors.ts';
import type { Prisma, Submission } from '../generated/prisma/client.ts';
import { submitExamInput } from '../services/submission-input.ts';
import type { SubmissionWithRecordings } from '../services/submissions.ts';
import { parseInput } from '../validation.ts';
import { actingUser, refuseLinkBearer, requireExam, requireSender } from './policy.ts';

export interface SubmittedFiles {
  webcam?: SpooledFile | undefined;
  screen?: SpooledFile | undefined;
}

/** Whether the caller may submit for that user, where one is named; before any byte of the submission is read. */
export async function prepareSubmission(ctx: Context, examId: string, userId: string | null | undefined): Promise<{ id: string }> {
  requireSender(ctx);
  const exam = await requireExam(ctx, examId);
  if (userId != null) actingUser(ctx, userId);
  else refuseLinkBearer(ctx);
  return exam;
}

export async function submitExam(ctx: Context, examId: string, input: unknown, files: SubmittedFiles): Promise<SubmissionWithRecordings> {
  const exam = await prepareSubmission(ctx, examId, null);
  const { userId, stats, warnings } = parseInput(submitExamInput, input);
  refuseTooLarge(ctx, files);
  const { recordings, submissions } = ctx.services;
  const user = actingUser(ctx, userId, userId == null ? await onlyParticipant(ctx, exam.id) : null);
  return submissions.submit(exam.id, {
    userId: user,
    stats,
    warnings: warnings ?? [],
    webcam: files.webcam ? await recordings.check(files.webcam, 'webcam') : null,
    screen: files.screen ? await recordings.check(files.screen, 'screen') : null,
    idempotencyKey: ctx.idempotencyKey,
  });
}

/** What was just submitted, as a query wants to have it. */
export const readSubmission = (
  ctx: Context,
  { id }: Pick<Submission, 'id'>,
  query: Pick<Prisma.SubmissionFindUniqueArgs, 'select' | 'include'>,
): Promise<Submission> => ctx.db.submission.findUniqueOrThrow({ ...query, where: { id } });

/** Doors that also take whole recordings let more pass than a submission may hold. */
function refuseTooLarge({ config }: Context, files: SubmittedFiles): void {
  for (const [field, file] of Object.entries(files) as [string, SpooledFile | undefined][]) {
    if (file && file.size > config.MAX_SUBMIT_FILE_BYTES) throw fileTooLarge(field, config.MAX_SUBMIT_FILE_BYTES);
  }
}

/** Whose submission it is where nobody says so: an exam with one participant leaves no doubt. */
async function onlyParticipant(ctx: Context, examId: string): Promise<string | null> {
  const participants = await ctx.db.participant.findMany({ where: { examId }, select: { userId: true }, take: 2 });
  return participants.length === 1 ? (participants[0]?.userId ?? null) : null;
}
