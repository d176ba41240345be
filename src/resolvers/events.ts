import type { Context } from '../context.ts';
import type { Warning, WarningSeverity } from '../generated/prisma/client.ts';
import type { LogEvent } from '../services/event-log/event-log.ts';
import { AppError } from '../errors.ts';
import { refuseLinkBearer, requireExam, seesEvent } from './policy.ts';
import { atLeast } from './warnings.ts';

/** The exam's log from `after` on, as far as the viewer may see it. */
export async function watchExam(ctx: Context, examId: string, after: number | null | undefined): Promise<AsyncIterable<LogEvent>> {
  const exam = await requireExam(ctx, examId);
  refuseLinkBearer(ctx);
  if (after != null && after < 0)
    throw new AppError('invalid_request', 'The request was invalid', [{ field: 'after', issue: 'must not be negative' }]);
  const events = await ctx.services.hubs.watch(exam.id, after == null ? undefined : BigInt(after));
  return select(events, (event) => (seesEvent(ctx.viewer, event) ? event : null));
}

export interface WarningCursor {
  examId: string;
  after?: number | null | undefined;
  userId?: string | null | undefined;
  minSeverity?: WarningSeverity | null | undefined;
}

export async function watchWarnings(ctx: Context, { examId, after, userId, minSeverity }: WarningCursor): Promise<AsyncIterable<Warning>> {
  const severities = minSeverity ? new Set(atLeast(minSeverity)) : null;
  return select(await watchExam(ctx, examId, after), (event) => {
    if (event.kind !== 'WARNING_ADDED') return null;
    const wanted = (userId == null || event.subject.userId === userId) && (!severities || severities.has(event.subject.severity));
    return wanted ? event.subject : null;
  });
}

/** The items for which `pick` answers something. Ends its source at once when it is ended itself. */
function select<T, U>(source: AsyncIterable<T>, pick: (item: T) => U | null): AsyncIterableIterator<U> {
  const items = source[Symbol.asyncIterator]();
  return {
    async next() {
      for (;;) {
        const { done, value } = await items.next();
        if (done) return { done, value: undefined };
        const picked = pick(value);
        if (picked !== null) return { done: false, value: picked };
      }
    },
    async return() {
      await items.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
