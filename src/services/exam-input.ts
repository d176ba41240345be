import { z } from 'zod';
import { nameOf, opaqueSettings, optionalFlag, text, timestamp, typed } from '../validation.ts';

export const aiDetectionInput = z.object(
  {
    enabled: optionalFlag.meta({ description: 'Whether recordings and snapshots are analysed; default true.' }),
    sensitivity: nameOf(['LOW', 'MEDIUM', 'HIGH'], () => 'must be low, medium or high')
      .nullish()
      .meta({ description: 'How long something must last before it is a warning: 10 s, 5 s (default) or 2 s.' }),
  },
  typed('an object'),
);

export const settingsInput = z.object(
  {
    webcam: optionalFlag.meta({ description: 'Record the webcam; default true.' }),
    screenRecording: optionalFlag.meta({ description: 'Record the screen; default true.' }),
    audioRecording: optionalFlag.meta({ description: 'Record sound; default true.' }),
    browserLock: optionalFlag.meta({ description: 'Whether the client locks the browser; default true.' }),
    aiDetection: aiDetectionInput.nullish().meta({ description: 'The analysis of recordings and snapshots.' }),
    extra: opaqueSettings
      .transform((extra) => extra as Record<string, unknown>)
      .nullish()
      .meta({ description: 'Settings that this server does not know; stored and returned.' }),
  },
  typed('an object'),
);

/** In characters. */
export const LONGEST_TITLE = 200;

export const createExamInput = z.object(
  {
    title: text(LONGEST_TITLE).trim().min(1, 'must not be empty').meta({ description: 'Title of the exam.' }),
    duration: z
      .number(typed('a whole number of minutes'))
      .int('must be a whole number of minutes')
      .min(1, 'must be at least 1')
      .max(1440, 'must be at most 1440')
      .meta({ description: 'Minutes that a participant has.' }),
    settings: settingsInput.nullish().meta({ description: 'What is recorded and analysed.' }),
    opensAt: timestamp.nullish().meta({ description: 'Nobody may join earlier.' }),
    closesAt: timestamp.nullish().meta({ description: 'Nobody may begin later; whoever has begun keeps the full time.' }),
  },
  typed('a JSON object'),
);
export type CreateExamInput = z.output<typeof createExamInput>;
export type SettingsInput = z.output<typeof settingsInput>;
