import { z } from 'zod';
import { DETECTOR_TYPES } from './services/analysis/episodes.ts';
import { faultOfJson, isMoment, JsonText, MAX_JSON_DEPTH, typed } from './validation.ts';

/** What callers may send, checked alike at every door. */

const optionalFlag = z.boolean(typed('true or false')).nullish();

const text = (max: number) =>
  z
    .string(typed('a string'))
    .max(max, `must have at most ${max} characters`)
    .refine((value) => !value.includes('\0'), 'must not contain a NUL character');

const FAULTS = {
  foreign: 'must be JSON',
  depth: `must not be nested more than ${MAX_JSON_DEPTH} levels deep`,
  nul: 'must not contain a NUL character',
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object that means nothing to this server. Looked at in one go: a check for each member would take seconds. */
const opaque = z.custom<Record<string, unknown> | JsonText>(isObject, typed('an object')).check(({ value, issues }) => {
  const fault = value instanceof JsonText ? value.hasNul && 'nul' : faultOfJson(value);
  if (fault) issues.push({ code: 'custom', input: value, message: FAULTS[fault] });
});

/** The LMS's own id of a user. */
export const userIdInput = text(128).min(1, 'must not be empty');

const settingsInput = z.object(
  {
    webcam: optionalFlag,
    screenRecording: optionalFlag,
    audioRecording: optionalFlag,
    browserLock: optionalFlag,
    aiDetection: z
      .object(
        {
          enabled: optionalFlag,
          sensitivity: z.enum(['LOW', 'MEDIUM', 'HIGH'], { error: () => 'must be low, medium or high' }).nullish(),
        },
        typed('an object'),
      )
      .nullish(),
    extra: opaque.transform((extra) => extra as Record<string, unknown>).nullish(),
  },
  typed('an object'),
);

/** Characters. */
export const LONGEST_TITLE = 200;

export const createExamInput = z.object(
  {
    title: text(LONGEST_TITLE).trim().min(1, 'must not be empty'),
    duration: z
      .number(typed('a whole number of minutes'))
      .int('must be a whole number of minutes')
      .min(1, 'must be at least 1')
      .max(1440, 'must be at most 1440'),
    settings: settingsInput.nullish(),
  },
  typed('a JSON object'),
);
export type CreateExamInput = z.output<typeof createExamInput>;
export type SettingsInput = z.output<typeof settingsInput>;

const timestamp = z
  .union([z.date(), z.iso.datetime({ offset: true })], { error: () => 'must be an RFC 3339 time' })
  .transform((value) => new Date(value))
  .refine(isMoment, 'must be an RFC 3339 time');

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
const MAX_SUBMITTED_WARNINGS = 10_000;

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

export const submitExamInput = z.object(
  {
    userId: userIdInput.nullish(),
    stats: opaque.transform((stats) => (stats instanceof JsonText ? stats : JsonText.of(stats))),
    warnings: z
      .array(warningInput, typed('an array'))
      .max(MAX_SUBMITTED_WARNINGS, `must hold at most ${MAX_SUBMITTED_WARNINGS} warnings`)
      .nullish(),
  },
  typed('a JSON object'),
);

export const uploadRecordingInput = z.object(
  {
    examId: z.string(typed('a string')).min(1, 'must not be empty'),
    userId: userIdInput,
    type: z.enum(['WEBCAM', 'SCREEN'], { error: (issue) => (issue.input === undefined ? 'is required' : 'must be webcam or screen') }),
  },
  typed('an object'),
);

/** More than a chunk each second for the longest recording. */
const MOST_CHUNKS = 100_000;

export const chunkIndexInput = z.object({
  index: z
    .number(typed('a whole number'))
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(MOST_CHUNKS - 1, `must be below ${MOST_CHUNKS}`),
});

export const snapshotInput = z.object({ userId: userIdInput.nullish(), takenAt: timestamp.nullish() });

export const verifyUserInput = z.object(
  {
    userId: userIdInput,
    referenceImage: z.string(typed('a base64 string')),
    verificationImage: z.string(typed('a base64 string')),
  },
  typed('a JSON object'),
);

export const joinExamInput = z.object({ userId: userIdInput, name: text(200).nullish() });

export const inviteInput = z
  .array(
    z.object({
      userId: userIdInput,
      name: text(200).nullish(),
      extraMinutes: z.number().int().min(0, 'must be at least 0').max(1440, 'must be at most 1440').nullish(),
    }),
  )
  .min(1, 'must hold at least 1 participant')
  .max(1_000, 'must hold at most 1,000 participants');

export const accommodationsInput = z.object(
  {
    userId: userIdInput,
    suppress: z.array(
      z.enum(DETECTOR_TYPES, { error: () => `must be one of ${DETECTOR_TYPES.join(', ')}` }),
      typed('an array of types of warnings'),
    ),
    reason: text(2_000).trim().min(1, 'must not be empty: it is kept with the change'),
  },
  typed('a JSON object'),
);

export const reasonInput = text(2_000).trim().nullish();
