import type { Context } from '../src/context.ts';
import { notFound } from '../src/errors.ts';
import type { Participant } from '../src/generated/prisma/client.ts';
import { warningTotals } from '../src/resolvers/counts.ts';
import { listParticipantsOf } from '../src/resolvers/participant-pages.ts';
import { findParticipant } from '../src/resolvers/participants.ts';
import { requireExam } from '../src/resolvers/policy.ts';
import { readInTurn } from '../src/resolvers/reads-in-turn.ts';
import * as answers from './answers/participants.ts';
import { nothing, ofExam, ofParticipant, pageOfParticipants } from './params.ts';
import { presentSeated } from './present.ts';
import { get, type Route } from './route.ts';

async function presentListed(ctx: Context, participant: Participant) {
  const { group, review, handRaisedAt, lastSeenAt } = participant;
  // The counts of a page are read together.
  const [seated, warnings] = await Promise.all([presentSeated(ctx, participant), warningTotals(ctx, participant)]);
  return {
    ...seated,
    group,
    review: review.toLowerCase() as Lowercase<typeof review>,
    handRaised: handRaisedAt !== null,
    lastSeenAt,
    warnings,
  };
}

/** Not in the documented API: participants with their clocks and counts. */
export const participantListRoutes: Route[] = [
  get({
    path: '/exams/:examId/participants',
    summary: 'Returns a page of the participants of an exam, in the order in which they were added. A participant gets only itself.',
    params: ofExam,
    query: pageOfParticipants,
    answer: answers.participantsPage,
    async run({ ctx, path: { examId }, query: { status, group, search, after, limit } }) {
      const filter = { group, search };
      const page = await readInTurn(ctx, () => listParticipantsOf(ctx, examId, { status, filter, after, first: limit }));
      return {
        participants: await Promise.all(page.edges.map(({ node }) => presentListed(ctx, node))),
        nextAfter: page.hasNextPage ? (page.edges.at(-1)?.cursor ?? null) : null,
      };
    },
  }),
  get({
    path: '/exams/:examId/participants/:userId',
    summary: 'Returns one participant of an exam.',
    params: ofParticipant,
    query: nothing,
    answer: answers.listedParticipant,
    async run({ ctx, path: { examId, userId } }) {
      await requireExam(ctx, examId);
      const participant = await findParticipant(ctx, examId, userId);
      if (!participant) throw notFound('Participant');
      return presentListed(ctx, participant);
    },
  }),
];
