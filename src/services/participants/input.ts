import { z } from 'zod';
import { text, typed, userIdInput } from '../../validation.ts';
import { SUPPRESSIBLE_TYPES } from '../warnings/catalogue.ts';

export const joinExamInput = z.object({ userId: userIdInput, name: text(200).nullish() });

export const inviteInput = z
  .array(
    z.object({
      userId: userIdInput,
      name: text(200).nullish(),
      group: text(100).min(1, 'must not be empty').nullish(),
      extraMinutes: z.number().int().min(0, 'must be at least 0').max(1440, 'must be at most 1440').nullish(),
    }),
  )
  .min(1, 'must hold at least 1 participant')
  .max(1_000, 'must hold at most 1,000 participants');

/** The reason for a decision that must have one. */
const reason = text(2_000)
  .trim()
  .min(1, 'must not be empty: it is kept in the log of the exam')
  .meta({ description: 'Why; kept in the log of the exam.' });

export const decisionInput = z.object({ reason }, typed('a JSON object'));

export const addTimeInput = z.object(
  {
    minutes: z
      .number(typed('a whole number of minutes'))
      .int('must be a whole number of minutes')
      .min(1, 'must be at least 1')
      .max(1_440, 'must be at most 1440')
      .meta({ description: 'Minutes to add.' }),
    reason,
  },
  typed('a JSON object'),
);

/** Whom a decision concerns: without both everybody. */
export const chosenInput = z.object({
  userIds: z.array(userIdInput).max(5_000, 'must hold at most 5,000 users').nullish().meta({ description: 'Only these users.' }),
  group: text(100).nullish().meta({ description: 'Only participants of this group.' }),
});

export const accommodationsInput = z.object(
  {
    userId: userIdInput.meta({ description: "The LMS's own id of the user." }),
    suppress: z
      .array(
        z.enum(SUPPRESSIBLE_TYPES, { error: () => `must be one of ${SUPPRESSIBLE_TYPES.join(', ')}` }),
        typed('an array of warning types'),
      )
      .meta({ description: 'All types of warning that are not raised from now on: of the analysis, and of clients.' }),
    reason: text(2_000)
      .trim()
      .min(1, 'must not be empty: it is kept with the change')
      .meta({ description: 'Why; kept in the log of the exam.' }),
  },
  typed('a JSON object'),
);
