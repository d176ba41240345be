import { z } from 'zod';
import { text, typed, userIdInput } from '../../validation.ts';

/** In characters. */
const LONGEST_MESSAGE = 2_000;

const messageText = text(LONGEST_MESSAGE).trim().min(1, 'must not be empty').meta({ description: 'The message, up to 2,000 characters.' });

export const messageInput = z.object(
  {
    text: messageText,
    userId: userIdInput.nullish().meta({ description: 'The participant; from staff without it to everybody.' }),
  },
  typed('a JSON object'),
);

/** What a raised hand is for. */
export const handInput = z.object(
  { text: text(500).trim().nullish().meta({ description: 'What it is about, up to 500 characters.' }) },
  typed('a JSON object'),
);

export const whoseHand = z.object(
  { userId: userIdInput.nullish().meta({ description: 'Whose hand; only for staff.' }) },
  typed('a JSON object'),
);
