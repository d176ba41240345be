import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { textFrame } from './frames.ts';
import type { Turn } from './turn.ts';

/**
 * Bytes that a socket may owe. Not less than the high-water mark of Node's sockets, below which none tells of 'drain'.
 * With thousands of slow sockets this, times their number, is what they take.
 */
const HIGH_WATER = 64 * 1024;

/**
 * The way out of one socket: all that is sent goes through here, in order, whole frames at a time, and what one turn
 * brings in one write. It never queues for a subscriber: who finds it congested waits and reads the log later.
 */
export class Outlet {
  /** Since when the peer has not taken what it is owed, by `performance.now()`; null where it has. */
  stalledSince: number | null = null;
  /** Subscriptions that are served here. */
  subscriptions = 0;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #turn: Turn;
  #pending = '';
  #drained: { promise: Promise<void>; resolve: () => void } | undefined;

  /** @param socket the one that carries `webSocket`; it must not be compressed, which frames written by hand are not */
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

  /** Sends whole frames with whatever else this turn brings. */
  send(frames: string): void {
    if (this.isClosed) return;
    if (this.#pending === '') this.#turn.write(this);
    this.#pending += frames;
  }

  /** Sends the frames of a turn that ends: at once where no other subscription can add to them. */
  sendLast(frames: string): void {
    if (this.subscriptions > 1 || this.#pending !== '') this.send(frames);
    else if (!this.isClosed) this.#socket.write(frames, 'latin1');
  }

  /** @returns a promise where the sender should wait before it goes on. */
  sendText(text: string): Promise<void> | undefined {
    this.send(textFrame(text));
    return this.isCongested ? this.drained() : undefined;
  }

  flush(): void {
    const frames = this.#pending;
    this.#pending = '';
    if (frames !== '' && !this.isClosed) this.#socket.write(frames, 'latin1');
  }

  /** Resolves when there is room again, or never will be. */
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

  /** Lets go of whoever waits for room. */
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
