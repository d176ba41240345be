import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, validate as validateDocument } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Context } from '../context.ts';
import type { Graphql } from '../http/graphql.ts';
import { credentialOf } from '../http/authenticate.ts';
import type { Origins } from '../http/origins.ts';
import type { Logger } from '../log.ts';
import type { Viewer } from '../services/access.ts';

/** For a client to say who it is. */
const INIT_TIMEOUT_MS = 3_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const PING_MS = 12_000;
/** Told to every client at a restart, so that it connects again. */
const SERVICE_RESTART = 1012;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

interface SocketState extends Record<PropertyKey, unknown> {
  viewer?: Viewer;
  expiry?: NodeJS.Timeout;
}

interface Dependencies {
  server: Server;
  endpoint: string;
  graphql: Graphql;
  origins: Origins;
  log: Logger;
  authenticate(credential: string, req: IncomingMessage): Promise<Viewer>;
  makeContext(viewer: Viewer): Context;
}

/** GraphQL over WebSocket (graphql-transport-ws) on the HTTP server's port. */
export function createRealtime({ server, endpoint, graphql, origins, log, authenticate, makeContext }: Dependencies) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });

  function onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (req.url?.split('?', 1)[0] !== endpoint) return refuse(socket, '404 Not Found');
    if (!origins.isAllowed(req)) return refuse(socket, '403 Forbidden');
    sockets.handleUpgrade(req, socket, head, (webSocket) => sockets.emit('connection', webSocket, req));
  }

  const { execute, subscribe, contextFactory, parse, schema } = graphql.yoga.getEnveloped();
  const disposable = useServer<Record<string, unknown>, SocketState>(
    {
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      execute: (args) => execute(args),
      subscribe: (args) => subscribe(args),
      async onConnect({ connectionParams, extra }) {
        const credential = credentialIn(connectionParams) || credentialOf(extra.request.headers.authorization);
        const viewer = await authenticate(credential, extra.request).catch((error) => {
          log.debug({ err: error }, 'a socket was refused');
          return null;
        });
        if (!viewer || viewer.role === 'anonymous') return false;
        extra.viewer = viewer;
        if (viewer.expiresAt) {
          const left = Math.min(viewer.expiresAt.getTime() - Date.now(), MAX_TIMEOUT_MS);
          extra.expiry = setTimeout(() => extra.socket.close(CloseCode.Forbidden, 'Token expired'), left).unref();
        }
        return true;
      },
      onDisconnect({ extra }) {
        clearTimeout(extra.expiry);
      },
      /** A mistake in the operation is answered on its id; thrown, it would close the socket for good. */
      async onSubscribe({ extra }, _id, { query, variables, operationName }) {
        if (!extra.viewer) return [graphql.maskError(new Error('a subscription before the connection was acknowledged'))] as never;
        const ctx = makeContext(extra.viewer);
        try {
          const document = parse(query);
          const errors = validateDocument(schema, document);
          if (errors.length > 0) return errors;
          const contextValue: unknown = await contextFactory({ ctx });
          const args: ExecutionArgs = {
            schema,
            document,
            contextValue,
            variableValues: variables ?? null,
            operationName: operationName ?? null,
          };
          return args;
        } catch (error) {
          return [graphql.maskError(error)] as never;
        }
      },
    },
    sockets,
    PING_MS,
  );
  server.on('upgrade', onUpgrade);

  return {
    async close(): Promise<void> {
      server.off('upgrade', onUpgrade);
      for (const socket of sockets.clients) socket.close(SERVICE_RESTART, 'Service restart');
      await disposable.dispose();
    },
  };
}

/**
 * `connection_init` bears `{ "authorization": "Bearer …" }`, or `apiKey` or `token` with the bare credential; some clients
 * put what they would send as headers under `headers`.
 */
function credentialIn(params: Record<string, unknown> = {}): string {
  const { authorization, Authorization, apiKey, token, headers } = params;
  const direct = [authorization, Authorization, apiKey, token].map(credentialOf).find(Boolean);
  if (direct) return direct;
  return typeof headers === 'object' && headers !== null ? credentialIn({ ...headers, headers: undefined }) : '';
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
