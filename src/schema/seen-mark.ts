import { markSeen, seenBy } from '../resolvers/seen-marks.ts';
import { builder } from './builder.ts';
import { EXAM_ID, USER_ID } from './descriptions.ts';
import { Participant } from './participant.ts';

builder.prismaObjectFields(Participant, (t) => ({
  seenAt: t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'When you last said that you have looked through the evidence (`markSeen`); null if you have not, for participants, and in subscriptions, whose messages are the same for all staff.',
    resolve: async (participant, _args, ctx) => (await seenBy(ctx, participant))?.at ?? null,
  }),
  newSinceSeen: t.boolean({
    description: 'Whether a warning, a recording or an analysis came after `seenAt`. False where that is null.',
    resolve: async (participant, _args, ctx) => (await seenBy(ctx, participant))?.isBehind ?? false,
  }),
}));

builder.mutationField('markSeen', (t) =>
  t.field({
    type: Participant,
    authScopes: { staff: true },
    description:
      'Notes that you have looked through the evidence of a participant: `seenAt` is now. Each key, personal link or name on the shared link has its own marks, which nobody else reads. Staff only, by name: FORBIDDEN for the bearer of the shared admin link before `enterConsole`. No event.',
    args: {
      examId: t.arg.id({ required: true, description: EXAM_ID }),
      userId: t.arg.id({ required: true, description: USER_ID }),
      upTo: t.arg({
        type: 'SafeInt',
        description:
          'The newest `seq` of the log that your page had shown: a warning that came after it is new, although it came before this call. Default: all that is there.',
      }),
    },
    resolve: (_root, args, ctx) => markSeen(ctx, args),
  }),
);
