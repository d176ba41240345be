import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { refuseLargeJson } from '../http/bodies/json-text.ts';
import type { Origins } from '../http/origins.ts';
import { type Logger, nameRequest, type RequestLog } from '../log.ts';
import { Connection } from './connection.ts';
import { watchConnections, PING_MS } from './connections.ts';
import { MAX_BYTES_OF_NOBODY, MAX_MESSAGE_BYTES, MAX_MESSAGE_MEMBERS } from './limits.ts';
import { createProtocol, type ProtocolDependencies } from './protocol.ts';
import { Turn } from './turn.ts';

/** Close code at a restart: clients reconnect after it. */
const SERVICE_RESTART = 1012;
/** Time for a peer to answer the closing handshake. */
const CLOSE_MS = 5_000;

interface Dependencies extends Omit<ProtocolDependencies, 'connections' | 'turn'> {
  server: Server;
  endpoint: string;
  origins: Origins;
  socketsPerCredential: number;
  stallSeconds: number;
  log: Logger;
}

/** GraphQL over WebSocket (graphql-transport-ws) on the HTTP server's port. */
export function startRealtime({ server, endpoint, origins, log, socketsPerCredential, stallSeconds, ...rest }: Dependencies) {
  // Uncompressed: frames bypass `ws`, and deflate would cost 230 KB per socket.
  const options = {
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    closeTimeout: CLOSE_MS, // unknown to @types/ws
    handleProtocols,
  };
  const sockets = new WebSocketServer(options);
  const names = new WeakMap<IncomingMessage, RequestLog>();
  sockets.on('headers', (headers: string[], req) => {
    const named = names.get(req);
    if (named) headers.push(`X-Request-Id: ${named.requestId}`);
  });
  const turn = new Turn();
  const connections = watchConnections({ socketsPerCredential, stallMs: stallSeconds * 1_000, log });
  const protocol = createProtocol({ ...rest, log, connections, turn });

  function onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const named = nameRequest(log);
    socket.on('error', destroy);
    if (req.url?.split('?', 1)[0] !== endpoint) return refuse(socket, '404 Not Found', named);
    if (!origins.isAllowed(req)) return refuse(socket, '403 Forbidden', named);
    names.set(req, named);
    sockets.handleUpgrade(req, socket, head, (webSocket) => open(webSocket, socket, req, named));
  }

  function open(webSocket: WebSocket, socket: Duplex, req: IncomingMessage, named: RequestLog): void {
    const connection = new Connection(webSocket, socket, req, { named, turn, pingAt: performance.now() + PING_MS });
    connections.add(connection);
    refuseMuch(connection, socket);
    const opened = protocol.opened(
      {
        protocol: webSocket.protocol,
        send: (text) => connection.outlet.sendText(text),
        close: (code = CloseCode.InternalServerError, reason = '') => connection.close(code, reason),
        onMessage: (handle) => webSocket.on('message', (data) => receive(connection, () => handle(textOf(data)))),
      },
      connection,
    );
    webSocket.on('ping', () => receive(connection));
    webSocket.on('pong', () => receive(connection));
    webSocket.on('error', (error) => named.log.debug({ err: error }, 'a socket failed'));
    webSocket.once('close', (code, reason) => {
      connections.remove(connection);
      connection.release();
      connection.outlet.release();
      opened(code, String(reason)).catch((error) => named.log.error({ err: error }, 'a socket was not cleaned up'));
    });
  }

  function receive(connection: Connection, handle?: () => Promise<void>): void {
    if (connection.outlet.isClosed) return;
    if (!connection.mayReceive()) return connection.close(CloseCode.TooManyInitialisationRequests, 'Too many messages');
    handle?.().catch((error) => {
      connection.named.log.error({ err: error }, 'a message of a socket failed');
      connection.close(CloseCode.InternalServerError, 'Internal server error');
    });
  }

  server.on('upgrade', onUpgrade);

  return {
    /** Tells every client to reconnect elsewhere, and cuts off those that do not leave in time. */
    async close(): Promise<void> {
      server.off('upgrade', onUpgrade);
      connections.closeAll(SERVICE_RESTART, 'Service restart');
      await new Promise((resolve) => {
        sockets.close(resolve);
      });
    },
  };
}

/** Limits what a socket may send before it has authenticated, because an incomplete message is held in memory. */
function refuseMuch(connection: Connection, socket: Duplex): void {
  let received = 0;
  const count = (bytes: Buffer) => {
    received += bytes.length;
    if (connection.viewer) socket.off('data', count);
    else if (received > MAX_BYTES_OF_NOBODY) connection.webSocket.terminate();
  };
  socket.on('data', count);
}

/**
 * The text of a message, which its receiver parses; empty if parsing would take long or fail because of its depth.
 * By default `ws` delivers a single Buffer, whatever its type says.
 */
function textOf(data: RawData): string {
  if (!Buffer.isBuffer(data)) return '';
  try {
    refuseLargeJson(data, { maxMembers: MAX_MESSAGE_MEMBERS });
    return data.toString('utf8');
  } catch {
    return '';
  }
}

/** Not a closure over the upgrade, which would keep its request in memory as long as the socket lives. */
function destroy(this: Duplex): void {
  this.destroy();
}

function refuse(socket: Duplex, status: string, { requestId }: RequestLog): void {
  socket.end(`HTTP/1.1 ${status}\r\nX-Request-Id: ${requestId}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
