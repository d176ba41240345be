import type { Context } from '../context.ts';
import { invalidField, notFound } from '../errors.ts';
import type { WarningSeverity } from '../generated/prisma/client.ts';
import { seesEvent, sightOf } from '../services/access/sight.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { ExamFeed } from './exam-feed.ts';
import { refuseLinkBearer, requireExam } from './policy.ts';
import { atLeast } from './warnings.ts';

/** The events of the exam after position `after` that the viewer may see. */
export async function watchExam(ctx: Context, examId: string, after: number | null | undefined): Promise<ExamFeed> {
  const sight = sightOf(ctx.viewer);
  return watch(ctx, { examId, after }, (event): event is LogEvent => seesEvent(sight, event));
}

export interface WarningCursor {
  examId: string;
  after?: number | null | undefined;
  userId?: string | null | undefined;
  minSeverity?: WarningSeverity | null | undefined;
}

type WarningAdded = Extract<LogEvent, { kind: 'WARNING_ADDED' | 'WARNING_REVIEWED' | 'WARNING_UPDATED' }>;

export async function watchWarnings(ctx: Context, { examId, after, userId, minSeverity }: WarningCursor): Promise<ExamFeed<WarningAdded>> {
  const sight = sightOf(ctx.viewer);
  const severities = minSeverity ? new Set(atLeast(minSeverity)) : null;
  return watch(
    ctx,
    { examId, after },
    (event): event is WarningAdded =>
      event.kind === 'WARNING_ADDED' &&
      seesEvent(sight, event) &&
      (userId == null || event.subject.userId === userId) &&
      (!severities || severities.has(event.subject.severity)),
  );
}

async function watch<E extends LogEvent>(
  ctx: Context,
  { examId, after }: { examId: string; after: number | null | undefined },
  accepts: (event: LogEvent) => event is E,
): Promise<ExamFeed<E>> {
  const { id } = await requireExam(ctx, examId);
  refuseLinkBearer(ctx);
  if (after != null && after < 0) throw invalidField('after', 'must not be negative');
  const { hubs, eventLog } = ctx.services;
  const newest = (await eventLog.newest([id])).get(id);
  if (newest === undefined) throw notFound('Exam');
  return new ExamFeed({ hubs, examId: id, after: after == null ? newest : BigInt(after), newest, accepts });
}
