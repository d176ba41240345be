import type { Context } from '../context.ts';
import type { Prisma, Warning, WarningSeverity, WarningSource } from '../generated/prisma/client.ts';
import { visibleWarnings } from '../services/access/sight.ts';
import { keeperOfPart } from '../services/idempotency.ts';
import { SEVERITIES, warningCatalogue } from '../services/warnings/catalogue.ts';
import { reportWarningsInput } from '../services/warnings/input.ts';
import type { Reported } from '../services/warnings/report.ts';
import { isMoment, parseInput } from '../validation.ts';
import { actingUser, requireExam, requireKnownExam } from './policy.ts';
import { readInTurn } from './reads-in-turn.ts';

export const atLeast = (severity: WarningSeverity): WarningSeverity[] => SEVERITIES.slice(SEVERITIES.indexOf(severity));

export interface WarningFilter {
  userId?: string | null | undefined;
  types?: readonly string[] | null | undefined;
  minSeverity?: WarningSeverity | null | undefined;
  beforeSeq?: number | null | undefined;
  reviewed?: boolean | null | undefined;
  sources?: readonly WarningSource[] | null | undefined;
}

export interface ReportedWarnings {
  /** Those that are stored, in the order of the report. */
  stored: Warning[];
  /** Those that are not, because their type is suppressed for the participant; `index` is the place in the report. */
  suppressed: { index: number; type: string }[];
}

/** Proctors report what they saw themselves (PROCTOR); all other callers pass on what a client saw (CLIENT). */
export async function reportWarnings(ctx: Context, examId: string, input: unknown): Promise<ReportedWarnings> {
  const exam = await requireKnownExam(ctx, examId);
  const { userId, warnings } = parseInput(reportWarningsInput, input);
  const source = ctx.viewer.role === 'proctor' ? 'PROCTOR' : 'CLIENT';
  const user = actingUser(ctx, userId);
  const whole = (rows: Reported): ReportedWarnings => ({
    stored: rows.flatMap((row) => row ?? []),
    suppressed: warnings.flatMap(({ type }, index) => (rows[index] ? [] : [{ index, type }])),
  });
  const keeper = keeperOfPart(ctx.keeper, whole);
  const rows = await ctx.services.warnings.report({ examId: exam.id, userId: user, source, warnings, keeper });
  if (ctx.viewer.role === 'participant') ctx.services.presence.seen({ examId: exam.id, userId: user });
  return whole(rows);
}

/** The warnings that the viewer may see and that pass the filter. */
export const warningsWhere = (
  ctx: Context,
  { userId, types, minSeverity, beforeSeq, reviewed, sources }: WarningFilter,
): Prisma.WarningWhereInput => ({
  AND: [
    visibleWarnings(ctx.viewer),
    {
      ...(userId != null && { userId }),
      ...(types && { type: { in: [...types] } }),
      ...(beforeSeq != null && { seq: { lt: beforeSeq } }),
      ...(minSeverity && { severity: { in: atLeast(minSeverity) } }),
      ...(reviewed != null && { reviewDecision: reviewed ? { not: null } : null }),
      ...(sources && { source: { in: [...sources] } }),
    },
  ],
});

/** A page of warnings after position `after`, oldest first. */
export async function listWarnings(ctx: Context, examId: string, { after, limit }: { after: bigint; limit: number }) {
  await requireExam(ctx, examId);
  const where = { AND: [{ examId, seq: { gt: after } }, visibleWarnings(ctx.viewer)] };
  const page = await readInTurn(ctx, () => ctx.db.warning.findMany({ where, orderBy: { seq: 'asc' }, take: limit + 1 }));
  const warnings = page.slice(0, limit);
  return { warnings, nextAfter: page.length > limit ? (warnings.at(-1)?.seq ?? null) : null };
}

/**
 * Start and end of a warning as sent to clients. Earlier releases accepted any time, so a row may hold one that RFC 3339 cannot
 * express: then the start is the time of storing (`recordedAt`) and the end null, so that one row does not make a whole list fail.
 */
export const timesOf = ({ timestamp, recordedAt, endedAt }: Pick<Warning, 'timestamp' | 'recordedAt' | 'endedAt'>) => ({
  timestamp: isMoment(timestamp) ? timestamp : recordedAt,
  endedAt: endedAt && isMoment(endedAt) ? endedAt : null,
});

export const warningTypes = () => warningCatalogue;
