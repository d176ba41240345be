import type { Participant as ParticipantRow } from '../generated/prisma/client.ts';
import { ParticipantStatus, ReviewStatus } from '../generated/prisma/enums.ts';
import {
  ACCOMMODATIONS_IN_ORDER,
  heartbeat,
  inviteParticipants,
  joinExam,
  reviewParticipant,
  setAccommodations,
} from '../resolvers/participants.ts';
import { shownName } from '../resolvers/policy.ts';
import { builder, paged } from './builder.ts';
import { Node } from './node.ts';

export const ParticipantStatusEnum = builder.enumType(ParticipantStatus, {
  name: 'ParticipantStatus',
  description: 'DISCONNECTED is not a violation: the server received nothing for the grace period. A final status never reopens silently.',
});
const ReviewStatusEnum = builder.enumType(ReviewStatus, { name: 'ReviewStatus' });

builder.prismaObject('Accommodation', {
  description: 'A type of warning that the analysis does not raise for this participant.',
  fields: (t) => ({
    type: t.exposeString('type'),
    reason: t.exposeString('reason'),
    by: t.string({ select: { by: true }, resolve: ({ by }, _args, ctx) => shownName(ctx, by) }),
    at: t.expose('at', { type: 'DateTime' }),
  }),
});

/** A participant is only reached through a policy filter; all its relations belong to that participant, so they need no filter. */
export const Participant = builder.prismaObject('Participant', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    userId: t.exposeID('userId', { description: "The LMS's own id, unique within the exam." }),
    name: t.exposeString('name', { nullable: true }),
    status: t.expose('status', { type: ParticipantStatusEnum }),
    joinedAt: t.expose('joinedAt', { type: 'DateTime', nullable: true }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', nullable: true }),
    extraMinutes: t.exposeInt('extraMinutes'),
    review: t.expose('review', { type: ReviewStatusEnum }),
    warningCount: t.exposeInt('warningCount'),
    warnings: t.relatedConnection('warnings', { ...paged, cursor: 'id', query: { orderBy: { seq: 'asc' } } }),
    recordings: t.relation('recordings', {
      query: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 500 },
      description: 'At most 500.',
    }),
    accommodations: t.relation('accommodations', { query: { orderBy: ACCOMMODATIONS_IN_ORDER } }),
    submission: t.relation('submission', { nullable: true }),
    exam: t.relation('exam'),
  }),
});

const ParticipantInput = builder.inputType('ParticipantInput', {
  fields: (t) => ({ userId: t.id({ required: true }), name: t.string(), extraMinutes: t.int() }),
});

const JoinedExam = builder.objectRef<{ participant: ParticipantRow; token: string; expiresAt: Date }>('JoinedExam').implement({
  fields: (t) => ({
    participant: t.expose('participant', { type: Participant }),
    token: t.exposeString('token', { description: 'Bearer token for this exam and user.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
  }),
});

builder.mutationFields((t) => ({
  inviteParticipants: t.field({
    type: [Participant],
    authScopes: { lms: true },
    args: { examId: t.arg.id({ required: true }), participants: t.arg({ type: [ParticipantInput], required: true }) },
    resolve: (_root, { examId, participants }, ctx) => inviteParticipants(ctx, examId, participants),
  }),
  joinExam: t.field({
    type: JoinedExam,
    authScopes: { viewer: true },
    args: { examId: t.arg.id({ required: true }), userId: t.arg.id({ required: true }), name: t.arg.string() },
    resolve: (_root, args, ctx) => joinExam(ctx, args),
  }),
  heartbeat: t.field({
    type: Participant,
    authScopes: { viewer: true },
    args: { examId: t.arg.id({ required: true }) },
    description:
      'Says that the participant of the token is present. After the first heartbeat, silence for the grace period makes it DISCONNECTED.',
    resolve: (_root, { examId }, ctx) => heartbeat(ctx, examId),
  }),
  reviewParticipant: t.field({
    type: Participant,
    authScopes: { staff: true },
    args: {
      examId: t.arg.id({ required: true }),
      userId: t.arg.id({ required: true }),
      status: t.arg({ type: ReviewStatusEnum, required: true }),
      reason: t.arg.string(),
    },
    resolve: (_root, args, ctx) => reviewParticipant(ctx, args),
  }),
  setAccommodations: t.field({
    type: Participant,
    authScopes: { staff: true },
    description:
      "Replaces the types of warning that the analysis does not raise for this participant. Only the analysis's own types. Audited.",
    args: {
      examId: t.arg.id({ required: true }),
      userId: t.arg.id({ required: true }),
      suppress: t.arg.stringList({ required: true }),
      reason: t.arg.string({ required: true }),
    },
    resolve: (_root, args, ctx) => setAccommodations(ctx, args),
  }),
}));
