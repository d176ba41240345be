import { z } from 'zod';
import { loggedWarning } from './exams.ts';
import { participantMembers, reviewStatus, time, warningDecision } from './parts.ts';

const reviewed = { ...participantMembers, review: reviewStatus.meta({ description: 'What people decided about the participant.' }) };

const decision = {
  reason: z.string().nullable().meta({ description: 'Why.' }),
  by: z.string().meta({ description: 'Who decided.' }),
  at: time.meta({ description: 'When.' }),
};

export const judged = z.strictObject({
  ...reviewed,
  verdict: z
    .strictObject({
      status: reviewStatus.meta({ description: 'What was decided.' }),
      ...decision,
      final: z.boolean().meta({ description: 'Whether it made the review what it says: a violation waits for another person.' }),
    })
    .meta({ description: 'The decision.' }),
});

export const contested = z.strictObject({
  ...reviewed,
  contest: z
    .strictObject({ text: z.string().meta({ description: 'The objection.' }), at: time.meta({ description: 'When it was made.' }) })
    .meta({ description: 'The objection of the participant.' }),
});

export const reviewedWarnings = z.strictObject({
  warnings: z
    .array(
      loggedWarning.extend({
        review: z
          .strictObject({ decision: warningDecision, ...decision })
          .nullable()
          .meta({ description: 'The decision about it.' }),
      }),
    )
    .meta({ description: 'The warnings, each once, in the order of the request.' }),
});
