import { createSampleExam, removeSampleExam } from '../resolvers/sample-exams.ts';
import { builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';
import { Exam } from './exam.ts';

builder.objectFields(Exam, (t) => ({
  isSample: t.exposeBoolean('isSample', {
    description: 'Whether the server made it up to show itself (`createSampleExam`): nobody in it is real.',
  }),
}));

builder.mutationFields((t) => ({
  createSampleExam: t.field({
    type: Exam,
    authScopes: { lms: true },
    description:
      "Makes an exam with twelve made-up participants in every status, warnings with pictures, messages and recordings that say SAMPLE, in the tenant of the caller's key (an admin's in `default`), and plays it for five minutes: heartbeats, signals, hands. A restart of the server ends the play. Takes some seconds. LMS and admin only. CONFLICT if the tenant has one.",
    resolve: (_root, _args, ctx) => createSampleExam(ctx),
  }),
  removeSampleExam: t.id({
    authScopes: { lms: true },
    description:
      'Removes a sample exam for good, with its events and files, and returns its id. Subscriptions to it end. LMS and admin only. CONFLICT for an exam that is no sample: those stay.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }) },
    resolve: (_root, { examId }, ctx) => removeSampleExam(ctx, examId),
  }),
}));
