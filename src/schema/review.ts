import { secondReviewNeeded, shownVerdicts } from '../resolvers/blind-reviews.ts';
import { shownName } from '../resolvers/policy.ts';
import { contestVerdict, reopenWarnings, reviewParticipant, reviewWarning, reviewWarnings } from '../resolvers/reviews.ts';
import { builder } from './builder.ts';
import { DECIDED_BY, EXAM_ID, REASON, USER_ID } from './descriptions.ts';
import { Participant, ReviewStatusEnum } from './participant.ts';
import { Warning, WarningDecisionEnum } from './warning.ts';

const Verdict = builder.prismaObject('Verdict', {
  description: 'What a person decided about a participant. It is never changed: a later one follows it.',
  fields: (t) => ({
    status: t.expose('status', { type: ReviewStatusEnum, description: 'What was decided.' }),
    reason: t.exposeString('reason', {
      nullable: true,
      description:
        'Why. Never null for SUSPICIOUS and VIOLATION, nor for UPHELD and OVERTURNED, for which it is the answer to the candidate.',
    }),
    by: t.exposeString('by', { description: DECIDED_BY }),
    at: t.expose('at', { type: 'DateTime', description: "When, by the server's clock." }),
    final: t.exposeBoolean('final', {
      description:
        'Whether this decision made `Participant.review` what it says. False for a violation that nobody had confirmed yet, for what others outweighed or had decided before, and for IN_REVIEW.',
    }),
  }),
});

builder.prismaObject('Contest', {
  description: "A candidate's objection to a verdict, and the answer.",
  fields: (t) => ({
    text: t.exposeString('text', { description: 'The objection. It may contain anything: show it as plain text.' }),
    at: t.expose('at', { type: 'DateTime', description: "When it was made, by the server's clock." }),
    answer: t.exposeString('answer', { nullable: true, description: 'What staff answered, for the candidate to read; null until then.' }),
    answeredBy: t.string({
      nullable: true,
      description: DECIDED_BY,
      select: { answeredBy: true },
      resolve: ({ answeredBy }, _args, ctx) => answeredBy && shownName(ctx, answeredBy),
    }),
    answeredAt: t.expose('answeredAt', { type: 'DateTime', nullable: true, description: 'When it was answered.' }),
  }),
});

builder.prismaObjectFields(Participant, (t) => ({
  verdicts: t.field({
    type: [Verdict],
    authScopes: { staff: true },
    select: { verdicts: { orderBy: { seq: 'asc' } } },
    description:
      'Every decision that was ever made, oldest first. Staff only. While a violation waits for a second person (`secondReviewNeeded`), proctors who have not decided themselves read only what was decided before it; LMS and admin read all.',
    resolve: ({ verdicts }, _args, ctx) => shownVerdicts(ctx, verdicts),
  }),
  secondReviewNeeded: t.boolean({
    description:
      'Whether somebody found a violation, and another person must look. Who it was and why is hidden from proctors until they have given a verdict of their own, so that the second review is independent; in subscriptions from all proctors. For participants false.',
    resolve: (participant, _args, ctx) => secondReviewNeeded(ctx, participant),
  }),
  contest: t.relation('contest', {
    nullable: true,
    description: 'The objection of the candidate, and the answer; null without one. For staff and the candidate.',
  }),
}));

builder.mutationFields((t) => {
  const decision = t.arg({ type: WarningDecisionEnum, required: true, description: 'The decision.' });
  const reason = t.arg.string({ description: `${REASON} Required for DISMISSED; the participant can read it.` });
  return {
    reviewParticipant: t.field({
      type: Participant,
      authScopes: { staff: true },
      description: `Records what a person decided about a participant. Staff only. A reason is required for SUSPICIOUS, VIOLATION, UPHELD and OVERTURNED. Emits ParticipantChanged.

VIOLATION needs two people: the first one leaves the review IN_REVIEW, and the same person again is CONFLICT. Each person's newest decision counts. While somebody stands by VIOLATION, another decision needs two people as well, and at least as many as stand by VIOLATION, which itself needs more than those who decided otherwise; until then the review is IN_REVIEW. An API key is a person, and so is a name on links, whichever link it is; two names that bearers of the shared link gave themselves are two people, but the link without a name is none beside one with a name.

UPHELD and OVERTURNED answer a candidate who contests (CONTESTED), and nothing else does; the reason is what the candidate reads. Who gave the verdict cannot uphold it. Afterwards UPHELD may still become OVERTURNED, and nothing else changes. CONTESTED is for the candidate: \`contestVerdict\`.`,
      args: {
        examId: t.arg.id({ required: true, description: EXAM_ID }),
        userId: t.arg.id({ required: true, description: USER_ID }),
        status: t.arg({ type: ReviewStatusEnum, required: true, description: 'The decision.' }),
        reason: t.arg.string({ description: REASON }),
      },
      resolve: (_root, args, ctx) => reviewParticipant(ctx, args),
    }),
    contestVerdict: t.field({
      type: Participant,
      authScopes: { viewer: true },
      description:
        'The participant of the token objects to a review that is SUSPICIOUS or VIOLATION, which becomes CONTESTED; once. CONFLICT for a second time, or without such a verdict. Emits ParticipantChanged.',
      args: {
        examId: t.arg.id({ required: true, description: EXAM_ID }),
        text: t.arg.string({ required: true, description: 'The objection, 1 to 5,000 characters.' }),
      },
      resolve: (_root, { examId, text }, ctx) => contestVerdict(ctx, examId, text),
    }),
    reviewWarning: t.field({
      type: Warning,
      authScopes: { staff: true },
      description: 'Records what a person decided about a warning; a later decision replaces it. Staff only. Emits WarningReviewed.',
      args: { warningId: t.arg.id({ required: true, description: 'Id of the warning.' }), decision, reason },
      resolve: (_root, args, ctx) => reviewWarning(ctx, args),
    }),
    reviewWarnings: t.field({
      type: [Warning],
      authScopes: { staff: true },
      description:
        'Records the same decision about several warnings of one exam, for all or for none. Staff only. Returns each once, in the order given. Emits WarningReviewed for each that changes.',
      args: {
        warningIds: t.arg.idList({ required: true, description: '1 to 500 ids.' }),
        decision,
        reason,
      },
      resolve: (_root, args, ctx) => reviewWarnings(ctx, args),
    }),
    reopenWarnings: t.field({
      type: [Warning],
      authScopes: { staff: true },
      description:
        'Takes back the decisions about several warnings of one exam, for all or for none: `Warning.review` is null again, and the log keeps who decided and who took it back. Staff only. Returns each once, in the order given; those on which nobody has decided stay as they are. Emits WarningReviewed for each that changes.',
      args: { warningIds: t.arg.idList({ required: true, description: '1 to 500 ids.' }) },
      resolve: (_root, args, ctx) => reopenWarnings(ctx, args),
    }),
  };
});
