import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Far below any connection that can carry camera pictures. */
const LEAST_BYTES_PER_SECOND = 256;
const LOOKS = 12;

interface Watched {
  res: ServerResponse;
  /** Bytes read from the socket when the period began. */
  from: number;
  /** When the period began, by `performance.now()`. */
  since: number;
}

const hasBody = ({ headers }: IncomingMessage) => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

export interface SlowBodies {
  /** How long a body may bring less than 256 bytes per second. */
  seconds: number;
  /** Answers if nothing was answered yet. The socket is closed once the answer is sent. */
  refuse(req: IncomingMessage, res: ServerResponse): void;
}

/**
 * Disconnects clients that send a request's body too slowly, or not at all, at every endpoint and even after an answer. Time in
 * which bytes wait for this server does not count. Returns a stop function.
 */
export function refuseSlowBodies(server: Server, { seconds, refuse }: SlowBodies): () => void {
  const open = new Map<IncomingMessage, Watched>();
  /** New in this turn: most bodies arrive with their headers and need no watching. */
  const fresh: [IncomingMessage, Watched][] = [];
  const everyMs = (seconds * 1_000) / LOOKS;
  let lookedAt = performance.now();
  const timer = setInterval(look, everyMs).unref();

  function watch(req: IncomingMessage, res: ServerResponse): void {
    if (!hasBody(req)) return;
    if (fresh.length === 0) setImmediate(keepIncomplete);
    fresh.push([req, { res, from: req.socket.bytesRead, since: performance.now() }]);
  }

  function keepIncomplete(): void {
    for (const [req, watched] of fresh.splice(0)) if (!req.complete) open.set(req, watched);
  }

  function look(): void {
    const now = performance.now();
    // Bytes that arrived while this process was suspended are not read yet, so that time must not count.
    const isLate = now - lookedAt > 2 * everyMs;
    lookedAt = now;
    for (const [req, watched] of open) {
      if (isLate) watched.since = now;
      if (req.complete || req.socket.destroyed) open.delete(req);
      else if (isTooSlow(req, watched, now)) giveUp(req, watched.res);
    }
  }

  function isTooSlow(req: IncomingMessage, watched: Watched, now: number): boolean {
    const { bytesRead } = req.socket;
    const isOwing = req.readableLength === 0;
    if (isOwing && now - watched.since < seconds * 1_000) return false;
    const isSlow = isOwing && bytesRead - watched.from < seconds * LEAST_BYTES_PER_SECOND;
    watched.from = bytesRead;
    watched.since = now;
    return isSlow;
  }

  function giveUp(req: IncomingMessage, res: ServerResponse): void {
    open.delete(req);
    // Not only the socket: after an answer, the reader of the request would not notice.
    if (res.headersSent) return void req.destroy();
    res.once('finish', () => req.destroy());
    refuse(req, res);
  }

  server.prependListener('request', watch);
  return () => {
    server.off('request', watch);
    clearInterval(timer);
  };
}
