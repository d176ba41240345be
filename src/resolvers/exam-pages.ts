import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context.ts';
import type { ParticipantStatus, Prisma, RecordingType } from '../generated/prisma/client.ts';
import { visibleParticipants, visibleRecordings } from '../services/access/sight.ts';
import type { Pages } from '../services/reads/exam-pages.ts';
import { type WarningFilter, warningsWhere } from './warnings.ts';

/** Filter and order for paging through the participants of an exam. */
export const participantsOf = (ctx: Context, { status }: { status?: ParticipantStatus | null | undefined }) =>
  ({
    where: { AND: [visibleParticipants(ctx.viewer), { ...(status && { status }) }] },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  }) satisfies Prisma.Exam$participantsArgs;

/** Filter and order for paging through the warnings of an exam. */
export const warningsOf = (ctx: Context, filter: WarningFilter) =>
  ({ where: warningsWhere(ctx, filter), orderBy: { seq: 'asc' } }) satisfies Prisma.Exam$warningsArgs;

/** Filter and order for paging through the recordings of an exam. */
export const recordingsOf = (
  ctx: Context,
  { userId, type }: { userId?: string | null | undefined; type?: RecordingType | null | undefined },
) =>
  ({
    where: { AND: [visibleRecordings(ctx.viewer), { ...(userId != null && { userId }), ...(type && { type }) }] },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  }) satisfies Prisma.Exam$recordingsArgs;

/**
 * The pages that a query asks for, if it asks only for whole rows of the exam and at most its first participants and warnings,
 * without filter, cursor or nested relations. Null for every other query.
 */
export function firstPages(ctx: Context, { select, include }: Pick<Prisma.ExamFindFirstArgs, 'select' | 'include'>): Pages | null {
  if (select) return null;
  const { participants, warnings, ...others } = include ?? {};
  if (Object.keys(others).length > 0) return null;
  const pages = { participants: firstRows(participants, participantsOf(ctx, {})), warnings: firstRows(warnings, warningsOf(ctx, {})) };
  return pages.participants === undefined || pages.warnings === undefined ? null : (pages as Pages);
}

/** The number of rows asked for: null if the relation is not asked for, undefined if the query wants more than its first rows. */
function firstRows(asked: unknown, plain: object): number | null | undefined {
  if (asked === undefined) return null;
  const { take, skip, ...rest } = asked as { take?: number; skip?: number };
  if (take === undefined || take < 0 || skip !== 0) return undefined;
  return isDeepStrictEqual(rest, plain) ? take : undefined;
}
