import type { Context } from '../context.ts';
import { invalidField, notFound } from '../errors.ts';
import type { WarningSeverity } from '../generated/prisma/client.ts';
import { seesEvent, sightOf } from '../services/access/sight.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { ExamFeed } from './exam-feed.ts';
import { refuseLinkBearer, requireExam } from './policy.ts';
import { atLeast } from './warnings.ts';

/** Where a subscription begins. */
export interface Cursor {
  examId: string;
  /** Position of the last event that the client has seen. */
  after?: number | null | undefined;
  /** When that event happened. */
  afterAt?: Date | null | undefined;
}

/** The events of the exam after position `after` that the viewer may see. */
export async function watchExam(ctx: Context, cursor: Cursor): Promise<ExamFeed> {
  const sight = sightOf(ctx.viewer);
  return watch(ctx, cursor, (event): event is LogEvent => seesEvent(sight, event));
}

export interface WarningCursor extends Cursor {
  userId?: string | null | undefined;
  minSeverity?: WarningSeverity | null | undefined;
}

type WarningAdded = Extract<LogEvent, { kind: 'WARNING_ADDED' | 'WARNING_REVIEWED' | 'WARNING_UPDATED' }>;

export async function watchWarnings(ctx: Context, { userId, minSeverity, ...cursor }: WarningCursor): Promise<ExamFeed<WarningAdded>> {
  const sight = sightOf(ctx.viewer);
  const severities = minSeverity ? new Set(atLeast(minSeverity)) : null;
  return watch(
    ctx,
    cursor,
    (event): event is WarningAdded =>
      event.kind === 'WARNING_ADDED' &&
      seesEvent(sight, event) &&
      (userId == null || event.subject.userId === userId) &&
      (!severities || severities.has(event.subject.severity)),
  );
}

async function watch<E extends LogEvent>(
  ctx: Context,
  { examId, after, afterAt }: Cursor,
  accepts: (event: LogEvent) => event is E,
): Promise<ExamFeed<E>> {
  const { id } = await requireExam(ctx, examId);
  refuseLinkBearer(ctx);
  if (after != null && after < 0) throw invalidField('after', 'must not be negative');
  if (afterAt && after == null) throw invalidField('afterAt', 'is the time of the event at `after`, which is missing');
  const { hubs, eventLog } = ctx.services;
  const newest = (await eventLog.newest([id])).get(id);
  if (newest === undefined) throw notFound('Exam');
  if (afterAt && after) await eventLog.assertSame(id, BigInt(after), afterAt);
  return new ExamFeed({ hubs, examId: id, after: after == null ? newest : BigInt(after), newest, accepts });
}
