import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

export interface Answer {
  status: number;
  headers?: OutgoingHttpHeaders;
  body: string;
}

export interface DrainLimits {
  /** Bytes of the request that are read and discarded. */
  maxBytes: number;
  /** In total. */
  maxMs: number;
  /** Time without a byte from the client. */
  idleMs: number;
}

/** The times of nginx's `lingering_close`; a gigabyte costs less than a second of CPU. */
const DRAIN: DrainLimits = { maxBytes: 1024 ** 3, maxMs: 30_000, idleMs: 5000 };

/**
 * Answers a request whose body may not have been read to its end, so that the client sees the answer.
 * Closing immediately would make the kernel reset the connection, and a client that is still sending would lose the answer.
 * So the answer is sent completely, the rest of the body is read and discarded within limits, then the connection ends.
 * If the body was read already, this is an ordinary answer that keeps the connection.
 * Resolves once the client has gone or the connection is closed; never rejects.
 */
export async function answerEarly(req: IncomingMessage, res: ServerResponse, answer: Answer, limits: DrainLimits = DRAIN): Promise<void> {
  const headers = { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) };
  // Node notices the end of a complete body only after its last bytes were delivered.
  if (!req.complete) await setImmediate();
  if (req.complete) {
    res.writeHead(answer.status, headers).end(answer.body);
    return;
  }
  res.writeHead(answer.status, { ...headers, connection: 'close' });
  // end() would close the socket once the answer is sent; the client knows from its length that it is complete.
  res.write(answer.body);
  await drain(req, limits);
  res.end();
}

function drain(req: IncomingMessage, { maxBytes, maxMs, idleMs }: DrainLimits): Promise<void> {
  if (req.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(deadline);
      clearTimeout(idle);
      req.off('data', count);
      resolve();
    };
    const deadline = setTimeout(stop, maxMs);
    const idle = setTimeout(stop, idleMs);
    let left = maxBytes;
    const count = (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) stop();
      else idle.refresh();
    };
    // The error listener stays: a late reset must not crash the process.
    req.on('data', count).on('error', stop).on('close', stop).on('end', stop);
    req.resume();
  });
}
