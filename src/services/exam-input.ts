import { z } from 'zod';
import { idText, nameOf, opaqueSettings, optionalFlag, text, timestamp, typed } from '../validation.ts';

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
    admission: nameOf(['AUTOMATIC', 'PROCTOR'], () => 'must be automatic or proctor')
      .nullish()
      .meta({ description: 'Whether a proctor admits everybody who joins; default automatic.' }),
    sharedLink: optionalFlag.meta({ description: "Whether the exam's access link lets candidates in; default true." }),
    identityPhoto: optionalFlag.meta({ description: 'Whether a picture of the face is taken at check-in; default false.' }),
    allowWithoutCamera: optionalFlag.meta({ description: 'Whether candidates whose camera fails may go on; default true.' }),
    signals: z
      .array(idText(64), typed('an array of signals'))
      .max(100, 'must hold at most 100 signals')
      .nullish()
      .meta({ description: 'Client signals that the exam room reports; by default all that fit the other settings.' }),
    snapshotSeconds: z
      .number(typed('a whole number of seconds'))
      .int('must be a whole number of seconds')
      .min(1, 'must be at least 1')
      .max(600, 'must be at most 600')
      .nullish()
      .meta({
        description:
          'Seconds between snapshots; by default 10, 5 or 2, by sensitivity. Above 15 nothing can be judged live, which `evidence_gap` says.',
      }),
    candidateView: nameOf(['NEVER', 'AFTER_END', 'LIVE'], () => 'must be never, after_end or live')
      .nullish()
      .meta({ description: 'When candidates see the warnings about themselves; default after_end.' }),
    creditDisconnectedMinutes: z
      .number(typed('a whole number of minutes'))
      .int('must be a whole number of minutes')
      .min(0, 'must be at least 0')
      .max(1440, 'must be at most 1440')
      .nullish()
      .meta({ description: 'At most so many minutes of measured outages are credited by themselves; default 0.' }),
    messagePresets: z
      .array(text(500).trim().min(1, 'must not be empty'), typed('an array of texts'))
      .max(50, 'must hold at most 50 texts')
      .nullish()
      .meta({ description: 'Texts that staff send by one click; by default six in English.' }),
    extra: opaqueSettings
      .transform((extra) => extra as Record<string, unknown>)
      .nullish()
      .meta({ description: 'Settings that this server does not know; stored and returned.' }),
  },
  typed('an object'),
);

const LONGEST_ADDRESS = 2_000;
const webAddress = text(LONGEST_ADDRESS).refine(
  (address) => URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol),
  'must be an http or https URL',
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
    contentUrl: webAddress.nullish().meta({ description: 'Address of the questions, http or https.' }),
    contentMode: nameOf(['EMBEDDED', 'WINDOW'], () => 'must be embedded or window')
      .nullish()
      .meta({ description: 'Whether the questions open inside the exam room (default) or in a window beside it.' }),
  },
  typed('a JSON object'),
);

/** What is left out stays as it is; null takes away what may be absent. */
export const updateExamInput = createExamInput.partial();
export type UpdateExamInput = z.output<typeof updateExamInput>;
export type CreateExamInput = z.output<typeof createExamInput>;
export type SettingsInput = z.output<typeof settingsInput>;
