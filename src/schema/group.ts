import { examGroups, handOverGroup, releaseGroup, takeGroup } from '../resolvers/shares.ts';
import type { ExamGroup as Row } from '../services/shares/shares.ts';
import { builder } from './builder.ts';
import { EXAM_ID } from './descriptions.ts';
import { Exam } from './exam.ts';

const ExamGroup = builder.objectRef<Row>('ExamGroup').implement({
  description: "Participants with the same `group`: a room, a class, or a proctor's share.",
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As `Participant.group`.' }),
    participants: t.exposeInt('participants', { description: 'How many are in it, in any status.' }),
    takenBy: t.exposeString('takenBy', {
      nullable: true,
      description: 'Name of the proctor whose share it is, as the log shows it; null if nobody has taken it.',
    }),
  }),
});

builder.objectFields(Exam, (t) => ({
  groups: t.field({
    type: [ExamGroup],
    authScopes: { staff: true },
    description:
      "The groups of the participants, by name, and who watches them; at most 1,000. A share changes nobody's rights. Staff only: FORBIDDEN for others.",
    resolve: (exam, _args, ctx) => examGroups(ctx, exam),
  }),
}));

const NAMED =
  'Staff only, by name: FORBIDDEN for the bearer of the shared admin link before `enterConsole`. NOT_FOUND for a group that nobody is in. A second call changes nothing. Emits ExamChanged (`share`), which candidates do not get.';

builder.mutationFields((t) => {
  const examId = t.arg.id({ required: true, description: EXAM_ID });
  const group = t.arg.string({ required: true, description: 'Name of the group.' });
  return {
    takeGroup: t.field({
      type: ExamGroup,
      authScopes: { staff: true },
      description: `Makes a group the share of who asks. CONFLICT if another proctor has it. ${NAMED}`,
      args: { examId, group },
      resolve: (_root, args, ctx) => takeGroup(ctx, args),
    }),
    releaseGroup: t.field({
      type: ExamGroup,
      authScopes: { staff: true },
      description: `Gives a group back to all, whoever has it: somebody may have gone home. ${NAMED}`,
      args: { examId, group },
      resolve: (_root, args, ctx) => releaseGroup(ctx, args),
    }),
    handOverGroup: t.field({
      type: ExamGroup,
      authScopes: { staff: true },
      description: `Makes a group that is free, or the share of who asks, the share of another proctor. CONFLICT if a third one has it; NOT_FOUND for a name of no key of the organisation and no personal link of the exam. ${NAMED}`,
      args: {
        examId,
        group,
        to: t.arg.string({
          required: true,
          description: 'Name of the other proctor, as the log shows it; any that ends in `(shared link)` is accepted.',
        }),
      },
      resolve: (_root, args, ctx) => handOverGroup(ctx, args),
    }),
  };
});
