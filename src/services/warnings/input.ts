import { z } from 'zod';
import { text, timestamp, typed, userIdInput } from '../../validation.ts';

export const warningInput = z.object(
  {
    timestamp: timestamp.nullish(),
    type: z.string(typed('a string')).regex(/^[a-z0-9_]{1,64}$/, 'must be 1 to 64 characters of [a-z0-9_]'),
    details: text(2_000).nullish(),
    clientEventId: text(128).min(1, 'must not be empty').nullish(),
  },
  typed('an object'),
);
export type WarningInput = z.output<typeof warningInput>;

const MAX_LIVE_WARNINGS = 100;

export const reportWarningsInput = z.object(
  {
    userId: userIdInput.nullish(),
    warnings: z
      .array(warningInput, typed('an array'))
      .min(1, 'must hold at least 1 warning')
      .max(MAX_LIVE_WARNINGS, `must hold at most ${MAX_LIVE_WARNINGS} warnings`),
  },
  typed('a JSON object'),
);
