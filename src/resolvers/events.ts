import type { Context } from '../context.ts';
import { invalidField, notFound } from '../errors.ts';
import type { WarningSeverity } from '../generated/prisma/client.ts';
import { candidateSees, type CandidateState } from '../services/access/candidate-view.ts';
import { seesEvent, sightOf } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
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
  return watch(ctx, cursor, (_event): _event is LogEvent => true);
}

export interface WarningCursor extends Cursor {
  userId?: string | null | undefined;
  minSeverity?: WarningSeverity | null | undefined;
}

type WarningAdded = Extract<LogEvent, { kind: 'WARNING_ADDED' | 'WARNING_REVIEWED' | 'WARNING_UPDATED' }>;

export async function watchWarnings(ctx: Context, { userId, minSeverity, ...cursor }: WarningCursor): Promise<ExamFeed<WarningAdded>> {
  const severities = minSeverity ? new Set(atLeast(minSeverity)) : null;
  return watch(
    ctx,
    cursor,
    (event): event is WarningAdded =>
      event.kind === 'WARNING_ADDED' &&
      (userId == null || event.subject.userId === userId) &&
      (!severities || severities.has(event.subject.severity)),
  );
}

/** @param isWanted which of the events that the viewer may see were asked for */
async function watch<E extends LogEvent>(
  ctx: Context,
  { examId, after, afterAt }: Cursor,
  isWanted: (event: LogEvent) => event is E,
): Promise<ExamFeed<E>> {
  const { id } = await requireExam(ctx, examId);
  refuseLinkBearer(ctx);
  if (after != null && after < 0) throw invalidField('after', 'must not be negative');
  if (afterAt && after == null) throw invalidField('afterAt', 'is the time of the event at `after`, which is missing');
  const { hubs, eventLog } = ctx.services;
  const newest = (await eventLog.newest([id])).get(id);
  if (newest === undefined) throw notFound('Exam');
  if (afterAt && after) await eventLog.assertSame(id, BigInt(after), afterAt);
  const sees = await seenEvents(ctx, id, newest);
  const accepts = (event: LogEvent): event is E => sees(event) && isWanted(event);
  // What a candidate sees depends on when it is sent: see `followView`.
  return new ExamFeed({ hubs, examId: id, after: after == null ? newest : BigInt(after), newest, accepts, isShared: isStaff(ctx.viewer) });
}

/** Which events may reach the viewer, now and while the exam goes on. @param newest a position that the log has reached */
async function seenEvents(ctx: Context, examId: string, newest: bigint): Promise<(event: LogEvent) => boolean> {
  const { viewer, services } = ctx;
  const sight = sightOf(viewer);
  if (isStaff(viewer)) return (event) => seesEvent(sight, event, true);
  const userId = viewer.userId ?? '';
  const warningsShown = followView(await services.candidateViews.find({ examId, userId }), userId, newest);
  return (event) => seesEvent(sight, event, warningsShown(event));
}

/**
 * Whether a candidate sees the warnings about itself, as of an event or, in a replay, of now. Everything that it depends on is an
 * event that reaches the candidate, so the log itself says when it changes.
 * @param state as new as position `newest`, or newer
 */
function followView(state: CandidateState | null, userId: string, newest: bigint): (event: LogEvent) => boolean {
  let known = newest;
  let { exam, participant } = state ?? { exam: null, participant: null };
  return (event) => {
    if (event.seq > known) {
      known = event.seq;
      if (event.kind === 'EXAM_CHANGED') exam = event.subject;
      if (event.kind === 'PARTICIPANT_CHANGED' && event.userId === userId) participant = event.subject;
    }
    return exam !== null && participant !== null && candidateSees(exam, participant);
  };
}
