import { z } from 'zod';
import { idText, textToCut, timestamp, typed, userIdInput } from '../../validation.ts';
import { OWN_EVENT_ID } from './catalogue.ts';

export const warningInput = z.object(
  {
    timestamp: timestamp.nullish().meta({ description: 'When it happened, by the clock of the client; default: when it arrives.' }),
    type: z
      .string(typed('a string'))
      .regex(/^[a-z0-9_]{1,64}$/, 'must be 1 to 64 characters of [a-z0-9_]')
      .meta({
        description: 'Type of the warning, for example tab_switch; unknown types are stored with severity medium.',
      }),
    details: textToCut(2_000).nullish().meta({ description: 'Text for the proctor; cut at 2,000 characters, which its end then says.' }),
    clientEventId: idText(128)
      .refine((id) => !id.startsWith(OWN_EVENT_ID), `must not begin with ${OWN_EVENT_ID}`)
      .nullish()
      .meta({ description: "The client's own id of the event; a repeat is stored once." }),
  },
  typed('an object'),
);
export type WarningInput = z.output<typeof warningInput>;

const MAX_LIVE_WARNINGS = 100;

export const reportWarningsInput = z.object(
  {
    userId: userIdInput.nullish().meta({ description: 'The user that the warnings concern; participants may leave it out.' }),
    warnings: z
      .array(warningInput, typed('an array'))
      .min(1, 'must hold at least 1 warning')
      .max(MAX_LIVE_WARNINGS, `must hold at most ${MAX_LIVE_WARNINGS} warnings`)
      .meta({ description: 'The warnings, oldest first.' }),
  },
  typed('a JSON object'),
);
