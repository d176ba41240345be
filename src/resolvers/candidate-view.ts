import type { Context } from '../context.ts';
import type { Participant, Warning, WarningDecision } from '../generated/prisma/client.ts';
import { shownWarnings } from '../services/access/sight.ts';
import { isStaff } from '../services/access/viewer.ts';
import type { ParticipantKey } from '../services/participants/key.ts';
import { shownName } from './policy.ts';

/** What candidates see of the warnings about themselves: nothing before the exam's setting `candidateView` permits it. */

/** Nothing is waited for where a list is that of staff. */
type Soon<T> = T | Promise<T>;

/** What may be told only to a viewer who may know of the warnings about a participant whom it sees. */
export function whereShown<T>({ viewer, services }: Context, who: ParticipantKey, told: T, otherwise: T): Soon<T> {
  if (isStaff(viewer)) return told;
  return services.candidateViews.isOpen(who).then((isOpen) => (isOpen ? told : otherwise));
}

/** How many warnings about the participant the viewer may know of. */
export const shownWarningCount = (ctx: Context, participant: Participant): Soon<number> =>
  whereShown(ctx, participant, participant.warningCount, 0);

/** Filter and order for paging through the warnings of a participant whom the viewer sees. */
export const warningsOfParticipant = ({ viewer }: Context) => ({ where: shownWarnings(viewer), orderBy: { seq: 'asc' } }) as const;

/** Whether the candidate whom a warning concerns sees it now. */
export const isVisibleToCandidate = async ({ services }: Context, { examId, userId }: Pick<Warning, 'examId' | 'userId'>) =>
  userId !== null && services.candidateViews.isOpen({ examId, userId });

export interface ShownReview {
  decision: WarningDecision;
  reason: string | null;
  by: string;
  at: Date;
}

/** The decision about a warning. Whoever reported a warning gets its row back, also when it may not know what came of it. */
export function shownReview(ctx: Context, warning: Warning): Soon<ShownReview | null> {
  const { reviewDecision: decision, reviewReason: reason, reviewBy: by, reviewAt: at, examId, userId } = warning;
  if (!decision || !by || !at) return null;
  return whereShown<ShownReview | null>(ctx, { examId, userId: userId ?? '' }, { decision, reason, by: shownName(ctx, by), at }, null);
}
