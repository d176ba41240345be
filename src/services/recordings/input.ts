import { z } from 'zod';
import { lookupText, nameOf, typed, userIdInput } from '../../validation.ts';

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

export const chunkIndexInput = z.object({
  index: z
    .number(typed('a whole number'))
    .int('must be a whole number')
    .min(0, 'must not be negative')
    .max(MOST_CHUNKS - 1, `must be below ${MOST_CHUNKS}`)
    .meta({ description: 'Position of the chunk, from 0.' }),
});
