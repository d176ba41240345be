// How a client follows an exam so that it misses nothing and sees nothing twice: copy this file, it needs graphql-ws and ws.
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const QUERY = `subscription ($examId: ID!, $after: SafeInt, $afterAt: DateTime) {
  warningAdded(examId: $examId, after: $after, afterAt: $afterAt) { seq userId type severity timestamp recordedAt details }
}`;

/** Another try would be refused again: malformed, no valid credentials, not permitted (any more), too many connections or logins. */
const TERMINAL = new Set([4400, 4401, 4403, 4406, 4429]);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A connection that was cut without a word is noticed after twice this time. */
const PING_MS = 10_000;

/**
 * Calls `onWarning` with every warning after the position `after`, in order and once each, and reconnects for as long as it
 * takes. Store `seq` and `recordedAt` of the last warning that you have handled: with them as `after` and `afterAt`, the next run
 * continues there, and notices if the server was restored from a backup meanwhile.
 * @param {object} options
 * @param {string} options.url of the server, such as `http://localhost:4000`
 * @param {string} options.credential an API key, or the token of a link
 * @param {string} options.examId
 * @param {number} [options.after] position in the exam's log; 0 replays everything
 * @param {string} [options.afterAt] when the event at that position happened
 * @param {(warning: { seq: number, userId: string | null, type: string, severity: string, timestamp: string, recordedAt: string, details: string | null }) => void} options.onWarning
 * @param {(reason: string, waitMs: number) => void} [options.onReconnect] the connection is lost and will be tried again
 * @returns resolves when the exam was deleted
 * @throws Error with the reason if trying again cannot help; with `oldestSeq` if the log no longer has what came after `after`:
 *   then read the exam again and continue from there
 */
export async function followWarnings({ url, credential, examId, after = 0, afterAt, onWarning, onReconnect = () => {} }) {
  let cursor = { after, afterAt };
  let failures = 0;
  for (;;) {
    const reason = await followOnce({ url, credential, examId, ...cursor }, (warning) => {
      failures = 0;
      // Moved for each warning, because a connection that was made again with the old position would bring everything again.
      cursor = { after: warning.seq, afterAt: warning.recordedAt };
      onWarning(warning);
    });
    if (reason === null) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    onReconnect(reason, wait);
    await delay(wait);
  }
}

/** One connection. @returns why it was lost; null if the subscription is complete */
function followOnce({ url, credential, examId, after, afterAt }, onWarning) {
  const client = connect(url, credential);
  return new Promise((resolve, reject) => {
    client.subscribe(
      { query: QUERY, variables: { examId, after, afterAt } },
      {
        next({ data, errors }) {
          if (errors) reject(refusal(errors[0]));
          else onWarning(/** @type {any} */ (data).warningAdded);
        },
        error(/** @type {any} */ error) {
          if (Array.isArray(error)) reject(refusal(error[0]));
          else if (TERMINAL.has(error.code)) reject(new Error(`${error.reason} (${error.code})`));
          else resolve(error.code ? `${error.reason || 'connection lost'} (${error.code})` : (error.message ?? String(error)));
        },
        complete: () => resolve(null),
      },
    );
  }).finally(() => void client.dispose());
}

/** A client that does not try again by itself, because it would ask from the old position. */
function connect(url, credential) {
  /** @type {any} */
  let socket;
  /** @type {NodeJS.Timeout | undefined} */
  let patience;
  return createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${credential}` },
    retryAttempts: 0,
    keepAlive: PING_MS,
    on: {
      opened: (opened) => (socket = opened),
      ping: (received) => {
        if (!received) patience = setTimeout(() => socket.terminate(), PING_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(patience);
      },
      closed: () => clearTimeout(patience),
    },
  });
}

/** What the server says about the operation itself. */
const refusal = (/** @type {any} */ { message, extensions }) =>
  Object.assign(new Error(message), { code: extensions?.code, oldestSeq: extensions?.oldestSeq });
