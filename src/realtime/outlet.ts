import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { textFrame } from './frames.ts';
import type { Turn } from './turn.ts';

/**
 * Bytes that a socket may have pending. Not less than the high-water mark of Node's sockets, below which they emit no 'drain'.
 * Thousands of slow sockets take this much memory each.
 */
const HIGH_WATER = 64 * 1024;

/**
 * Everything that one socket sends goes through here, in order, in whole frames, and with one write per turn of the event
 * loop. It never queues for a subscriber: a sender that finds it congested waits and reads the log later.
 */
export class Outlet {
  /** Since when the peer has left data unread, by `performance.now()`; null if it has read everything. */
  stalledSince: number | null = null;
  /** Number of subscriptions on this socket. */
  subscriptions = 0;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #turn: Turn;
  #pending = '';
  #drained: { promise: Promise<void>; resolve: () => void } | undefined;

  /** @param socket the one that carries `webSocket`; it must not use compression, because hand-built frames are not compressed */
  constructor(webSocket: WebSocket, socket: Duplex, turn: Turn) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#turn = turn;
  }

  get isClosed(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN;
  }

  get isCongested(): boolean {
    return this.#socket.writableLength + this.#pending.length > HIGH_WATER;
  }

  /** Sends whole frames, together with everything else from this turn. */
  send(frames: string): void {
    if (this.isClosed) return;
    if (this.#pending === '') this.#turn.write(this);
    this.#pending += frames;
  }

  /** Sends the frames at the end of a turn: immediately if no other subscription can add to them. */
  sendLast(frames: string): void {
    if (this.subscriptions > 1 || this.#pending !== '') this.send(frames);
    else if (!this.isClosed) this.#socket.write(frames, 'latin1');
  }

  /** @returns a promise if the sender should wait before it continues. */
  sendText(text: string): Promise<void> | undefined {
    this.send(textFrame(text));
    return this.isCongested ? this.drained() : undefined;
  }

  flush(): void {
    const frames = this.#pending;
    this.#pending = '';
    if (frames !== '' && !this.isClosed) this.#socket.write(frames, 'latin1');
  }

  /** Resolves when there is room again, or when the socket is closed. */
  drained(): Promise<void> {
    this.flush();
    if (this.isClosed || !this.isCongested) return Promise.resolve();
    if (!this.#drained) {
      const { promise, resolve } = withResolvers();
      this.#drained = { promise, resolve };
      this.stalledSince = performance.now();
      this.#socket.once('drain', () => this.release());
    }
    return this.#drained.promise;
  }

  /** Wakes everybody who waits for room. */
  release(): void {
    this.stalledSince = null;
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
