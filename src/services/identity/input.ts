import { z } from 'zod';
import { typed, userIdInput } from '../../validation.ts';

export const verifyUserInput = z.object(
  {
    userId: userIdInput.meta({ description: "The LMS's own id of the user." }),
    referenceImage: z
      .string(typed('a base64 string'))
      .meta({ description: 'JPEG, PNG or WebP of the known face, as data URL or base64; at most 10 MB.' }),
    verificationImage: z.string(typed('a base64 string')).meta({ description: 'The face to compare, likewise.' }),
  },
  typed('a JSON object'),
);
