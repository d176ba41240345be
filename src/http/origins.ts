import type { IncomingMessage, ServerResponse } from 'node:http';

interface OriginSettings {
  /** Without a setting for it: the server is used from its own machine, by any of its names. */
  publicUrl: string;
  isPublicUrlSet: boolean;
  allowed: readonly string[];
}

const EXPOSED = [
  ...['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'ETag', 'Accept-Ranges', 'Content-Range', 'Content-Disposition'],
  ...['Location', 'Upload-Offset', 'Upload-Length', 'Upload-Expires', 'Tus-Resumable', 'Tus-Version', 'X-Recording-Id'],
].join(', ');

/** Web origins that may use the API: the server's own and those in the settings. The Host header is the client's word and decides nothing. */
export function createOrigins({ publicUrl, isPublicUrlSet, allowed }: OriginSettings) {
  const { origin: own, port } = new URL(publicUrl);
  const local = ['localhost', '127.0.0.1', '[::1]'].map((host) => new URL(`http://${host}:${port || 80}`).origin);
  const known = new Set([own, ...(isPublicUrlSet ? [] : local), ...allowed]);

  const isAllowed = ({ headers: { origin } }: IncomingMessage) => origin === undefined || known.has(origin);

  return {
    isAllowed,
    /** Adds the CORS headers; answers a preflight request and then returns true. */
    handle(req: IncomingMessage, res: ServerResponse): boolean {
      const { origin } = req.headers;
      res.setHeader('Vary', 'Origin');
      if (origin !== undefined && isAllowed(req)) {
        res.setHeader('Access-Control-Allow-Origin', origin);
        res.setHeader('Access-Control-Expose-Headers', EXPOSED);
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
