import { WebSocket } from 'ws';
import { ADMIN_KEY, type TestServer } from './server.ts';

export interface Message {
  id?: string;
  type: string;
  payload?: { data?: Record<string, unknown>; errors?: unknown[] } & Record<string, unknown>;
}

/** A client that speaks graphql-transport-ws by hand, to do what a well-behaved one never would. */
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
  // Who expects a refusal looks at that; nobody else is told twice.
  opened.catch(() => {});

  const socket = {
    webSocket,
    opened,
    closed,
    messages,
    send: (message: object) => webSocket.send(JSON.stringify(message)),
    /** Waits until so many messages of a kind came; fewer where the socket closed. */
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
