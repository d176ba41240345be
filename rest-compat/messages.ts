import { listMessages, lowerHand, markMessageRead, raiseHand, sendMessage } from '../src/resolvers/messages.ts';
import { requireKnownExam } from '../src/resolvers/policy.ts';
import { handInput, messageInput, whoseHand } from '../src/services/messages/input.ts';
import * as answers from './answers/participants.ts';
import { JSON_BODY, NO_BODY, readJsonBody } from './bodies.ts';
import { nothing, ofExam, ofMessage } from './params.ts';
import { presentMessage, presentSeated } from './present.ts';
import { get, post, type Route } from './route.ts';

/** Messages between staff and candidates, and raised hands, as in GraphQL. Not in the documented API. */
export const messageRoutes: Route[] = [
  post({
    path: '/exams/:examId/messages',
    summary: 'Writes to one candidate or to everybody; a candidate writes to staff.',
    params: ofExam,
    query: nothing,
    body: messageInput,
    accepts: JSON_BODY,
    answer: answers.message,
    admit: ({ ctx, path: { examId } }) => requireKnownExam(ctx, examId),
    read: readJsonBody,
    run: ({ ctx, path }, message) => sendMessage(ctx, { ...path, ...message }),
    present: ({ ctx }, message) => presentMessage(ctx, message),
  }),
  get({
    path: '/exams/:examId/messages',
    summary: 'Returns the newest 200 messages that the caller may see, oldest first.',
    params: ofExam,
    query: nothing,
    answer: answers.messages,
    async run({ ctx, path: { examId } }) {
      const messages = await listMessages(ctx, examId);
      return { messages: await Promise.all(messages.map((message) => presentMessage(ctx, message))) };
    },
  }),
  post({
    path: '/messages/:messageId/read',
    summary: 'Notes that a message was read, for the side that got it.',
    params: ofMessage,
    query: nothing,
    answer: answers.message,
    ...NO_BODY,
    run: ({ ctx, path: { messageId } }) => markMessageRead(ctx, messageId),
    present: ({ ctx }, message) => presentMessage(ctx, message),
  }),
  post({
    path: '/exams/:examId/hand',
    summary: 'Raises the hand of the participant of the token.',
    params: ofExam,
    query: nothing,
    body: handInput,
    accepts: JSON_BODY,
    answer: answers.seatedParticipant,
    admit: ({ ctx, path: { examId } }) => requireKnownExam(ctx, examId),
    read: readJsonBody,
    run: ({ ctx, path: { examId } }, { text }) => raiseHand(ctx, examId, text),
    present: ({ ctx }, participant) => presentSeated(ctx, participant),
  }),
  post({
    path: '/exams/:examId/hand/lower',
    summary: 'Lowers a hand: staff name whose, a candidate lowers its own.',
    params: ofExam,
    query: nothing,
    body: whoseHand,
    accepts: JSON_BODY,
    answer: answers.seatedParticipant,
    admit: ({ ctx, path: { examId } }) => requireKnownExam(ctx, examId),
    read: readJsonBody,
    run: ({ ctx, path: { examId } }, { userId }) => lowerHand(ctx, examId, userId),
    present: ({ ctx }, participant) => presentSeated(ctx, participant),
  }),
];
