import {
  addTime,
  addTimeToAll,
  admitParticipants,
  isOnline,
  outageSeconds,
  pauseParticipant,
  pauseParticipants,
  readmitParticipant,
  remainingSeconds,
  resumeParticipant,
  resumeParticipants,
  terminateParticipant,
} from '../resolvers/control.ts';
import { personalUrl, shownContentUrl } from '../resolvers/exams.ts';
import { renewedToken } from '../resolvers/participants.ts';
import { shownName } from '../resolvers/policy.ts';
import type { Token } from '../services/participants/participants.ts';
import { builder } from './builder.ts';
import { DECIDED_BY, EXAM_ID, REASON, USER_ID } from './descriptions.ts';
import { ContentModeEnum } from './exam-settings.ts';
import { Exam } from './exam.ts';
import { JoinedExam, Participant } from './participant.ts';

builder.prismaObject('TimeCredit', {
  description: 'Time that was added to that of a participant.',
  fields: (t) => ({
    minutes: t.float({ select: { ms: true }, description: 'How many.', resolve: ({ ms }) => ms / 60_000 }),
    reason: t.exposeString('reason', { description: 'Why.' }),
    by: t.string({ select: { by: true }, description: DECIDED_BY, resolve: ({ by }, _args, ctx) => shownName(ctx, by) }),
    at: t.expose('at', { type: 'DateTime', description: "When, by the server's clock." }),
  }),
});

const RenewedToken = builder.objectRef<Token>('RenewedToken').implement({
  description: 'A token in place of one that ends too early.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Bearer token for the same exam and user.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: "When it expires, by the server's clock." }),
  }),
});

// No `select` on fields of the row itself, for the reason given at Warning.
builder.prismaObjectFields(Participant, (t) => ({
  group: t.exposeString('group', { nullable: true, description: "Room, class or proctor's share, as given by the invitation." }),
  startedAt: t.expose('startedAt', {
    type: 'DateTime',
    nullable: true,
    description: 'When the time of this person began to run; null before.',
  }),
  endsAt: t.expose('endsAt', {
    type: 'DateTime',
    nullable: true,
    description:
      'When the time is over, by the clock of `Exam.serverTime`; null while it does not run: before the start, while paused, after the end. Added minutes and pauses move it.',
  }),
  remainingSeconds: t.int({
    nullable: true,
    description: 'What is left of the time; null before the start. It stands still while paused.',
    resolve: (participant, _args, ctx) => remainingSeconds(ctx, participant),
  }),
  online: t.boolean({
    nullable: true,
    description:
      'Whether its client is heard: false after the grace period of silence, wherever the participant is in the exam; null for one who has not come, or has left. Clients that send no heartbeats count as online.',
    resolve: isOnline,
  }),
  outageSeconds: t.int({
    description:
      'Seconds of the time in which nothing was heard of its client and that were not credited: `addTime` gives them back. Seconds that the settings credit come back by themselves when the client is heard again.',
    resolve: (participant, _args, ctx) => outageSeconds(ctx, participant),
  }),
  serverTime: t.field({
    type: 'DateTime',
    description: 'The time now, as `Exam.serverTime`.',
    resolve: (_participant, _args, ctx) => ctx.services.clock.now(),
  }),
  accessUrl: t.string({
    nullable: true,
    description:
      "This person's own link. Its bearer can join as this person, once, and after the end for 90 days read what is held against them. Staff only, null for others.",
    resolve: (participant, _args, ctx) => personalUrl(ctx, participant),
  }),
  renewedToken: t.field({
    type: RenewedToken,
    nullable: true,
    description:
      'A new token, if time was added and the one in use would end before 24 hours after the time is over: use it from now on. Ask for it with each heartbeat. Null otherwise, and for everybody else.',
    resolve: (participant, _args, ctx) => renewedToken(ctx, participant),
  }),
  timeCredits: t.relation('timeCredits', {
    query: { orderBy: [{ at: 'asc' }, { id: 'asc' }] },
    description: 'The time that was added while the exam ran, oldest first: by staff, and for measured outages.',
  }),
}));

builder.objectFields(Exam, (t) => ({
  contentUrl: t.string({
    nullable: true,
    description:
      'Address of the questions, where the LMS gave it. For a candidate null until its time begins, and for the bearer of a link.',
    resolve: (exam, _args, ctx) => shownContentUrl(ctx, exam),
  }),
  contentMode: t.expose('contentMode', { type: ContentModeEnum, description: 'Where the questions open.' }),
  opensAt: t.expose('opensAt', { type: 'DateTime', nullable: true, description: 'Nobody may join earlier.' }),
  closesAt: t.expose('closesAt', {
    type: 'DateTime',
    nullable: true,
    description: 'Nobody may begin later; whoever has begun keeps the full time. When nobody is in the exam any more it becomes COMPLETED.',
  }),
  serverTime: t.field({
    type: 'DateTime',
    description: 'The time now, by the clock with which every time of the exam agrees.',
    resolve: (_exam, _args, ctx) => ctx.services.clock.now(),
  }),
}));

const staff = { authScopes: { staff: true } } as const;
const ONCE = 'A second call changes nothing.';

builder.mutationFields((t) => {
  const examId = t.arg.id({ required: true, description: EXAM_ID });
  const userId = t.arg.id({ required: true, description: USER_ID });
  const reason = t.arg.string({ required: true, description: REASON });
  const userIds = t.arg.idList({ description: 'Only these users; null for all.' });
  const group = t.arg.string({ description: 'Only participants of this group; null for all.' });
  const minutes = t.arg.int({ required: true, description: 'Whole minutes, 1 to 1,440.' });
  return {
    pauseParticipant: t.field({
      type: Participant,
      ...staff,
      description: `Stops the clock of a participant who is ACTIVE or DISCONNECTED. For staff. ${ONCE} Emits ParticipantChanged.`,
      args: { examId, userId, reason },
      resolve: (_root, args, ctx) => pauseParticipant(ctx, args),
    }),
    resumeParticipant: t.field({
      type: Participant,
      ...staff,
      description: `Lets the clock of a paused participant go on. For staff. ${ONCE} Emits ParticipantChanged.`,
      args: { examId, userId },
      resolve: (_root, args, ctx) => resumeParticipant(ctx, args),
    }),
    pauseParticipants: t.field({
      type: [Participant],
      ...staff,
      description:
        'Pauses all who are in the exam, or some of them; the others stay as they are. For staff. Returns those who are paused now.',
      args: { examId, userIds, group, reason },
      resolve: (_root, args, ctx) => pauseParticipants(ctx, args),
    }),
    resumeParticipants: t.field({
      type: [Participant],
      ...staff,
      description: 'Resumes all who are paused, or some of them. For staff. Returns those who were.',
      args: { examId, userIds, group },
      resolve: (_root, args, ctx) => resumeParticipants(ctx, args),
    }),
    admitParticipants: t.field({
      type: [Participant],
      ...staff,
      description:
        'Lets in those who are WAITING, all or some; the time of each begins now, and the first one starts the exam. By name and with a reason, staff also let in one who is CHECKING_IN, for example without a camera. For staff. A second call changes nothing. CONFLICT for one who has not come or has left.',
      args: {
        examId,
        userIds: t.arg.idList({ description: 'Only these users; null for all who wait.' }),
        reason: t.arg.string({ description: REASON }),
      },
      resolve: (_root, args, ctx) => admitParticipants(ctx, args),
    }),
    terminateParticipant: t.field({
      type: Participant,
      ...staff,
      description: `Ends the exam for one participant; \`readmitParticipant\` takes it back. For staff. ${ONCE} Emits ParticipantChanged.`,
      args: { examId, userId, reason },
      resolve: (_root, args, ctx) => terminateParticipant(ctx, args),
    }),
    readmitParticipant: t.field({
      type: JoinedExam,
      ...staff,
      description:
        'Lets a participant back in who has submitted, run out of time or was terminated, with the time that was left, and gives a new token; also to one who is in the exam. Their personal link lets them in once more. For staff. CONFLICT if no time is left: add time first. Emits ParticipantChanged.',
      args: { examId, userId, reason },
      resolve: (_root, args, ctx) => readmitParticipant(ctx, args),
    }),
    addTime: t.field({
      type: Participant,
      ...staff,
      description: 'Adds minutes to the time of one participant, until the exam ends. For staff. Each call adds. Emits ParticipantChanged.',
      args: { examId, userId, minutes, reason },
      resolve: (_root, args, ctx) => addTime(ctx, args),
    }),
    addTimeToAll: t.field({
      type: [Participant],
      ...staff,
      description: 'Adds minutes for all who have not left the exam, or those of a group. For staff. Each call adds.',
      args: { examId, group, minutes, reason },
      resolve: (_root, args, ctx) => addTimeToAll(ctx, args),
    }),
  };
});
