import { z } from 'zod';
import { typed, userIdInput } from '../../validation.ts';

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
