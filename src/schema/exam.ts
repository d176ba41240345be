import { ExamStatus } from '../generated/prisma/enums.ts';
import { participantsOf, recordingsOf, warningsOf } from '../resolvers/exam-pages.ts';
import { accessUrl, adminUrl, cancelExam, createExam, endExam, findExam, listExams, startExam } from '../resolvers/exams.ts';
import { findParticipant } from '../resolvers/participants.ts';
import type { ExamSettings } from '../services/exams.ts';
import { builder, paged } from './builder.ts';
import { Node } from './node.ts';
import { Participant, ParticipantStatusEnum } from './participant.ts';
import { RecordingTypeEnum } from './recording.ts';
import { WarningSeverityEnum } from './warning.ts';

export const ExamStatusEnum = builder.enumType(ExamStatus, { name: 'ExamStatus' });
const Sensitivity = builder.enumType('Sensitivity', { values: ['LOW', 'MEDIUM', 'HIGH'] as const });

const AiDetection = builder.objectRef<ExamSettings['aiDetection']>('AiDetection').implement({
  fields: (t) => ({ enabled: t.exposeBoolean('enabled'), sensitivity: t.expose('sensitivity', { type: Sensitivity }) }),
});

const ExamSettingsType = builder.objectRef<ExamSettings & { extra: unknown }>('ExamSettings').implement({
  fields: (t) => ({
    webcam: t.exposeBoolean('webcam'),
    screenRecording: t.exposeBoolean('screenRecording'),
    audioRecording: t.exposeBoolean('audioRecording'),
    browserLock: t.exposeBoolean('browserLock'),
    aiDetection: t.expose('aiDetection', { type: AiDetection }),
    extra: t.expose('extra', {
      type: 'JSON',
      nullable: true,
      description: 'Settings that this server does not know, exactly as received.',
    }),
  }),
});

const linkColumns = { select: { id: true, tenant: true, createdAt: true } } as const;

export const Exam = builder.prismaObject('Exam', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    title: t.exposeString('title'),
    duration: t.exposeInt('duration', { description: 'Minutes.' }),
    settings: t.field({
      type: ExamSettingsType,
      select: { settings: true, extra: true },
      resolve: ({ settings, extra }) => ({ ...(settings as unknown as ExamSettings), extra }),
    }),
    status: t.expose('status', { type: ExamStatusEnum }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true }),
    accessUrl: t.string({ ...linkColumns, resolve: (exam, _args, ctx) => accessUrl(ctx, exam) }),
    adminUrl: t.string({
      ...linkColumns,
      nullable: true,
      description: 'For proctors and the LMS only.',
      resolve: (exam, _args, ctx) => adminUrl(ctx, exam),
    }),
    participants: t.relatedConnection('participants', {
      ...paged,
      cursor: 'id',
      args: { status: t.arg({ type: ParticipantStatusEnum }) },
      query: (args, ctx) => participantsOf(ctx, args),
    }),
    participant: t.field({
      type: Participant,
      nullable: true,
      select: { id: true },
      args: { userId: t.arg.id({ required: true }) },
      resolve: (exam, { userId }, ctx) => findParticipant(ctx, exam.id, userId),
    }),
    warnings: t.relatedConnection('warnings', {
      ...paged,
      cursor: 'id',
      args: { userId: t.arg.id(), types: t.arg.stringList(), minSeverity: t.arg({ type: WarningSeverityEnum }) },
      query: (args, ctx) => warningsOf(ctx, args),
    }),
    recordings: t.relatedConnection('recordings', {
      ...paged,
      cursor: 'id',
      args: { userId: t.arg.id(), type: t.arg({ type: RecordingTypeEnum }) },
      query: (args, ctx) => recordingsOf(ctx, args),
    }),
    lastSeq: t.field({
      type: 'SafeInt',
      select: { lastSeq: true },
      description: "Position of the newest event in this exam's log.",
      resolve: ({ lastSeq }) => Number(lastSeq),
    }),
  }),
});

const AiDetectionInput = builder.inputType('AiDetectionInput', {
  fields: (t) => ({ enabled: t.boolean(), sensitivity: t.field({ type: Sensitivity }) }),
});
const ExamSettingsInput = builder.inputType('ExamSettingsInput', {
  fields: (t) => ({
    webcam: t.boolean(),
    screenRecording: t.boolean(),
    audioRecording: t.boolean(),
    browserLock: t.boolean(),
    aiDetection: t.field({ type: AiDetectionInput }),
    extra: t.field({ type: 'JSON' }),
  }),
});
const CreateExamInput = builder.inputType('CreateExamInput', {
  fields: (t) => ({
    title: t.string({ required: true }),
    duration: t.int({ required: true, description: 'Minutes, 1 to 1440.' }),
    settings: t.field({ type: ExamSettingsInput }),
  }),
});

builder.queryFields((t) => ({
  exam: t.prismaField({
    type: 'Exam',
    nullable: true,
    authScopes: { viewer: true },
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, { id }, ctx) => findExam(ctx, id, query),
  }),
  exams: t.prismaConnection({
    ...paged,
    type: 'Exam',
    cursor: 'id',
    authScopes: { staff: true },
    args: { status: t.arg({ type: ExamStatusEnum }), search: t.arg.string({ description: 'Text that the title contains.' }) },
    resolve: (query, _root, args, ctx) => listExams(ctx, args, query),
  }),
}));

builder.mutationFields((t) => ({
  createExam: t.field({
    type: Exam,
    authScopes: { lms: true },
    args: { input: t.arg({ type: CreateExamInput, required: true }) },
    resolve: (_root, { input }, ctx) => createExam(ctx, input),
  }),
  startExam: t.field({
    type: Exam,
    authScopes: { staff: true },
    args: { examId: t.arg.id({ required: true }) },
    resolve: (_root, { examId }, ctx) => startExam(ctx, examId),
  }),
  endExam: t.field({
    type: Exam,
    authScopes: { staff: true },
    args: { examId: t.arg.id({ required: true }) },
    resolve: (_root, { examId }, ctx) => endExam(ctx, examId),
  }),
  cancelExam: t.field({
    type: Exam,
    authScopes: { lms: true },
    args: { examId: t.arg.id({ required: true }) },
    resolve: (_root, { examId }, ctx) => cancelExam(ctx, examId),
  }),
}));
