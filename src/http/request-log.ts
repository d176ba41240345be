import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger, RequestLog } from '../log.ts';

export interface RequestLogOptions {
  log: Logger;
  /** The path without anything that a stranger chose or that is secret; null for one that leads nowhere. */
  routeOf(req: IncomingMessage): string | null;
}

/** Probes and preflight requests come every second, and say nothing. */
const isNoise = ({ method, url }: IncomingMessage) => method === 'OPTIONS' || url === '/healthz' || url === '/readyz';

/**
 * Writes one line per request when its answer has ended: method, route, status, milliseconds and request id, and on `debug` also
 * the address, the bytes and the user agent. Never a query, a credential, a user's id or name, or a body.
 */
export function createRequestLog({ log, routeOf }: RequestLogOptions) {
  const detailed = log.isLevelEnabled('debug');
  const wanted = log.isLevelEnabled('info');

  return (req: IncomingMessage, res: ServerResponse, { requestId }: RequestLog): void => {
    if (!wanted || (isNoise(req) && !detailed)) return;
    const began = performance.now();
    res.once('close', () => {
      const line = {
        requestId,
        method: req.method,
        route: routeOf(req),
        status: res.headersSent ? res.statusCode : null,
        ms: Math.round(performance.now() - began),
        // The client has gone before the answer was complete.
        ...(!res.writableFinished && { aborted: true }),
        ...(detailed && {
          address: req.socket.remoteAddress,
          received: req.headers['content-length'],
          sent: res.getHeader('content-length'),
          userAgent: req.headers['user-agent'],
        }),
      };
      if (isNoise(req)) log.debug(line, 'request');
      else log.info(line, 'request');
    });
  };
}
