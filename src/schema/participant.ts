import type { Participant as ParticipantRow } from '../generated/prisma/client.ts';
import { ParticipantStatus, ReviewStatus } from '../generated/prisma/enums.ts';
import { shownWarningCount, warningsOfParticipant } from '../resolvers/candidate-view.ts';
import { ACCOMMODATIONS_IN_ORDER, heartbeat, inviteParticipants, joinExam, setAccommodations } from '../resolvers/participants.ts';
import { openedByToken, shownName, unlessLink } from '../resolvers/policy.ts';
import { builder, type Described, paged } from './builder.ts';
import { DECIDED_BY, EXAM_ID, REASON, USER_ID } from './descriptions.ts';
import { Node } from './node.ts';

export const ParticipantStatusEnum = builder.enumType(ParticipantStatus, {
  name: 'ParticipantStatus',
  description:
    'Where a participant is in the exam. SUBMITTED, TIMED_OUT and TERMINATED are final: only `readmitParticipant` leads out of them.',
  values: {
    INVITED: { description: 'Known to the exam, but has not come. Stays so if the exam ends.' },
    CHECKING_IN: {
      description: 'Has come and is being checked in: `checkIn` takes it on, or staff by `admitParticipants`. Its time does not run yet.',
    },
    WAITING: { description: 'Has come and waits for a proctor to admit it: `admitParticipants`. Its time does not run yet.' },
    ACTIVE: { description: 'Is in the exam: has joined or reported a warning.' },
    PAUSED: { description: 'Staff have paused its exam: its time stands still, snapshots are not analysed.' },
    DISCONNECTED: {
      description:
        'Its client sent heartbeats and then nothing for the grace period (PRESENCE_GRACE_SECONDS). Its time runs on, the outage is measured. Not a violation. ACTIVE again with the next sign of life.',
    },
    SUBMITTED: { description: 'Has handed in. Final.' },
    TIMED_OUT: {
      description: 'Had come but not submitted when the exam ended. Final; a late submission is stored and does not change it.',
    },
    TERMINATED: { description: 'A proctor has ended its exam. Final.' },
  } satisfies Described<ParticipantStatus>,
});
export const ReviewStatusEnum = builder.enumType(ReviewStatus, {
  name: 'ReviewStatus',
  description:
    'What people decided about a participant. The server never decides: `reviewParticipant` says what follows from which decisions.',
  values: {
    NOT_REVIEWED: { description: 'Nobody has looked yet.' },
    IN_REVIEW: { description: 'Somebody is looking at the evidence, or people disagree. It accuses of nothing.' },
    PASSED: { description: 'Nothing is held against the participant.' },
    SUSPICIOUS: { description: 'There are doubts, but no decision.' },
    VIOLATION: { description: 'Two people found a violation of the rules.' },
    CONTESTED: { description: 'The candidate objects to the decision.' },
    UPHELD: { description: 'The decision stands after an objection.' },
    OVERTURNED: { description: 'The decision was withdrawn after an objection.' },
  } satisfies Described<ReviewStatus>,
});

builder.prismaObject('Accommodation', {
  description: 'A type of warning that is not raised for this participant: neither by the analysis nor by reports of clients.',
  fields: (t) => ({
    type: t.exposeString('type', { description: 'Type of warning, as in `warningTypes`.' }),
    reason: t.exposeString('reason', { description: 'Why it was granted; the participant can read it.' }),
    by: t.string({ select: { by: true }, description: DECIDED_BY, resolve: ({ by }, _args, ctx) => shownName(ctx, by) }),
    at: t.expose('at', { type: 'DateTime', description: "When it was granted, by the server's clock." }),
  }),
});

/**
 * A participant is only reached through a policy filter; all its relations belong to that participant, so they need no filter but
 * for the bearers of links.
 */
export const Participant = builder.prismaObject('Participant', {
  interfaces: [Node],
  description: 'A user in one exam. A user who sits two exams is two participants.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `part_`. Mutations take `userId` instead.' }),
    userId: t.exposeID('userId', { description: "The LMS's own id, unique within the exam." }),
    name: t.exposeString('name', { nullable: true, description: 'Name as given by the invitation or when joining; null if none was.' }),
    status: t.expose('status', { type: ParticipantStatusEnum, description: 'Where the participant is in the exam.' }),
    joinedAt: t.expose('joinedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        "When the participant first came, by the server's clock: joined, was the subject of a report, or submitted. Null for one who has not come.",
    }),
    lastSeenAt: t.expose('lastSeenAt', {
      type: 'DateTime',
      nullable: true,
      description:
        "The last sign of life (a heartbeat, join, report, snapshot, chunk or submission), by the server's clock; up to a few seconds late. Null for one who has not come.",
    }),
    extraMinutes: t.exposeInt('extraMinutes', { description: "Minutes in addition to the exam's `duration`." }),
    review: t.expose('review', { type: ReviewStatusEnum, description: 'What people decided about this participant.' }),
    warningCount: t.int({
      description:
        'Number of all warnings about the participant, also of dismissed ones. For the participant itself 0 until it sees them (`ExamSettings.candidateView`).',
      resolve: (participant, _args, ctx) => shownWarningCount(ctx, participant),
    }),
    warnings: t.relatedConnection('warnings', {
      ...paged,
      cursor: 'id',
      description:
        'The warnings about the participant, in the order in which they were stored (`seq`). For the participant itself none until it sees them (`ExamSettings.candidateView`).',
      query: (_args, ctx) => warningsOfParticipant(ctx),
    }),
    recordings: t.relation('recordings', {
      query: (_args, ctx) => ({ where: unlessLink(ctx), orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 500 }),
      description: 'Recordings of the participant, oldest first; at most 500.',
    }),
    accommodations: t.relation('accommodations', {
      description: 'Types of warning that are not raised for this participant, oldest first.',
      query: (_args, ctx) => ({ where: openedByToken(ctx, {}, { participantId: { in: [] } }), orderBy: ACCOMMODATIONS_IN_ORDER }),
    }),
    exam: t.relation('exam', { description: 'The exam.' }),
  }),
});

const ParticipantInput = builder.inputType('ParticipantInput', {
  description: 'A user to invite.',
  fields: (t) => ({
    userId: t.id({ required: true, description: `${USER_ID} 1 to 128 characters.` }),
    name: t.string({ description: 'Name for proctors, at most 200 characters; if left out, an earlier one stays.' }),
    group: t.string({ description: "Room, class or proctor's share, 1 to 100 characters; if left out, an earlier one stays." }),
    referenceImage: t.string({
      description:
        'Picture of the face, as data URL or base64: JPEG, PNG or WebP with exactly one clear face, up to 10 MB and 40 megapixels; at most 100 per call. The face is kept encrypted for comparison during the exam, the picture is not kept.',
    }),
    extraMinutes: t.int({
      description: "Minutes in addition to the exam's `duration`, 0 to 1440; if left out, earlier ones stay, or 0.",
    }),
  }),
});

export const JoinedExam = builder.objectRef<{ participant: ParticipantRow; token: string; expiresAt: Date }>('JoinedExam').implement({
  description: 'The participant who joined, with its token.',
  fields: (t) => ({
    participant: t.expose('participant', {
      type: Participant,
      description: 'The participant: ACTIVE, or CHECKING_IN or WAITING where the settings say so.',
    }),
    token: t.exposeString('token', { description: 'Bearer token for this exam and user. Joining again gives a new one.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description:
        "When the token expires, by the server's clock: 24 hours after the participant's time. If time is added, `Participant.renewedToken` gives a longer one.",
    }),
  }),
});

builder.mutationFields((t) => ({
  inviteParticipants: t.field({
    type: [Participant],
    authScopes: { lms: true },
    description:
      'Adds participants, or changes the name and extra minutes of those known before. LMS and admin only. Emits ParticipantChanged for new ones.',
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      participants: t.arg({ type: [ParticipantInput], required: true, description: '1 to 5,000 users. The answer has their order.' }),
    },
    resolve: (_root, { examId, participants }, ctx) => inviteParticipants(ctx, examId, participants),
  }),
  joinExam: t.field({
    type: JoinedExam,
    authScopes: { viewer: true },
    description:
      'Brings a user into the exam and returns a token for it; the first one starts the exam. ACTIVE, unless the settings ask for a check-in (CHECKING_IN) or for admission by a proctor (WAITING). For the LMS, an admin, the bearer of `Exam.accessUrl` or `Participant.accessUrl` (once per user, and once more after `readmitParticipant`) and a participant itself, not for proctors. Emits ParticipantChanged, and ExamChanged if it starts the exam. CONFLICT if the exam is over or the participant has left it.',
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      userId: t.arg.id({ required: true, description: `${USER_ID} 1 to 128 characters.` }),
      name: t.arg.string({ description: 'Name for proctors, at most 200 characters; if left out, an earlier one stays.' }),
      checkIn: t.arg.boolean({ description: 'True for a page that checks the user in first: CHECKING_IN until `checkIn` is called.' }),
    },
    resolve: (_root, args, ctx) => joinExam(ctx, args),
  }),
  heartbeat: t.field({
    type: Participant,
    authScopes: { viewer: true },
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      step: t.arg.string({
        description:
          'Where the page is before the exam, for staff: a slug of 1 to 64 characters of [a-z0-9_], such as `notice`, `devices`, `camera_denied`, `photo` or `proof`. Only kept while CHECKING_IN; left out, an earlier one stays.',
      }),
    },
    description:
      'Says that the participant of the token is present; send it every ten seconds. After the first heartbeat, silence for the grace period makes it DISCONNECTED. Only with a token from `joinExam`. Emits ParticipantChanged only if it was DISCONNECTED.',
    resolve: (_root, { examId, step }, ctx) => heartbeat(ctx, examId, step),
  }),
  setAccommodations: t.field({
    type: Participant,
    authScopes: { staff: true },
    description:
      'Replaces the types of warning that are not raised for this participant. What a client reports of such a type is not stored; what a proctor reports is. Staff only. A user who is new to the exam is invited. Emits ParticipantChanged if something changes; the log keeps who changed what and why.',
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      userId: t.arg.id({ required: true, description: USER_ID }),
      suppress: t.arg.stringList({
        required: true,
        description:
          'All types that are not raised from now on; an empty list lifts all. Types of `warningTypes`, such as `looking_away` or `copy_paste`, but not `evidence_gap` and none that is CRITICAL except `face_mismatch`.',
      }),
      reason: t.arg.string({ required: true, description: `${REASON} The participant can read it. Not empty.` }),
    },
    resolve: (_root, args, ctx) => setAccommodations(ctx, args),
  }),
}));
