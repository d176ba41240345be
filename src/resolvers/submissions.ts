import { isEmptyRecording } from '../adapters/media/empty-recording.ts';
import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { AppError, type ErrorDetail, fileTooLarge, formatLimit, invalidField } from '../errors.ts';
import type { Prisma, Submission } from '../generated/prisma/client.ts';
import { isDeeper, type RawJson } from '../raw-json.ts';
import { identityOf } from '../services/access/viewer.ts';
import { keeperOfPart } from '../services/idempotency.ts';
import { submitExamInput } from '../services/submission-input.ts';
import type { SubmissionWithRecordings } from '../services/submissions.ts';
import { MAX_JSON_DEPTH, parseInput } from '../validation.ts';
import { actingUser, refuseLinkBearer, requireKnownExam, requireSender } from './policy.ts';

export interface SubmittedFiles {
  webcam?: SpooledFile | undefined;
  screen?: SpooledFile | undefined;
}

const USER_MISSING =
  'is required, because the exam does not have exactly one participant: put it beside stats in the body, or into the query as ?userId=';

/** Checks that the caller may submit for that user, if one is named, before any byte of the submission is read. */
export async function prepareSubmission(ctx: Context, examId: string, userId: string | null | undefined): Promise<{ id: string }> {
  requireSender(ctx);
  const exam = await requireKnownExam(ctx, examId);
  if (userId != null) actingUser(ctx, userId);
  else refuseLinkBearer(ctx);
  return exam;
}

/** A submission, and what was sent with it but not stored. */
export interface Submitted {
  submission: SubmissionWithRecordings;
  ignored: ErrorDetail[];
}

/**
 * Stores a session. A recording without a picture (its recorder was stopped at once) does not refuse the rest: it is named in
 * `ignored`.
 */
export async function submitExam(ctx: Context, examId: string, input: unknown, sent: SubmittedFiles): Promise<Submitted> {
  const exam = await prepareSubmission(ctx, examId, null);
  const { userId, stats, warnings } = parseInput(submitExamInput, input);
  refuseTooLarge(ctx, sent);
  if (sent.webcam && sent.webcam === sent.screen) throw invalidField('screen', 'Is the same file as webcam');
  const { files, ignored } = withoutEmpty(sent);
  const whole = (submission: SubmissionWithRecordings): Submitted => ({ submission, ignored });
  const { recordings, submissions } = ctx.services;
  const fallback = userId == null && ctx.viewer.role !== 'participant' ? await onlyParticipant(ctx, exam.id) : null;
  const user = actingUser(ctx, userId, { fallback, missing: USER_MISSING });
  const submission = await submissions.submit(exam.id, {
    userId: user,
    stats,
    warnings: warnings ?? [],
    webcam: files.webcam ? await recordings.check(files.webcam, 'webcam') : null,
    screen: files.screen ? await recordings.check(files.screen, 'screen') : null,
    idempotencyKey: ctx.idempotencyKey,
    keeper: keeperOfPart(ctx.keeper, whole),
  });
  return whole(submission);
}

function withoutEmpty(sent: SubmittedFiles): { files: SubmittedFiles; ignored: ErrorDetail[] } {
  const files: SubmittedFiles = {};
  const ignored: ErrorDetail[] = [];
  for (const type of ['webcam', 'screen'] as const) {
    const file = sent[type];
    if (file && isEmptyRecording(file)) ignored.push({ field: type, issue: 'The recording is empty and was not stored' });
    else files[type] = file;
  }
  return { files, ignored };
}

/** Reads a new submission again, with the columns and relations of a query. */
export const readSubmission = (
  ctx: Context,
  { id }: Pick<Submission, 'id'>,
  query: Pick<Prisma.SubmissionFindUniqueArgs, 'select' | 'include'>,
): Promise<Submission> => ctx.db.submission.findUniqueOrThrow({ ...query, where: { id } });

/**
 * Characters of statistics per operation whose answer is not written as text. To parse and write a MB takes 300 ms, in which nobody
 * else is served.
 */
const MAX_PARSED = 128 * 1024;
const parsed = new WeakMap<Context, number>();

/** The statistics of a submission that the viewer may see, as they are stored. */
export async function readStats(ctx: Context, { id }: Pick<Submission, 'id'>): Promise<RawJson> {
  const stats = await ctx.services.hotReads.readStats(id);
  // Earlier releases stored any depth; the readers of most clients, and our other transports, are recursive.
  if (await isDeeper(stats.text, MAX_JSON_DEPTH, identityOf(ctx.viewer)))
    throw new AppError('invalid_request', 'The value is nested too deeply to be returned');
  if (!ctx.writesRaw) refuseMuch(ctx, stats);
  return stats;
}

function refuseMuch(ctx: Context, { text }: RawJson): void {
  const sum = (parsed.get(ctx) ?? 0) + text.length;
  if (sum > MAX_PARSED)
    throw new AppError(
      'invalid_request',
      `More than ${formatLimit(MAX_PARSED)} of stats are only returned to a POST with Accept: application/json`,
    );
  parsed.set(ctx, sum);
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
