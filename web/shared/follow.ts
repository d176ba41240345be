import type { GraphQLFormattedError } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import type { TypedDocumentString } from '../generated/graphql.ts';

interface Positioned {
  seq: number;
}

interface Options<Event extends Positioned> {
  /** The server's address, with a slash at the end. */
  root: URL;
  /** A subscription to `examEvents`. */
  document: TypedDocumentString<{ examEvents: Event }, { examId: string; after: number }>;
  examId: string;
  token(): string | null;
  /** The newest position that the page knows; 0 for the whole log. */
  after: number;
  onEvent(event: Event): void;
  /** @param code with which the connection was closed; 4401 and 4403 are for good */
  onConnected(isConnected: boolean, code?: number): void;
  /** Subscribes to what else goes over the same connection, and ends with it. */
  alongside?(client: Client): void;
  /** The log does not hold what follows: reads the exam again, and resolves with its newest position. */
  onResync(): Promise<number>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;
/** Browsers do not show the server's pings: silence is noticed by our own. */
const PING_MS = 10_000;
const PONG_MS = 8_000;

/** An operation that is refused throws its errors. */
const asksToReadAgain = (error: unknown): boolean =>
  Array.isArray(error) && error.some((one: GraphQLFormattedError) => one.extensions?.['code'] === 'RESYNC_REQUIRED');

/** For good: the credentials are no more accepted. Everything else passes. */
export const isFinal = (code: number | undefined) => code === 4401 || code === 4403;

/**
 * Follows the exam's log, for as long as the page lives: each attempt continues behind the last event that came.
 * @returns stops it
 */
export function followExam<Event extends Positioned>(options: Options<Event>): () => void {
  const { root, document: subscription, examId, token, onEvent, onConnected, onResync } = options;
  const url = new URL('graphql', root);
  url.protocol = url.protocol.replace('http', 'ws');
  const stop = new AbortController();
  let { after } = options;
  let pause = FIRST_PAUSE_MS;
  let wake = () => {};

  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** One connection. Resolves with the code with which it was closed, and whether the log does not hold what follows. */
  async function attempt(): Promise<{ closed: number | undefined; isBehind: boolean }> {
    let closed: number | undefined;
    let isBehind = false;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const query = subscription.toString();
    const client = createClient({
      url: url.href,
      lazy: true,
      retryAttempts: 0,
      keepAlive: PING_MS,
      connectionParams: () => ({ authorization: `Bearer ${token() ?? ''}` }),
      on: {
        connected: () => {
          pause = FIRST_PAUSE_MS;
          onConnected(true);
        },
        closed: (event) => {
          closed = (event as CloseEvent).code;
        },
        // A line that swallows everything is no closed line for a browser.
        ping: (isReceived) => {
          if (!isReceived) silence = setTimeout(() => client.terminate(), PONG_MS);
        },
        pong: () => clearTimeout(silence),
      },
    });
    options.alongside?.(client);
    try {
      for await (const { data } of client.iterate<{ examEvents: Event }>({ query, variables: { examId, after } })) {
        if (!data) break;
        after = data.examEvents.seq;
        onEvent(data.examEvents);
        if (stop.signal.aborted) break;
      }
    } catch (error) {
      // Of everything else the pause that follows, and the state of the connection, are all that can be said.
      isBehind = asksToReadAgain(error);
    } finally {
      clearTimeout(silence);
      await client.dispose();
    }
    return { closed, isBehind };
  }

  /** @returns whether the exam was read again */
  async function resync(): Promise<boolean> {
    try {
      after = await onResync();
      return true;
    } catch {
      // The server cannot be reached either.
      return false;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      const before = after;
      const { closed: code, isBehind } = await attempt();
      if (stop.signal.aborted) return;
      if (isBehind && (await resync()) && after !== before) continue;
      onConnected(false, code);
      if (isFinal(code)) return;
      await wait(pause * (0.5 + Math.random()));
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
  }

  const hurry = () => {
    pause = FIRST_PAUSE_MS;
    wake();
  };
  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', hurry);
  stop.signal.addEventListener('abort', () => {
    removeEventListener('online', hurry);
    document.removeEventListener('visibilitychange', hurry);
    wake();
  });
  void run();
  return () => stop.abort();
}
