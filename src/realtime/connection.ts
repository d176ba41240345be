import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { RequestLog } from '../log.ts';
import type { Viewer } from '../services/access/viewer.ts';
import { Outlet } from './outlet.ts';
import type { Turn } from './turn.ts';

/** A message may cost a round trip to the database; no person is this fast. */
const MESSAGES_PER_SECOND = 100;
const MESSAGES_AT_ONCE = 200;

/** The state of one socket. */
export class Connection {
  readonly webSocket: WebSocket;
  readonly outlet: Outlet;
  /** Kept until the client has authenticated. */
  request: IncomingMessage | undefined;
  viewer: Viewer | undefined;
  /** Names the socket in log lines and masked errors: the id of the request that opened it. */
  readonly named: RequestLog;
  /** Releases everything that is held for its viewer. */
  release = () => {};
  /** When the next ping is due, by `performance.now()`. */
  pingAt: number;
  isAlive = true;
  #allowance = MESSAGES_AT_ONCE;
  #allowanceAt: number;

  constructor(
    webSocket: WebSocket,
    socket: Duplex,
    request: IncomingMessage,
    { named, turn, pingAt }: { named: RequestLog; turn: Turn; pingAt: number },
  ) {
    this.webSocket = webSocket;
    this.outlet = new Outlet(webSocket, socket, turn);
    this.request = request;
    this.named = named;
    this.pingAt = pingAt;
    this.#allowanceAt = performance.now();
  }

  /** Counts a message from the client; false if it sends too many. */
  mayReceive(): boolean {
    this.isAlive = true;
    const now = performance.now();
    this.#allowance = Math.min(MESSAGES_AT_ONCE, this.#allowance + ((now - this.#allowanceAt) / 1_000) * MESSAGES_PER_SECOND);
    this.#allowanceAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  /** Closes after sending what is pending. Nothing can be sent afterwards. */
  close(code: number, reason: string): void {
    this.outlet.flush();
    this.webSocket.close(code, reason);
    this.outlet.release();
  }
}
