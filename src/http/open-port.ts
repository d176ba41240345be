import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { StartupError } from '../errors.ts';
import { version } from '../version.ts';
import { answerEarly } from './answer-early.ts';

export interface PortOptions {
  port: number;
  host: string;
  /** Time for the headers of a request, if that is less than 10 s. */
  slowRequestSeconds: number;
  /** How long an idle connection stays open. */
  keepAliveSeconds: number;
}

export interface OpenPort {
  server: Server;
  /** The one that was chosen, if `port` was 0. */
  port: number;
  /** Ends the answering of early requests: whoever calls it answers from now on. */
  handOver(): void;
  /** For a start that failed. */
  close(): void;
}

/** Headers are one packet or a few; a connection that sends nothing counts as one whose headers do not come. */
const MAX_HEADERS_MS = 10_000;
/** Connections that wait to be accepted, if the system allows so many: at the start of an exam, thousands come within a second. */
const MAX_BACKLOG = 4_096;

/**
 * Listens before anything else has started, so that a port in use is noticed before a database is created. Until `handOver`,
 * requests are answered with 503.
 * @throws StartupError if it cannot listen
 */
export async function openPort({ port, host, slowRequestSeconds, keepAliveSeconds }: PortOptions): Promise<OpenPort> {
  const headersTimeout = Math.min(MAX_HEADERS_MS, slowRequestSeconds * 1_000);
  const server = createServer({
    // No request timeout, because large uploads take hours: `refuseSlowBodies` limits them.
    requestTimeout: 0,
    headersTimeout,
    connectionsCheckingInterval: Math.ceil(headersTimeout / 12),
    // Longer than a balancer's, which would otherwise send a request just as this server closes.
    keepAliveTimeout: keepAliveSeconds * 1_000,
    // Checked by the server, which answers in the documented envelope.
    requireHostHeader: false,
  });
  server.on('request', answerStarting);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? `port ${port} is in use: stop what uses it, or set PORT` : error.message;
      reject(new StartupError(`Cannot listen on ${host}: ${reason}`, { cause: error }));
    });
    server.listen({ port, host, backlog: MAX_BACKLOG }, resolve);
  });
  const address = server.address();
  return {
    server,
    port: typeof address === 'object' && address ? address.port : port,
    handOver: () => server.off('request', answerStarting),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answerStarting(req: IncomingMessage, res: ServerResponse): void {
  const path = req.url?.split('?', 1)[0];
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'retry-after': '1' };
  const error = { code: 'server_error', message: 'The server is starting: try again in a second', details: [] };
  if (path === '/healthz') void answerEarly(req, res, { status: 200, headers, body: JSON.stringify({ status: 'ok', version }) });
  else if (path === '/readyz') void answerEarly(req, res, { status: 503, headers, body: JSON.stringify({ status: 'starting' }) });
  else void answerEarly(req, res, { status: 503, headers, body: JSON.stringify({ error }) });
}
