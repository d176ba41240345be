import type { IncomingMessage, ServerResponse } from 'node:http';

/** Web origins that may use the API: the server's own and those in the settings. */
export function createOrigins({ publicUrl, allowed }: { publicUrl: string; allowed: readonly string[] }) {
  const known = new Set([new URL(publicUrl).origin, ...allowed]);

  const isAllowed = ({ headers: { origin, host } }: IncomingMessage) =>
    origin === undefined || known.has(origin) || (host !== undefined && URL.canParse(origin) && new URL(origin).host === host);

  return {
    isAllowed,
    /** Adds the CORS headers; answers a preflight request and then returns true. */
    handle(req: IncomingMessage, res: ServerResponse): boolean {
      const { origin } = req.headers;
      if (origin !== undefined && isAllowed(req)) {
        res.setHeader('Access-Control-Allow-Origin', origin);
        res.setHeader(
          'Access-Control-Expose-Headers',
          'X-Request-Id, Location, Upload-Offset, Upload-Length, Tus-Resumable, X-Recording-Id, Retry-After',
        );
        res.setHeader('Vary', 'Origin');
      }
      if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false;
      res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
      res.setHeader('Access-Control-Allow-Headers', req.headers['access-control-request-headers'] ?? '');
      res.setHeader('Access-Control-Max-Age', '600');
      res.writeHead(204).end();
      return true;
    },
  };
}

export type Origins = ReturnType<typeof createOrigins>;
