import { randomInt, randomUUID } from 'node:crypto';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 24;

export type IdPrefix = 'exam' | 'part' | 'rec' | 'sub' | 'ver' | 'warn' | 'key';

/** `prefix_` and 24 random characters of `[0-9a-z]`: 124 bits, so it cannot be guessed. */
export function newId(prefix: IdPrefix): string {
  let id = `${prefix}_`;
  for (let i = 0; i < RANDOM_LENGTH; i++) id += ALPHABET[randomInt(ALPHABET.length)];
  return id;
}

/** Identifies one request, or one WebSocket, in its answer and in the log. */
export const newRequestId = () => randomUUID();
