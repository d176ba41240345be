import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context.ts';
import type { ParticipantStatus, Prisma, RecordingType } from '../generated/prisma/client.ts';
import { visibleParticipants, visibleRecordings } from '../services/access/sight.ts';
import type { Pages } from '../services/reads/exam-pages.ts';
import { type WarningFilter, warningsWhere } from './warnings.ts';

/** The participants of an exam as a client pages through them. */
export const participantsOf = (ctx: Context, { status }: { status?: ParticipantStatus | null | undefined }) =>
  ({
    where: { AND: [visibleParticipants(ctx.viewer), { ...(status && { status }) }] },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  }) satisfies Prisma.Exam$participantsArgs;

/** The warnings of an exam as a client pages through them. */
export const warningsOf = (ctx: Context, filter: WarningFilter) =>
  ({ where: warningsWhere(ctx, filter), orderBy: { seq: 'asc' } }) satisfies Prisma.Exam$warningsArgs;

/** The recordings of an exam as a client pages through them. */
export const recordingsOf = (
  ctx: Context,
  { userId, type }: { userId?: string | null | undefined; type?: RecordingType | null | undefined },
) =>
  ({
    where: { AND: [visibleRecordings(ctx.viewer), { ...(userId != null && { userId }), ...(type && { type }) }] },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  }) satisfies Prisma.Exam$recordingsArgs;

/**
 * What of an exam a query asks for, where that is whole rows of the exam and at most the first participants and warnings,
 * without filter, cursor or anything below them. Null for every other query.
 */
export function firstPages(ctx: Context, { select, include }: Pick<Prisma.ExamFindFirstArgs, 'select' | 'include'>): Pages | null {
  if (select) return null;
  const { participants, warnings, ...others } = include ?? {};
  if (Object.keys(others).length > 0) return null;
  const pages = { participants: firstRows(participants, participantsOf(ctx, {})), warnings: firstRows(warnings, warningsOf(ctx, {})) };
  return pages.participants === undefined || pages.warnings === undefined ? null : (pages as Pages);
}

/** How many rows are asked for; null where the relation is not, undefined where more than its first rows is asked for. */
function firstRows(asked: unknown, plain: object): number | null | undefined {
  if (asked === undefined) return null;
  const { take, skip, ...rest } = asked as { take?: number; skip?: number };
  if (take === undefined || take < 0 || skip !== 0) return undefined;
  return isDeepStrictEqual(rest, plain) ? take : undefined;
}
