import { z } from 'zod';
import { lookupText, nameOf, timestamp, typed, userIdInput } from '../../validation.ts';

export const uploadRecordingInput = z.object(
  {
    examId: lookupText.meta({ description: 'Id of the exam.' }),
    userId: userIdInput.meta({ description: "The LMS's own id of the user." }),
    type: nameOf(['WEBCAM', 'SCREEN'], ({ input }) => (input === undefined ? 'is required' : 'must be webcam or screen')).meta({
      description: 'What the recording shows.',
    }),
  },
  typed('an object'),
);

/** More than one chunk per second of the longest recording. */
const MOST_CHUNKS = 100_000;

/** As long as the longest recording. */
const LONGEST_CHUNK_MS = 86_400_000;

export const chunkInput = z.object({
  index: z
    .number(typed('a whole number'))
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(MOST_CHUNKS - 1, `must be below ${MOST_CHUNKS}`)
    .meta({ description: 'Position of the chunk, from 0.' }),
  startedAt: timestamp.nullish().meta({ description: "When its recording began, by the candidate's clock." }),
  durationMs: z
    .number(typed('a whole number'))
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(LONGEST_CHUNK_MS, `must be at most ${LONGEST_CHUNK_MS}`)
    .nullish()
    .meta({ description: 'How long it lasts, in milliseconds.' }),
});

export const finishInput = z.object({
  chunks: z
    .number(typed('a whole number'))
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(MOST_CHUNKS, `must be at most ${MOST_CHUNKS}`)
    .nullish()
    .meta({ description: 'How many chunks there are. The recording stays open for those that are missing; without it, it ends now.' }),
});
