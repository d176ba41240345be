import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { ADMIN_KEY, type TestServer } from './server.ts';

const WATCH = /* GraphQL */ `
  subscription Watch($examId: ID!, $after: SafeInt) {
    warningAdded(examId: $examId, after: $after) {
      seq
      id
    }
  }
`;

/** A proctor's console: whatever happens to its socket, it reconnects with the last position it saw. */
export interface Console {
  /** In order of arrival, including repeats. */
  seen: { seq: number; id: string }[];
  /** Waits for this many warnings. */
  until(count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param servers tried in turn, starting with the first; the next one at each reconnection */
export function openConsole(servers: readonly TestServer[], examId: string): Console {
  const seen: Console['seen'] = [];
  let connections = 0;
  let changed = () => {};
  const client = createClient({
    url: () => `${servers[connections++ % servers.length]?.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { apiKey: ADMIN_KEY },
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  // Sent again at each reconnection, with its current value.
  const variables = { examId, after: 0 };
  client.subscribe<{ warningAdded: { seq: number; id: string } }>(
    { query: WATCH, variables },
    {
      next({ data, errors }) {
        if (!data) throw new Error(JSON.stringify(errors));
        seen.push(data.warningAdded);
        variables.after = data.warningAdded.seq;
        changed();
      },
      error() {},
      complete() {},
    },
  );
  return {
    seen,
    async until(count) {
      while (seen.length < count) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    close: async () => client.dispose(),
  };
}
