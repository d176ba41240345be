import { WebSocket } from 'ws';
import { ADMIN_KEY, type TestServer } from './server.ts';

export interface Message {
  id?: string;
  type: string;
  payload?: { data?: Record<string, unknown>; errors?: unknown[] } & Record<string, unknown>;
}

/** A hand-written graphql-transport-ws client, for things that a well-behaved client never does. */
export function openSocket(server: TestServer, headers: Record<string, string> = {}) {
  const webSocket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  const messages: Message[] = [];
  let changed = () => {};
  webSocket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString('utf8')) as Message);
    changed();
  });
  webSocket.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    webSocket.once('close', (code, reason) => {
      changed();
      resolve({ code, reason: reason.toString() });
    });
  });
  const opened = new Promise<void>((resolve, reject) => {
    webSocket.once('open', resolve);
    webSocket.once('error', reject);
  });
  // Tests that expect a refusal await it; for the others this avoids an unhandled rejection.
  opened.catch(() => {});

  const socket = {
    webSocket,
    opened,
    closed,
    messages,
    send: (message: object) => webSocket.send(JSON.stringify(message)),
    /** Waits until this many messages of a kind have arrived; returns fewer if the socket closes. */
    async until(count: number, wanted: (message: Message) => boolean = () => true): Promise<Message[]> {
      while (webSocket.readyState < WebSocket.CLOSED && messages.filter(wanted).length < count) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
      return messages.filter(wanted);
    },
    async init(credential = ADMIN_KEY): Promise<void> {
      await opened;
      socket.send({ type: 'connection_init', payload: { apiKey: credential } });
      await socket.until(1, ({ type }) => type === 'connection_ack');
    },
    subscribe: (id: string, query: string, variables: Record<string, unknown> = {}) =>
      socket.send({ id, type: 'subscribe', payload: { query, variables } }),
    /** Messages of one operation. */
    of: (id: string, count: number) => socket.until(count, (message) => message.id === id),
  };
  return socket;
}
