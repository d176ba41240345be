import { CloseCode } from 'graphql-ws';
import { mostSockets, PerCredential } from '../http/limits/per-credential.ts';
import type { Logger } from '../log.ts';
import type { Viewer } from '../services/access/viewer.ts';
import type { Connection } from './connection.ts';

const TICK_MS = 1_000;
export const PING_MS = 12_000;
/** Clients reconnect after this code, unlike after 4429 and other codes of the protocol. */
const TOO_SLOW = CloseCode.ConnectionInitialisationTimeout;

interface Limits {
  socketsPerCredential: number;
  /** How long a socket may have unread data without catching up once. */
  stallMs: number;
  log: Logger;
}

/** All sockets of the process, with one timer for all of them. */
export function createConnections({ socketsPerCredential, stallMs, log }: Limits) {
  const connections = new Set<Connection>();
  const perCredential = new PerCredential();
  const timer = setInterval(() => {
    const now = performance.now();
    const date = Date.now();
    for (const connection of connections) tick(connection, now, date);
  }, TICK_MS);
  timer.unref();

  function tick(connection: Connection, now: number, date: number): void {
    const { outlet, viewer, webSocket } = connection;
    if (outlet.isClosed) return;
    if (viewer?.expiresAt && viewer.expiresAt.getTime() <= date) return connection.close(CloseCode.Forbidden, 'Token expired');
    if (outlet.stalledSince !== null) {
      // It cannot answer a ping that is queued behind data it does not read.
      if (now - outlet.stalledSince > stallMs) {
        log.info({ name: viewer?.name }, 'closing a socket that does not read');
        connection.close(TOO_SLOW, 'Too slow');
      }
      return;
    }
    if (now < connection.pingAt) return;
    if (!connection.isAlive) return webSocket.terminate();
    connection.isAlive = false;
    connection.pingAt = now + PING_MS;
    webSocket.ping();
  }

  return {
    add(connection: Connection): void {
      connections.add(connection);
    },
    remove(connection: Connection): void {
      connections.delete(connection);
    },
    /** Counts the socket for its credential. Returns a release function, or null if the credential has too many. */
    admit: (viewer: Viewer): (() => void) | null => perCredential.hold(viewer, mostSockets(viewer, socketsPerCredential)),
    closeAll(code: number, reason: string): void {
      clearInterval(timer);
      for (const connection of connections) connection.close(code, reason);
    },
  };
}

export type Connections = ReturnType<typeof createConnections>;
