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

/** Read with an exam in place of a list of participants that is then read on its own, by rank or filter. */
export const NONE_BY_RELATION = { where: { id: { in: [] } } } satisfies Prisma.Exam$participantsArgs;

interface Asked {
  take?: number;
  skip?: number;
  where?: unknown;
}

/**
 * The pages that a query asks for, if it asks only for whole rows of the exam, at most its first or last participants and warnings,
 * without filter, cursor or nested relations, and their numbers. Null for every other query.
 */
export function firstPages(ctx: Context, { select, include }: Pick<Prisma.ExamFindFirstArgs, 'select' | 'include'>): Pages | null {
  if (select) return null;
  const { participants, warnings, _count, ...others } = include ?? {};
  if (Object.keys(others).length > 0) return null;
  const plain = { participants: participantsOf(ctx, {}), warnings: warningsOf(ctx, {}) };
  const counted = countedRows(_count, plain);
  const pages = { participants: rowsAsked(participants, plain.participants), warnings: rowsAsked(warnings, plain.warnings) };
  return pages.participants === undefined || pages.warnings === undefined || !counted ? null : { ...(pages as Pages), counted };
}

const isNone = ({ where }: Asked) => isDeepStrictEqual(where, NONE_BY_RELATION.where);

/** The number of rows asked for: null if the relation is not asked for, undefined if the query wants others than its first or last. */
function rowsAsked(asked: unknown, plain: object): number | null | undefined {
  if (asked === undefined) return null;
  if (isNone(asked as Asked)) return 0;
  const { take, skip, ...rest } = asked as Asked;
  if (take === undefined || skip !== 0) return undefined;
  return isDeepStrictEqual(rest, plain) ? take : undefined;
}

/** The relations whose rows are counted; null if the query counts anything but all that the viewer sees. */
function countedRows(asked: unknown, plain: Record<Pages['counted'][number], Asked>): Pages['counted'] | null {
  const counts = Object.entries((asked as { select?: Record<string, Asked> } | undefined)?.select ?? {});
  const wanted: Pages['counted'][number][] = [];
  for (const [relation, of] of counts) {
    if (relation !== 'participants' && relation !== 'warnings') return null;
    // The number of a list that is read on its own is not used, but Pothos wants one.
    if (!isNone(of) && !isDeepStrictEqual(of, { where: plain[relation].where })) return null;
    wanted.push(relation);
  }
  return wanted;
}
