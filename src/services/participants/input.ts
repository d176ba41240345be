import { z } from 'zod';
import { text, typed, userIdInput } from '../../validation.ts';
import { SUPPRESSIBLE_TYPES } from '../warnings/catalogue.ts';

export const joinExamInput = z.object({ userId: userIdInput, name: text(200).nullish(), checkIn: z.boolean().nullish() });

/** Where a page is at check-in. */
const step = z.string(typed('a string')).regex(/^[a-z0-9_]{1,64}$/, 'must be 1 to 64 characters of [a-z0-9_]');

export const heartbeatInput = z.object({ step: step.nullish() });

/** In one call. */
const MOST_INVITED = 5_000;

export const inviteInput = z
  .array(
    z.object(
      {
        userId: userIdInput.meta({ description: "The LMS's own id of the user." }),
        name: text(200).nullish().meta({ description: 'Name for proctors.' }),
        group: text(100).min(1, 'must not be empty').nullish().meta({ description: "Room, class or proctor's share." }),
        referenceImage: z
          .string(typed('a base64 string'))
          .nullish()
          .meta({ description: 'Picture of the face, as data URL or base64; the face is kept sealed, the picture is not kept.' }),
        extraMinutes: z
          .number(typed('a whole number of minutes'))
          .int('must be a whole number of minutes')
          .min(0, 'must be at least 0')
          .max(1440, 'must be at most 1440')
          .nullish()
          .meta({ description: "Minutes in addition to the exam's duration." }),
      },
      typed('an object'),
    ),
    typed('an array of participants'),
  )
  .min(1, 'must hold at least 1 participant')
  .max(MOST_INVITED, 'must hold at most 5,000 participants');

export const rosterInput = z.object(
  { participants: inviteInput.meta({ description: 'Those to add, or to change.' }) },
  typed('a JSON object'),
);

/** The reason for a decision that must have one. */
const reason = text(2_000)
  .trim()
  .min(1, 'must not be empty: it is kept in the log of the exam')
  .meta({ description: 'Why; kept in the log of the exam.' });

export const optionalReason = reason.nullish().meta({ description: 'Why; kept in the log of the exam.' });

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
