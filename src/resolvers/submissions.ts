import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { AppError, fileTooLarge } from '../errors.ts';
import type { Prisma, Submission } from '../generated/prisma/client.ts';
import { isDeeper, type RawJson } from '../raw-json.ts';
import { identityOf } from '../services/access/viewer.ts';
import { submitExamInput } from '../services/submission-input.ts';
import type { SubmissionWithRecordings } from '../services/submissions.ts';
import { MAX_JSON_DEPTH, parseInput } from '../validation.ts';
import { actingUser, refuseLinkBearer, requireKnownExam, requireSender } from './policy.ts';

export interface SubmittedFiles {
  webcam?: SpooledFile | undefined;
  screen?: SpooledFile | undefined;
}

/** Checks that the caller may submit for that user, if one is named, before any byte of the submission is read. */
export async function prepareSubmission(ctx: Context, examId: string, userId: string | null | undefined): Promise<{ id: string }> {
  requireSender(ctx);
  const exam = await requireKnownExam(ctx, examId);
  if (userId != null) actingUser(ctx, userId);
  else refuseLinkBearer(ctx);
  return exam;
}

export async function submitExam(ctx: Context, examId: string, input: unknown, files: SubmittedFiles): Promise<SubmissionWithRecordings> {
  const exam = await prepareSubmission(ctx, examId, null);
  const { userId, stats, warnings } = parseInput(submitExamInput, input);
  refuseTooLarge(ctx, files);
  const { recordings, submissions } = ctx.services;
  const fallback = userId == null && ctx.viewer.role !== 'participant' ? await onlyParticipant(ctx, exam.id) : null;
  const user = actingUser(ctx, userId, fallback);
  return submissions.submit(exam.id, {
    userId: user,
    stats,
    warnings: warnings ?? [],
    webcam: files.webcam ? await recordings.check(files.webcam, 'webcam') : null,
    screen: files.screen ? await recordings.check(files.screen, 'screen') : null,
    idempotencyKey: ctx.idempotencyKey,
    keeper: ctx.keeper,
  });
}

/** Reads a new submission again, with the columns and relations of a query. */
export const readSubmission = (
  ctx: Context,
  { id }: Pick<Submission, 'id'>,
  query: Pick<Prisma.SubmissionFindUniqueArgs, 'select' | 'include'>,
): Promise<Submission> => ctx.db.submission.findUniqueOrThrow({ ...query, where: { id } });

/** The statistics of a submission that the viewer may see, as they are stored. */
export async function readStats(ctx: Context, { id }: Pick<Submission, 'id'>): Promise<RawJson> {
  const stats = await ctx.services.hotReads.readStats(id);
  // Earlier releases stored any depth; the readers of most clients, and our other transports, are recursive.
  if (await isDeeper(stats.text, MAX_JSON_DEPTH, identityOf(ctx.viewer)))
    throw new AppError('invalid_request', 'The value is nested too deeply to be returned');
  return stats;
}

/** Entry points that also accept whole recordings have a higher limit than submissions. */
function refuseTooLarge({ config }: Context, files: SubmittedFiles): void {
  for (const [field, file] of Object.entries(files) as [string, SpooledFile | undefined][]) {
    if (file && file.size > config.MAX_SUBMIT_FILE_BYTES) throw fileTooLarge(field, config.MAX_SUBMIT_FILE_BYTES);
  }
}

/** The user of a submission that names none: unambiguous if the exam has one participant, otherwise null. */
async function onlyParticipant(ctx: Context, examId: string): Promise<string | null> {
  const participants = await ctx.db.participant.findMany({ where: { examId }, select: { userId: true }, take: 2 });
  return participants.length === 1 ? (participants[0]?.userId ?? null) : null;
}
