import { requireOwner, requireStaffOf } from '../src/resolvers/policy.ts';
import { giveVerdict, objectTo, reviewWarnings } from '../src/resolvers/reviews.ts';
import { contestInput, reviewWarningsInput, verdictInput } from '../src/services/reviews/input.ts';
import * as answers from './answers/reviews.ts';
import { JSON_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofExam, ofParticipant } from './params.ts';
import { presentContested, presentJudged, presentReviewedWarning } from './present.ts';
import { post, type Route } from './route.ts';

/** What people decide, and what candidates say to that, as in GraphQL. Not in the documented API. */

const taking = { accepts: JSON_BODY, read: readJsonBody, query: nothing };

export const reviewRoutes: Route[] = [
  post({
    path: '/exams/:examId/participants/:userId/review',
    summary: 'Records what a person decided about a participant. A violation needs two people: the first leaves it in_review.',
    params: ofParticipant,
    body: verdictInput,
    answer: answers.judged,
    ...taking,
    admit: ({ ctx, path: { examId } }) => requireStaffOf(ctx, examId),
    run: ({ ctx, path }, given) => giveVerdict(ctx, { ...path, ...given }),
    present: (_call, judged) => presentJudged(judged),
  }),
  post({
    path: '/exams/:examId/contest',
    summary: 'The participant of the token or personal link objects to the verdict suspicious or violation, once.',
    params: ofExam,
    body: contestInput,
    answer: answers.contested,
    byLink: true,
    ...taking,
    admit: ({ ctx, path: { examId } }) => requireOwner(ctx, examId),
    run: ({ ctx, path: { examId } }, { text }) => objectTo(ctx, examId, text),
    present: (_call, contested) => presentContested(contested),
  }),
  post({
    path: '/exams/:examId/warnings/review',
    summary: 'Records the same decision about several warnings, for all or for none.',
    params: ofExam,
    body: reviewWarningsInput,
    answer: answers.reviewedWarnings,
    ...taking,
    admit: ({ ctx, path: { examId } }) => requireStaffOf(ctx, examId),
    run: ({ ctx, path: { examId } }, given) => reviewWarnings(ctx, given, examId),
    present: (_call, warnings) => ({ warnings: warnings.map(presentReviewedWarning) }),
  }),
];
