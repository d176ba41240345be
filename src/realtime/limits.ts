/** What one socket may ask of this process. How many sockets a credential may open: src/http/limits/per-credential.ts. */

/** Time for a client to authenticate. */
export const INIT_TIMEOUT_MS = 3_000;
/** Concurrent operations per socket, including subscriptions. */
export const MAX_OPERATIONS = 50;
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Limit for everything that a socket sends before it has authenticated. */
export const MAX_BYTES_OF_NOBODY = 64 * 1024;
/** Members and elements in the JSON of a message. */
export const MAX_MESSAGE_MEMBERS = 50_000;
/** A message may cost a round trip to the database; no person is this fast. */
export const MESSAGES_PER_SECOND = 100;
export const MESSAGES_AT_ONCE = 200;
