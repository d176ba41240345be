import { MessageSender } from '../generated/prisma/enums.ts';
import {
  listMessages,
  lowerHand,
  markMessageRead,
  messagesOf,
  raiseHand,
  readAt,
  readCount,
  senderOf,
  sendMessage,
} from '../resolvers/messages.ts';
import { unlessLink } from '../resolvers/policy.ts';
import { builder, type Described, paged } from './builder.ts';
import { DECIDED_BY, EXAM_ID, USER_ID } from './descriptions.ts';
import { Exam } from './exam.ts';
import { Participant } from './participant.ts';

const MessageSenderEnum = builder.enumType(MessageSender, {
  name: 'MessageSender',
  description: 'Who wrote.',
  values: {
    STAFF: { description: 'A proctor or the LMS.' },
    PARTICIPANT: { description: 'The candidate.' },
    SYSTEM: { description: 'The server.' },
  } satisfies Described<MessageSender>,
});

// No `select` on fields of the row itself, for the reason given at Warning.
export const Message = builder.prismaObject('Message', {
  description: 'What staff wrote to one candidate or to everybody, or a candidate to staff.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `msg_`.' }),
    examId: t.exposeID('examId', { description: EXAM_ID }),
    userId: t.exposeID('userId', { nullable: true, description: 'The candidate whom it is to or from; null if it is to everybody.' }),
    from: t.expose('from', { type: MessageSenderEnum, description: 'Who wrote.' }),
    by: t.string({
      description: `Who wrote, by name. ${DECIDED_BY}`,
      resolve: (message, _args, ctx) => senderOf(ctx, message),
    }),
    text: t.exposeString('text', { description: 'What they wrote.' }),
    sentAt: t.expose('sentAt', { type: 'DateTime', description: "When it was stored, by the server's clock." }),
    readAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the other side marked it as read; for a message to everybody, when the candidate who asks did. Null before.',
      resolve: (message, _args, ctx) => readAt(ctx, message),
    }),
    readCount: t.int({
      description: 'How many have marked it as read: for a message to everybody, the number of candidates.',
      resolve: (message, _args, ctx) => readCount(ctx, message),
    }),
  }),
});

const connection = {
  ...paged,
  cursor: 'id',
  description: 'Messages, in the order in which they were stored. A candidate sees those to and from itself and those to everybody.',
} as const;

builder.prismaObjectFields(Exam, (t) => ({
  messages: t.relatedConnection('messages', { ...connection, query: (_args, ctx) => messagesOf(ctx) }),
}));

builder.prismaObjectFields(Participant, (t) => ({
  messages: t.relatedConnection('messages', {
    ...connection,
    description: 'Messages to and from this person, in the order in which they were stored.',
    query: (_args, ctx) => ({ where: unlessLink(ctx), orderBy: { seq: 'asc' } }),
  }),
  handRaised: t.boolean({ description: 'Whether the hand is up.', resolve: ({ handRaisedAt }) => handRaisedAt !== null }),
  handRaisedAt: t.expose('handRaisedAt', { type: 'DateTime', nullable: true, description: 'Since when the hand is up.' }),
  handText: t.exposeString('handText', { nullable: true, description: 'What the hand is up for, if that was said.' }),
}));

builder.queryField('messages', (t) =>
  t.field({
    type: [Message],
    authScopes: { viewer: true },
    description: 'The newest 200 messages of the exam that you may see, oldest first.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (_root, { examId }, ctx) => listMessages(ctx, examId),
  }),
);

builder.mutationFields((t) => {
  const examId = t.arg.id({ required: true, description: EXAM_ID });
  return {
    sendMessage: t.field({
      type: Message,
      authScopes: { viewer: true },
      description:
        'Writes to one candidate, or without `userId` to everybody; a candidate writes to staff, up to 20 times per minute. Emits MessageSent. CONFLICT once the exam is over.',
      args: {
        examId,
        userId: t.arg.id({ description: `${USER_ID} Null: to everybody. Candidates leave it out.` }),
        text: t.arg.string({ required: true, description: '1 to 2,000 characters.' }),
      },
      resolve: (_root, args, ctx) => sendMessage(ctx, args),
    }),
    markMessageRead: t.field({
      type: Message,
      authScopes: { viewer: true },
      description:
        'Notes that a message was read, for the side that got it. A second call changes nothing. Emits MessageRead, but not for messages to everybody.',
      args: { messageId: t.arg.id({ required: true, description: 'Id of the message.' }) },
      resolve: (_root, { messageId }, ctx) => markMessageRead(ctx, messageId),
    }),
    raiseHand: t.field({
      type: Participant,
      authScopes: { viewer: true },
      description: 'Raises the hand of the participant of the token. A second call only changes the text. Emits ParticipantChanged.',
      args: { examId, text: t.arg.string({ description: 'What it is about, up to 500 characters.' }) },
      resolve: (_root, { examId, text }, ctx) => raiseHand(ctx, examId, text),
    }),
    lowerHand: t.field({
      type: Participant,
      authScopes: { viewer: true },
      description: 'Lowers a hand: staff name whose, a candidate lowers its own. A second call changes nothing. Emits ParticipantChanged.',
      args: { examId, userId: t.arg.id({ description: `${USER_ID} Only for staff.` }) },
      resolve: (_root, { examId, userId }, ctx) => lowerHand(ctx, examId, userId),
    }),
  };
});
