import { openedByToken } from '../resolvers/policy.ts';
import { prepareSubmission, readStats, readSubmission, submitExam } from '../resolvers/submissions.ts';
import { type AdmitUpload, builder } from './builder.ts';
import { EXAM_ID, USER_ID } from './descriptions.ts';
import { Node } from './node.ts';
import { Participant } from './participant.ts';
import { WarningInput } from './warning.ts';

const Submission = builder.prismaObject('Submission', {
  interfaces: [Node],
  description:
    'What a participant handed in at the end: statistics, warnings and recordings; once per exam, and once more after each readmission.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Begins with `sub_`.' }),
    examId: t.exposeID('examId', { description: EXAM_ID }),
    userId: t.exposeID('userId', { description: `${USER_ID} Who handed in.` }),
    submittedAt: t.expose('submittedAt', { type: 'DateTime', description: "When it was stored, by the server's clock." }),
    // Up to 16 MB each. The cost also has the answer written in slices.
    stats: t.field({
      type: 'JSON',
      select: { id: true },
      description:
        'Session data as the client sent it, up to 16 MB: ask for it only where you need it. More than 128 KB per operation are only returned to a POST with `Accept: application/json`.',
      extensions: { cost: { staff: 3_500, others: 30_000 } },
      resolve: (submission, _args, ctx) => readStats(ctx, submission),
    }),
    recordings: t.relation('recordings', { description: 'The recordings that came with it, and those that were sent live before.' }),
  }),
});

builder.prismaObjectFields(Participant, (t) => ({
  submission: t.field({
    type: Submission,
    nullable: true,
    select: (_args, _ctx, nested) => ({ submissions: nested({ orderBy: [{ submittedAt: 'desc' }, { id: 'desc' }], take: 1 }) }),
    description: 'What the participant handed in, the newest if it was readmitted and did so again; null before.',
    resolve: ({ submissions }, _args, ctx) => openedByToken(ctx, submissions[0] ?? null, null),
  }),
}));

const UPLOAD =
  'A recording, as for `uploadRecording`, at most MAX_SUBMIT_FILE_BYTES (100 MB by default). One without any picture is left out without an error.';

const SubmitExamInput = builder.inputType('SubmitExamInput', {
  description: 'A session to hand in.',
  fields: (t) => ({
    userId: t.id({
      description: `${USER_ID} Not needed with a participant's token, which already names the user, nor if the exam has exactly one participant.`,
    }),
    stats: t.field({ type: 'JSON', required: true, description: 'Session data: an object, stored as it is.' }),
    warnings: t.field({
      type: [WarningInput],
      description:
        'Warnings of the session, at most 10,000. Those that the client reported before, with the same `clientEventId` or the same type and timestamp, are not stored again.',
    }),
    webcam: t.field({ type: 'Upload', description: UPLOAD }),
    screen: t.field({ type: 'Upload', description: UPLOAD }),
  }),
});

builder.mutationField('submitExam', (t) =>
  t.prismaField({
    type: 'Submission',
    authScopes: { viewer: true },
    description:
      'Hands in a session, all of it or nothing; the participant becomes SUBMITTED unless its status is final already. Not for proctors; participants only for themselves. Emits WarningAdded, ParticipantChanged and RecordingChanged. CONFLICT for a second submission.',
    args: { examId: t.arg.id({ required: true, description: EXAM_ID }), input: t.arg({ type: SubmitExamInput, required: true }) },
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
