import { z } from 'zod';
import { JsonText, opaque, typed, userIdInput } from '../validation.ts';
import { warningInput } from './warnings/input.ts';

const MAX_SUBMITTED_WARNINGS = 10_000;

export const submitExamInput = z.object(
  {
    userId: userIdInput.nullish().meta({ description: 'The user who submits; participants may leave it out.' }),
    stats: opaque
      .transform((stats) => (stats instanceof JsonText ? stats : JsonText.of(stats)))
      .meta({ type: 'object', description: 'Statistics of the session; stored as they are.' }),
    warnings: z
      .array(warningInput, typed('an array'))
      .max(MAX_SUBMITTED_WARNINGS, `must hold at most ${MAX_SUBMITTED_WARNINGS} warnings`)
      .nullish()
      .meta({ description: 'Warnings of the session; those reported before are not stored again.' }),
  },
  typed('a JSON object'),
);
