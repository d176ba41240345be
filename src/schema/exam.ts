import { ExamStatus } from '../generated/prisma/enums.ts';
import { NONE_BY_RELATION, participantsOf, recordingsOf, warningsOf } from '../resolvers/exam-pages.ts';
import {
  accessUrl,
  adminUrl,
  cancelExam,
  createExam,
  endExam,
  findExam,
  listExams,
  settingsOf,
  startExam,
  updateExam,
} from '../resolvers/exams.ts';
import { findParticipant } from '../resolvers/participants.ts';
import { builder, type Described, paged } from './builder.ts';
import { AT_LEAST, EXAM_ID, ONLY_USER, USER_ID } from './descriptions.ts';
import { ContentModeEnum, ExamSettingsInput, ExamSettingsType } from './exam-settings.ts';
import { Node } from './node.ts';
import { isOrdered, ORDER, ParticipantFilterInput, ParticipantOrderEnum } from './participant-order.ts';
import { Participant, ParticipantStatusEnum } from './participant.ts';
import { RecordingTypeEnum } from './recording.ts';
import { WarningSeverityEnum, WarningSourceEnum } from './warning.ts';

export const ExamStatusEnum = builder.enumType(ExamStatus, {
  name: 'ExamStatus',
  description: 'Where an exam is.',
  values: {
    CREATED: { description: 'It has not started. Users can be invited; the first who gets in starts it.' },
    IN_PROGRESS: { description: 'It was started, by `startExam` or by the first participant who got in.' },
    COMPLETED: {
      description:
        'It was ended by `endExam`, or by itself after `closesAt` when nobody was in it any more. Nobody can join; submissions, uploads and warnings that arrive late are still stored.',
    },
    CANCELLED: { description: 'It was cancelled. Nothing can be added to it any more.' },
  } satisfies Described<ExamStatus>,
});

const OPENS = 'Nobody may join earlier.';
const CLOSES = 'Nobody may begin later; whoever has begun keeps the full time.';
const CONTENT = 'Address of the questions, http or https, up to 2,000 characters.';
const linkColumns = { select: { id: true, tenant: true, createdAt: true } } as const;

export const Exam = builder.prismaObject('Exam', {
  interfaces: [Node],
  description: 'One sitting with a beginning and an end. It belongs to one tenant and has one log.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `exam_`.' }),
    title: t.exposeString('title', { description: 'Title as given by the LMS.' }),
    duration: t.exposeInt('duration', {
      description:
        'Minutes that a participant has, without `extraMinutes`. When they are over, the participant is TIMED_OUT; the exam goes on.',
    }),
    settings: t.field({
      type: ExamSettingsType,
      description: 'What is recorded and analysed.',
      select: { settings: true, extra: true },
      resolve: ({ settings, extra }) => ({ ...settingsOf({ settings }), extra }),
    }),
    status: t.expose('status', { type: ExamStatusEnum, description: 'Where the exam is.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: "When it was created, by the server's clock." }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: "When it was started, by a person or by the first participant who got in, by the server's clock; null before.",
    }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: "When it was ended or cancelled, by the server's clock; null before.",
    }),
    accessUrl: t.string({
      ...linkColumns,
      description:
        'The link for candidates, the same for all. Its bearer can read what the exam is and try out devices. Unless the setting `sharedLink` is false, the bearer can also join: as any user who has not joined yet, not before `opensAt` nor after `closesAt`, and once for each `readmitParticipant` as the user who was let back in; nobody once the exam is over. Valid for 365 days after `createdAt`.',
      resolve: (exam, _args, ctx) => accessUrl(ctx, exam),
    }),
    adminUrl: t.string({
      ...linkColumns,
      nullable: true,
      description:
        'The link for proctors: its bearer is a proctor of this exam only. Valid for 365 days after `createdAt`. Null for participants.',
      resolve: (exam, _args, ctx) => adminUrl(ctx, exam),
    }),
    participants: t.relatedConnection('participants', {
      ...paged,
      totalCount: true,
      cursor: 'id',
      description: 'The participants, in the order in which they were added, or in `order`. A participant sees only itself.',
      args: {
        status: t.arg({ type: ParticipantStatusEnum, description: 'Only those who are in this status.' }),
        filter: t.arg({ type: ParticipantFilterInput, description: 'Only those whom all of it fits.' }),
        order: t.arg({ type: ParticipantOrderEnum, description: ORDER }),
      },
      query: (args, ctx) => (isOrdered(args) ? NONE_BY_RELATION : participantsOf(ctx, args)),
    }),
    participant: t.field({
      type: Participant,
      nullable: true,
      select: { id: true },
      description: 'The participant of one user; null if the user is not in the exam, or you may not see it.',
      args: { userId: t.arg.id({ required: true, description: USER_ID }) },
      resolve: (exam, { userId }, ctx) => findParticipant(ctx, exam.id, userId),
    }),
    warnings: t.relatedConnection('warnings', {
      ...paged,
      totalCount: true,
      cursor: 'id',
      description: 'The warnings, in the order in which they were stored (`seq`). A participant sees those about itself.',
      args: {
        userId: t.arg.id({ description: ONLY_USER }),
        types: t.arg.stringList({ description: 'Only warnings of these types; an empty list finds none.' }),
        minSeverity: t.arg({ type: WarningSeverityEnum, description: AT_LEAST }),
        beforeSeq: t.arg({ type: 'SafeInt', description: 'Only warnings with a position before this one.' }),
        reviewed: t.arg.boolean({ description: 'Only those on which a person has decided, or only the others.' }),
        sources: t.arg({ type: [WarningSourceEnum], description: 'Only warnings raised by these; an empty list finds none.' }),
      },
      query: (args, ctx) => warningsOf(ctx, args),
    }),
    recordings: t.relatedConnection('recordings', {
      ...paged,
      cursor: 'id',
      description: 'The recordings, oldest first. A participant sees its own.',
      args: {
        userId: t.arg.id({ description: ONLY_USER }),
        type: t.arg({ type: RecordingTypeEnum, description: 'Only recordings of this type.' }),
      },
      query: (args, ctx) => recordingsOf(ctx, args),
    }),
    lastSeq: t.field({
      type: 'SafeInt',
      select: { lastSeq: true },
      description:
        "Position of the newest event in this exam's log; 0 if there is none. Subscribe with it as `after` to miss nothing since this read.",
      resolve: ({ lastSeq }) => Number(lastSeq),
    }),
  }),
});

const CreateExamInput = builder.inputType('CreateExamInput', {
  description: 'An exam to create.',
  fields: (t) => ({
    title: t.string({ required: true, description: '1 to 200 characters.' }),
    duration: t.int({ required: true, description: 'Minutes that a participant has, 1 to 1440.' }),
    settings: t.field({ type: ExamSettingsInput, description: 'What is recorded and analysed; all of it if left out.' }),
    opensAt: t.field({ type: 'DateTime', description: OPENS }),
    closesAt: t.field({ type: 'DateTime', description: CLOSES }),
    contentUrl: t.string({ description: CONTENT }),
    contentMode: t.field({ type: ContentModeEnum, description: 'Where the questions open. Default EMBEDDED.' }),
  }),
});

const UpdateExamInput = builder.inputType('UpdateExamInput', {
  description:
    'Changes of an exam. What is left out stays as it is; null takes away a time or an address, and gives a setting its default.',
  fields: (t) => ({
    title: t.string({ description: '1 to 200 characters.' }),
    duration: t.int({ description: 'Minutes that a participant has, 1 to 1440. Who is in the exam gets the difference.' }),
    settings: t.field({ type: ExamSettingsInput, description: 'The settings to change.' }),
    opensAt: t.field({ type: 'DateTime', description: OPENS }),
    closesAt: t.field({ type: 'DateTime', description: CLOSES }),
    contentUrl: t.string({ description: CONTENT }),
    contentMode: t.field({ type: ContentModeEnum, description: 'Where the questions open.' }),
  }),
});

builder.queryFields((t) => ({
  exam: t.prismaField({
    type: 'Exam',
    nullable: true,
    authScopes: { viewer: true },
    description: 'One exam; null if it does not exist or you may not see it.',
    args: { id: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (query, _root, { id }, ctx) => findExam(ctx, id, query),
  }),
  exams: t.prismaConnection({
    ...paged,
    type: 'Exam',
    cursor: 'id',
    authScopes: { staff: true },
    description: 'The exams that you may see, newest first. Not for participants.',
    args: {
      status: t.arg({ type: ExamStatusEnum, description: 'Only those in this status.' }),
      search: t.arg.string({ description: 'Text that the title contains, in upper or lower case; at most 200 characters.' }),
    },
    resolve: (query, _root, args, ctx) => listExams(ctx, args, query),
  }),
}));

builder.mutationFields((t) => ({
  createExam: t.field({
    type: Exam,
    authScopes: { lms: true },
    description:
      "Creates an exam in the tenant of the caller's key (an admin's in `default`). LMS and admin only. No event: nobody watches it yet.",
    args: { input: t.arg({ type: CreateExamInput, required: true }) },
    resolve: (_root, { input }, ctx) => createExam(ctx, input),
  }),
  updateExam: t.field({
    type: Exam,
    authScopes: { lms: true },
    description:
      'Changes an exam that is not over. LMS and admin only. Emits ExamChanged for each thing that changed; a repeat changes nothing. CONFLICT once it is over.',
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      input: t.arg({ type: UpdateExamInput, required: true }),
    },
    resolve: (_root, { examId, input }, ctx) => updateExam(ctx, examId, input),
  }),
  startExam: t.field({
    type: Exam,
    authScopes: { staff: true },
    description:
      'Starts the exam; the first participant who gets in does the same. Staff only. Emits ExamChanged; a repeat changes nothing. CONFLICT once it is over.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (_root, { examId }, ctx) => startExam(ctx, examId),
  }),
  endExam: t.field({
    type: Exam,
    authScopes: { staff: true },
    description:
      'Ends an exam that is in progress: participants who came and did not submit become TIMED_OUT, live recordings close after a grace period. Staff only. Emits ExamChanged and ParticipantChanged; a repeat changes nothing.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (_root, { examId }, ctx) => endExam(ctx, examId),
  }),
  cancelExam: t.field({
    type: Exam,
    authScopes: { lms: true },
    description:
      'Cancels the exam for good: nothing can be added to it any more. LMS and admin only. Emits ExamChanged; a repeat changes nothing. CONFLICT for a completed exam.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (_root, { examId }, ctx) => cancelExam(ctx, examId),
  }),
}));
