import { AppError, invalidField, notFound } from '../../errors.ts';
import type { Contest, Participant, ReviewStatus, Verdict, Warning, WarningDecision } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import type { Reviewer } from './reviewers.ts';
import { CONTESTABLE, decides, hasGiven, NEED_REASON, outcomeOf } from './rules.ts';

/** A verdict about a participant. */
export interface NewVerdict {
  status: ReviewStatus;
  reason: string | null;
  /** The name to show. */
  by: string;
  reviewer: Reviewer;
}

/** A participant with the verdict that was given. */
export interface Judged {
  participant: Participant;
  verdict: Verdict;
}

export interface WarningReview {
  decision: WarningDecision;
  reason: string | null;
  by: string;
}

type Keeper = AnswerKeeper | null;

const ANSWERS: ReadonlySet<ReviewStatus> = new Set(['UPHELD', 'OVERTURNED']);

/** Stores a verdict and what becomes of the review, with one event. */
function record(state: ExamState, participant: Participant, { status, reason, by, reviewer }: NewVerdict, review: ReviewStatus): Judged {
  const { id: participantId, userId, review: previousReview } = participant;
  const isChange = review !== previousReview;
  // A candidate is not to learn from the log that people disagree.
  const seq = state.emit('PARTICIPANT_CHANGED', participantId, {
    ...(isChange && { userId }),
    data: { by, reason, review, previousReview, verdict: status },
  });
  const final = isChange && review === status && decides(status);
  const verdict = state.judgements.addVerdict({
    id: newId('verd'),
    participantId,
    seq,
    status,
    reason,
    by,
    reviewer,
    final,
    at: state.now,
  });
  return { participant: state.setParticipant({ ...participant, review }), verdict };
}

/** What this person said before and says again: nothing changes then. */
const repeated = (verdicts: readonly Verdict[], { status, reason, reviewer }: NewVerdict): Verdict | undefined => {
  const own = verdicts.findLast((verdict) => verdict.reviewer === reviewer);
  return own?.status === status && own.reason === reason ? own : undefined;
};

function judge(state: ExamState, participant: Participant, given: NewVerdict): Judged {
  const verdicts = state.judgements.verdictsOf(participant.id);
  const { status, reviewer } = given;
  const review = outcomeOf([...verdicts, given]);
  const before = repeated(verdicts, given);
  if (before && review === participant.review && (status !== 'VIOLATION' || review === 'VIOLATION'))
    return { participant, verdict: before };
  if (status === 'VIOLATION' && hasGiven(verdicts, reviewer, 'VIOLATION'))
    throw new AppError('conflict', 'You have said so already: a violation needs another person who says the same');
  return record(state, participant, given, review);
}

/** An answer to the candidate's objection. */
function answer(state: ExamState, participant: Participant, contest: Contest, given: NewVerdict): Judged {
  const verdicts = state.judgements.verdictsOf(participant.id);
  const { status, reason, by, reviewer } = given;
  const before = repeated(verdicts, given);
  if (before && status === participant.review) return { participant, verdict: before };
  if (contest.answeredAt && !(status === 'OVERTURNED' && participant.review === 'UPHELD'))
    throw new AppError('conflict', 'The contest has been answered: all that is possible is to overturn what was upheld');
  if (!ANSWERS.has(status)) throw new AppError('conflict', 'The candidate contests the verdict: answer with upheld or overturned');
  if (status === 'UPHELD' && CONTESTABLE.some((verdict) => hasGiven(verdicts, reviewer, verdict)))
    throw new AppError('conflict', 'You gave the verdict that is contested: another person must uphold it');
  state.judgements.setContest({ ...contest, answer: reason, answeredBy: by, answeredAt: state.now });
  return record(state, participant, given, status);
}

function reviewWarning(state: ExamState, id: string, { decision, reason, by }: WarningReview): Warning {
  const warning = state.judgements.warning(id);
  if (!warning) throw notFound('Warning');
  const { reviewDecision: previous, userId } = warning;
  if (previous === decision && warning.reviewReason === reason && warning.reviewBy === by) return warning;
  state.emit('WARNING_REVIEWED', id, { ...(userId && { userId }), data: { by, decision, previous, reason } });
  return state.judgements.setWarning({
    ...warning,
    reviewDecision: decision,
    reviewReason: reason,
    reviewBy: by,
    reviewAt: state.now,
  });
}

/** Takes back what was decided; the log keeps both. */
function reopenWarning(state: ExamState, id: string, by: string): Warning {
  const warning = state.judgements.warning(id);
  if (!warning) throw notFound('Warning');
  const { reviewDecision: previous, userId } = warning;
  if (previous === null) return warning;
  state.emit('WARNING_REVIEWED', id, { ...(userId && { userId }), data: { by, decision: null, previous, reason: null } });
  return state.judgements.setWarning({ ...warning, reviewDecision: null, reviewReason: null, reviewBy: null, reviewAt: null });
}

/** What people decide about participants and warnings, and what candidates say to that. The server never decides. */
export function createReviews({ eventLog }: { eventLog: EventLog }) {
  /** @param turn of whom: decisions of staff take turns among themselves, so that no participant can delay the one about them */
  const write = <Result>(
    examId: string,
    { userId, turn, keeper }: { userId: string; turn: string; keeper: Keeper },
    decide: (state: ExamState, participant: Participant) => Result,
  ) =>
    eventLog.write(examId, {
      userId: turn,
      others: [userId],
      judges: true,
      keeper,
      decide: (state) => decide(state, state.requireParticipant(userId)),
    });

  return {
    /**
     * Records a verdict; src/services/reviews/rules.ts says what becomes of the review.
     * @throws AppError `conflict` for one person who would confirm its own violation, or for an answer without a contest
     */
    async review(examId: string, userId: string, given: NewVerdict, keeper: Keeper): Promise<Judged> {
      if (NEED_REASON.includes(given.status) && !given.reason) throw invalidField('reason', `Say why it is ${given.status.toLowerCase()}`);
      return write(examId, { userId, turn: '', keeper }, (state, participant) => {
        const contest = state.judgements.contestOf(participant.id);
        if (contest) return answer(state, participant, contest, given);
        if (ANSWERS.has(given.status)) throw new AppError('conflict', 'The candidate has not contested a verdict');
        return judge(state, participant, given);
      });
    },

    /** A candidate objects, once. @throws AppError `conflict` if there is nothing to object to, or for a second time */
    contest: (examId: string, userId: string, text: string, keeper: Keeper) =>
      write(examId, { userId, turn: userId, keeper }, (state, participant) => {
        const { id: participantId, review: previousReview } = participant;
        if (state.judgements.contestOf(participantId)) throw new AppError('conflict', 'You have contested the verdict already');
        if (!CONTESTABLE.includes(previousReview)) throw new AppError('conflict', 'There is no verdict to contest');
        const nothing = { answer: null, answeredBy: null, answeredAt: null };
        const contest = state.judgements.setContest({ participantId, text, at: state.now, ...nothing });
        state.emit('PARTICIPANT_CHANGED', participantId, { userId, data: { by: userId, review: 'CONTESTED', previousReview } });
        return { participant: state.setParticipant({ ...participant, review: 'CONTESTED' }), contest };
      }),

    /** Records the same decision about some warnings of an exam: all of them or none. In the order given. */
    async reviewWarnings(examId: string, warningIds: readonly string[], review: WarningReview, keeper: Keeper): Promise<Warning[]> {
      if (review.decision === 'DISMISSED' && !review.reason) throw invalidField('reason', 'Say why it is dismissed');
      const ids = [...new Set(warningIds)];
      const decide = (state: ExamState) => ids.map((id) => reviewWarning(state, id, review));
      return eventLog.write(examId, { userId: '', reviews: ids, keeper, decide });
    },

    /** Takes back the decisions about some warnings of an exam: all of them or none. In the order given. */
    reopenWarnings(examId: string, warningIds: readonly string[], by: string): Promise<Warning[]> {
      const ids = [...new Set(warningIds)];
      return eventLog.write(examId, { userId: '', reviews: ids, decide: (state) => ids.map((id) => reopenWarning(state, id, by)) });
    },
  };
}

export type Reviews = ReturnType<typeof createReviews>;
