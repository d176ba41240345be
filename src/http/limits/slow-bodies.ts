import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Far below what any line carries that a camera's pictures are sent by. */
const LEAST_BYTES_PER_SECOND = 256;
const LOOKS = 12;

interface Watched {
  res: ServerResponse;
  /** Bytes of the socket when the stretch began, */
  from: number;
  /** and when that was, by `performance.now()`. */
  since: number;
}

const hasBody = ({ headers }: IncomingMessage) => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

export interface SlowBodies {
  /** How long a body may bring less than 256 bytes a second. */
  seconds: number;
  /** Answers where nothing was answered yet. The socket is closed once that is sent. */
  refuse(req: IncomingMessage, res: ServerResponse): void;
}

/**
 * Gives up clients that send a request's body too slowly, or not at all, whichever door reads it and also after it was
 * answered. Time in which bytes wait for this server does not count. Returns a function that ends the watch.
 */
export function refuseSlowBodies(server: Server, { seconds, refuse }: SlowBodies): () => void {
  const open = new Map<IncomingMessage, Watched>();
  /** Of this turn: most bodies come with their headers and need no watch. */
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
    // Bytes that came while this process stood still are not read yet: that time is nobody's.
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
    // Not the socket alone: once it was answered, whoever reads the request would not hear of it.
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
