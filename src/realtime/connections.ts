import { CloseCode } from 'graphql-ws';
import type { Logger } from '../log.ts';
import type { Viewer } from '../services/access.ts';
import type { Connection } from './connection.ts';

const TICK_MS = 1_000;
export const PING_MS = 12_000;
/** Clients take it as a reason to connect again, unlike 4429 and other codes of the protocol. */
const TOO_SLOW = CloseCode.ConnectionInitialisationTimeout;
/** Tabs of one candidate. */
const MAX_SOCKETS_OF_A_PARTICIPANT = 20;

interface Limits {
  socketsPerCredential: number;
  /** How long a socket may owe without once being even. */
  stallMs: number;
  log: Logger;
}

/** All sockets of the process, under one timer. */
export function createConnections({ socketsPerCredential, stallMs, log }: Limits) {
  const connections = new Set<Connection>();
  const perCredential = new Map<string, number>();
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
      // It cannot answer a ping that waits behind what it does not read.
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
    /** Counts the socket to its credential. Returns the way out; null where the credential has too many. */
    admit(viewer: Viewer): (() => void) | null {
      const name = viewer.keyId ?? JSON.stringify([viewer.role, viewer.examId, viewer.userId]);
      const count = perCredential.get(name) ?? 0;
      if (count >= (viewer.role === 'participant' ? MAX_SOCKETS_OF_A_PARTICIPANT : socketsPerCredential)) return null;
      perCredential.set(name, count + 1);
      return () => {
        const left = (perCredential.get(name) ?? 1) - 1;
        if (left > 0) perCredential.set(name, left);
        else perCredential.delete(name);
      };
    },
    closeAll(code: number, reason: string): void {
      clearInterval(timer);
      for (const connection of connections) connection.close(code, reason);
    },
  };
}

export type Connections = ReturnType<typeof createConnections>;
