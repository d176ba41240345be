import { randomFillSync, randomUUID } from 'node:crypto';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 24;
/** Bytes from here on are skipped, because with them some characters would be more frequent than others. */
const FIRST_UNUSED = 256 - (256 % ALPHABET.length);

export type IdPrefix = 'exam' | 'part' | 'rec' | 'sub' | 'ver' | 'warn' | 'key' | 'cred' | 'out' | 'msg' | 'link' | 'verd';

/** Random bytes for the next ids; fetching each byte alone took a tenth of the time of a large submission. */
const pool = Buffer.alloc(8_192);
let used = pool.length;

function nextByte(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  // No byte serves two ids, and none stays in memory.
  pool[used++] = 0;
  return byte;
}

/** `prefix_` and 24 random characters of `[0-9a-z]`: 124 bits, so it cannot be guessed. */
export function newId(prefix: IdPrefix): string {
  let id = `${prefix}_`;
  for (let missing = RANDOM_LENGTH; missing > 0;) {
    const byte = nextByte();
    if (byte >= FIRST_UNUSED) continue;
    id += ALPHABET[byte % ALPHABET.length];
    missing -= 1;
  }
  return id;
}

/** Identifies one request, or one WebSocket, in its answer and in the log. */
export const newRequestId = () => randomUUID();
