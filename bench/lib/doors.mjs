import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { openConnection, requestBytes } from './http-client.mjs';
import { multipart } from './media.mjs';

const PATH = '/graphql';
const UNAUTHORIZED = 4401;

const form = ({ query, variables }, file) => {
  const map = JSON.stringify(file ? { f: ['variables.file'] } : {});
  const { chunks, type } = multipart({ operations: JSON.stringify({ query, variables }), map }, 'f', file ?? Buffer.alloc(0));
  return { method: 'POST', path: PATH, body: Buffer.concat(chunks), type };
};
const post =
  (accept, search = '') =>
  ({ query, variables }) => ({ method: 'POST', path: `${PATH}${search}`, accept, body: { query, variables } });
const get = ({ query, variables }) => ({
  path: `${PATH}?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`,
});

/** Every transport. `request` makes an HTTP request from an operation; a WebSocket has none. */
export const DOORS = [
  { name: 'POST of JSON', takesMutations: true, request: post('application/json') },
  // An Accept header and a URL that our own handling of POST leaves to yoga.
  { name: 'POST answered by yoga', takesMutations: true, request: post('application/json;q=1.0') },
  { name: 'POST with a query string', takesMutations: true, request: post('application/json', '?x=1') },
  { name: 'POST for an event stream', takesMutations: true, request: post('text/event-stream') },
  { name: 'multipart form', takesMutations: true, takesFiles: true, request: form },
  { name: 'GET', takesMutations: false, request: get },
  { name: 'WebSocket', takesMutations: true },
];

/** The single result of an event stream, or a plain JSON answer. */
function readAnswer(body) {
  const text = body.toString();
  return JSON.parse(/^data: (\{.*\})$/m.exec(text)?.[1] ?? text);
}

/** A viewer's connection and socket, which are both kept. */
export async function openVisit({ port, viewer }) {
  const kept = viewer.credential === null ? null : await openConnection(port);
  const socket = createClient({
    url: `ws://127.0.0.1:${port}${PATH}`,
    webSocketImpl: WebSocket,
    connectionParams: viewer.credential === null ? {} : { apiKey: viewer.credential },
    // Without credentials, the socket is closed at every operation.
    lazy: viewer.credential === null,
    retryAttempts: 0,
  });

  async function byHttp(request) {
    const bytes = requestBytes({ ...request, token: viewer.credential });
    if (kept) return readAnswer((await kept.request(bytes)).body);
    // A request without credentials may be answered before it is read, and its connection closed.
    const connection = await openConnection(port);
    try {
      return readAnswer((await connection.request(bytes)).body);
    } finally {
      connection.close();
    }
  }

  const bySocket = (operation) =>
    new Promise((resolve, reject) => {
      /** @type {any} */
      let answer = null;
      const settle = (why) => (answer ? resolve(answer) : reject(new Error(`no answer: ${why}`)));
      socket.subscribe(operation, {
        next: (result) => (answer = result),
        error(/** @type {any} */ error) {
          if (Array.isArray(error)) answer = { errors: error };
          else if (error.code === UNAUTHORIZED) answer = { errors: [{ extensions: { code: 'UNAUTHORIZED' } }] };
          settle(error.reason ?? error);
        },
        complete: () => settle('complete'),
      });
    });

  return {
    ask: (door, { query, variables, file }) =>
      door.request ? byHttp(door.request({ query, variables }, file)) : bySocket({ query, variables }),
    /** @returns a function that ends the subscription */
    watch: (query, variables, onResult) =>
      socket.subscribe({ query, variables }, { next: onResult, error: (error) => onResult({ errors: [error].flat() }), complete() {} }),
    async close() {
      kept?.close();
      await socket.dispose();
    },
  };
}
