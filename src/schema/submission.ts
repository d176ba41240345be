import { prepareSubmission, readStats, readSubmission, submitExam } from '../resolvers/submissions.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { Node } from './node.ts';
import { WarningInput } from './warning.ts';

builder.prismaObject('Submission', {
  interfaces: [Node],
  fields: (t) => ({
    id: t.exposeID('id'),
    examId: t.exposeID('examId'),
    userId: t.exposeID('userId'),
    submittedAt: t.expose('submittedAt', { type: 'DateTime' }),
    // Up to 16 MB each. The cost also has the answer written in slices.
    stats: t.field({
      type: 'JSON',
      select: { id: true },
      extensions: { cost: { staff: 3_500, others: 30_000 } },
      resolve: (submission, _args, ctx) => readStats(ctx, submission),
    }),
    recordings: t.relation('recordings'),
  }),
});

const SubmitExamInput = builder.inputType('SubmitExamInput', {
  fields: (t) => ({
    userId: t.id(),
    stats: t.field({ type: 'JSON', required: true, description: 'Session data, stored as it is.' }),
    warnings: t.field({ type: [WarningInput] }),
    webcam: t.field({ type: 'Upload' }),
    screen: t.field({ type: 'Upload' }),
  }),
});

builder.mutationField('submitExam', (t) =>
  t.prismaField({
    type: 'Submission',
    authScopes: { viewer: true },
    args: { examId: t.arg.id({ required: true }), input: t.arg({ type: SubmitExamInput, required: true }) },
    extensions: {
      admitUpload: ((ctx, { examId, input }) =>
        prepareSubmission(ctx, String(examId), (input as { userId?: string | null }).userId)) satisfies AdmitUpload,
    },
    async resolve(query, _root, { examId, input: { webcam, screen, ...input } }, ctx) {
      const files = { webcam: (await webcam)?.file, screen: (await screen)?.file };
      const { submission } = await submitExam(ctx, examId, input, files);
      return readSubmission(ctx, submission, query);
    },
  }),
);
