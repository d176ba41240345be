import { z } from 'zod';
import { opaqueSettings, text, typed } from '../../validation.ts';

/** Characters of JSON. */
const LONGEST_DEVICE = 16 * 1024;

export const noticeInput = z.object(
  { version: text(64).min(1, 'must not be empty').meta({ description: 'Version of the notice that was read.' }) },
  typed('a JSON object'),
);

export const checkInInput = z.object(
  {
    device: opaqueSettings
      .refine((device) => JSON.stringify(device).length <= LONGEST_DEVICE, `must have at most ${LONGEST_DEVICE} characters`)
      .meta({ type: 'object', description: 'What the page knows of the device: an object of your own, up to 16 KB.' }),
  },
  typed('a JSON object'),
);
