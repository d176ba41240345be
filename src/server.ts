import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createRouter } from '../rest-compat/router.ts';
import { routes } from '../rest-compat/routes.ts';
import { createSpoolScope } from './adapters/storage/spool-scope.ts';
import type { App } from './app.ts';
import { slices } from './async/slices.ts';
import type { Context } from './context.ts';
import { invalidField } from './errors.ts';
import { answerEarly } from './http/answer-early.ts';
import { addressOf, authenticate, credentialOf } from './http/authenticate.ts';
import { errorAnswer, statusOf } from './http/error-answer.ts';
import { maskError } from './http/graphql/error-mask.ts';
import { createGraphql } from './http/graphql/graphql.ts';
import { createLimits } from './http/limits/limits.ts';
import { createOpenBodies } from './http/limits/open-bodies.ts';
import { refuseSlowBodies } from './http/limits/slow-bodies.ts';
import { refuseMalformed } from './http/malformed-requests.ts';
import type { OpenPort } from './http/open-port.ts';
import { createOrigins } from './http/origins.ts';
import { createPages } from './http/pages/pages.ts';
import { checkReadiness } from './http/readiness.ts';
import { answerReceiptKey } from './http/receipt-key.ts';
import { createRequestLog } from './http/request-log.ts';
import { createUploads } from './http/tus/tus.ts';
import { nameRequest, type RequestLog } from './log.ts';
import { projectRoot } from './paths.ts';
import { startRealtime } from './realtime/server.ts';
import type { Viewer } from './services/access/viewer.ts';
import { RECEIPT_KEY_PATH } from './services/receipts/receipt-key.ts';
import { version } from './version.ts';

const GRAPHQL = '/graphql';
/** How long running requests may continue at a shutdown. */
const SHUTDOWN_MS = 10_000;

const JSON_TYPE = 'application/json; charset=utf-8';

const pathOf = (req: IncomingMessage) => req.url?.split('?', 1)[0] ?? '/';
const isGraphql = (req: IncomingMessage) => pathOf(req) === GRAPHQL;

/** Proxies may send the whole URL (RFC 9112 section 3.2.2). */
const withoutOrigin = (url: string | undefined) => url?.replace(/^https?:\/\/[^/?#]*(?=\/|\?|$)/i, '') || '/';

/** @throws AppError `invalid_request` for a compressed body: it would be read as broken JSON. */
function refuseEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding && encoding !== 'identity') throw invalidField('Content-Encoding', 'Bodies must be sent without compression');
}

const failure = (req: IncomingMessage, error: unknown, named: RequestLog) =>
  isGraphql(req) ? { ...statusOf(error), body: { errors: [maskError(error, named)] } } : errorAnswer(error, named);

/**
 * The HTTP server: REST under `/api`, GraphQL and its WebSocket at `/graphql`, the pages, and the probes. It answers from `open()` on;
 * until then the port does.
 */
export async function startServer(app: App, { server, port, handOver }: OpenPort) {
  const { config, log, services } = app;
  const limits = createLimits({ requestsPerMinute: config.RATE_LIMIT_PER_MINUTE });
  const openBodies = createOpenBodies({ perCredential: config.MAX_UPLOADS_PER_CREDENTIAL });
  const rest = createRouter(routes);
  const graphql = createGraphql({ endpoint: GRAPHQL, socketsPerCredential: config.MAX_SOCKETS_PER_CREDENTIAL });
  const uploads = await createUploads({
    app,
    directory: join(config.DATA_DIR, 'uploads'),
    maxBytes: config.MAX_RECORDING_BYTES,
    encryptionKeys: config.STORAGE_ENCRYPTION_KEY ? [config.STORAGE_ENCRYPTION_KEY, ...config.STORAGE_ENCRYPTION_KEY_OLD] : [],
  });
  const publicUrl = (config.PUBLIC_URL ?? `http://localhost:${port}`).replace(/\/+$/, '');
  const origins = createOrigins({ publicUrl, isPublicUrlSet: config.PUBLIC_URL !== undefined, allowed: config.ALLOWED_ORIGINS });

  const identify = (credential: string, req: IncomingMessage) =>
    authenticate(credential, addressOf(req), { access: services.access, limits });
  const makeContext = (viewer: Viewer, named = nameRequest(log), req?: IncomingMessage): Context =>
    Object.freeze({
      viewer,
      address: req ? addressOf(req) : '',
      db: app.db,
      services,
      storage: app.storage,
      config,
      publicUrl,
      requestId: named.requestId,
      get log() {
        return named.log;
      },
      idempotencyKey: req?.headers['idempotency-key']?.toString() ?? null,
      keeper: null,
      writesRaw: false,
    });
  const realtime = startRealtime({
    server,
    endpoint: GRAPHQL,
    graphql,
    access: services.access,
    origins,
    log,
    socketsPerCredential: config.MAX_SOCKETS_PER_CREDENTIAL,
    stallSeconds: config.SOCKET_STALL_SECONDS,
    authenticate: identify,
    makeContext,
  });

  async function handle(req: IncomingMessage, res: ServerResponse, named: RequestLog): Promise<void> {
    req.url = withoutOrigin(req.url);
    res.setHeader('X-Request-Id', named.requestId);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    // The questions in an exam room are framed with their own origin: by a redirect it could be ours, with all that the room may do.
    res.setHeader('Content-Security-Policy', "frame-ancestors 'none'");
    res.setHeader('X-Frame-Options', 'DENY');
    if (req.headers.host === undefined && req.httpVersion === '1.1')
      return answerError(req, res, invalidField('Host', 'Is required'), named);
    if (origins.handle(req, res)) return;
    async function enter(): Promise<Context> {
      refuseEncoded(req);
      const viewer = await identify(credentialOf(req.headers.authorization), req);
      openBodies.admit(viewer, req, res);
      return makeContext(viewer, named, req);
    }
    const path = pathOf(req);
    if (path === '/healthz') return answer(req, res, 200, { status: 'ok', version });
    if (path === '/readyz') return answerReady(req, res);
    if (answerReceiptKey(req, res, path, services.receipts.jwk)) return;
    // A thousand requests that arrive together would be begun in one piece, in which nobody else is answered.
    if (slices.isUsedUp) await slices.next(req.headers.authorization ?? addressOf(req));
    if (isGraphql(req)) return answerGraphql(req, res, named, enter);
    if (path === uploads.path || path.startsWith(`${uploads.path}/`)) return answerUpload(req, res, named, enter);
    if (await pages.answer(req, res, path)) return;
    await using scope = createSpoolScope(app.storage);
    await rest.handle(req, res, { scope, named, enter });
  }

  async function answerGraphql(req: IncomingMessage, res: ServerResponse, named: RequestLog, enter: () => Promise<Context>): Promise<void> {
    await using scope = createSpoolScope(app.storage);
    try {
      await graphql.handle(req, res, { ctx: await enter(), scope });
    } catch (error) {
      await scope.dispose();
      await answerError(req, res, error, named);
    }
  }

  async function answerUpload(req: IncomingMessage, res: ServerResponse, named: RequestLog, enter: () => Promise<Context>): Promise<void> {
    try {
      await uploads.handle(req, res, await enter());
    } catch (error) {
      await answerError(req, res, error, named);
    }
  }

  /** Sends the error in the format of the path (REST or GraphQL). An answer that has begun can only be aborted. */
  async function answerError(req: IncomingMessage, res: ServerResponse, error: unknown, named: RequestLog): Promise<void> {
    if (res.headersSent) {
      named.log.debug({ err: error }, 'request ended after its answer began');
      return void res.destroy();
    }
    const { status, headers, body } = failure(req, error, named);
    await answer(req, res, status, body, headers);
  }

  async function answerReady(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { ready, body } = await checkReadiness({ db: app.db, dataDir: config.DATA_DIR, notes: app.notes });
    await answer(req, res, ready ? 200 : 503, body);
  }

  const answer = (req: IncomingMessage, res: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) =>
    answerEarly(req, res, {
      status,
      headers: { ...headers, 'content-type': JSON_TYPE },
      body: JSON.stringify(body),
    });

  function routeOf(req: IncomingMessage): string | null {
    const path = pathOf(req);
    if (path.startsWith(`${uploads.path}/`)) return `${uploads.path}/:uploadId`;
    if ([GRAPHQL, uploads.path, '/healthz', '/readyz', RECEIPT_KEY_PATH].includes(path)) return path;
    return pages.describe(path) ?? rest.describe(req.method ?? '', path);
  }

  const logRequest = createRequestLog({ log, routeOf });
  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    const named = nameRequest(log);
    logRequest(req, res, named);
    handle(req, res, named).catch((error) => {
      named.log.error({ err: error }, 'a request was dropped');
      res.destroy();
    });
  };
  const stopLooking = refuseSlowBodies(server, {
    seconds: config.SLOW_REQUEST_SECONDS,
    refuse(req, res) {
      const { status, body } = failure(req, invalidField('body', 'The body arrived too slowly'), nameRequest(log));
      res.writeHead(status, { connection: 'close', 'content-type': JSON_TYPE }).end(JSON.stringify(body));
    },
  });
  server.on('checkExpectation', (req, res) => {
    const { body } = failure(req, invalidField('Expect', 'Only 100-continue is supported'), nameRequest(log));
    res.writeHead(417, { connection: 'close', 'content-type': JSON_TYPE }).end(JSON.stringify(body));
  });
  server.on('clientError', (error, socket) => refuseMalformed(error, socket, nameRequest(log)));
  const presenceSweep = services.presence.startSweep();
  const snapshotSweep = services.snapshots.startSweep();
  const clockSweep = services.control.startSweep();
  await app.storage.sweep();
  const pages = await createPages({ folder: join(projectRoot, 'dist/web'), publicUrl, storage: app.storage });
  const uploadSweep = uploads.startSweep();

  return {
    publicUrl,
    /** What the operator should know about the pages; null if all is well. */
    pagesNote: pages.note,
    /** Begins to answer. */
    open(): void {
      handOver();
      server.on('request', onRequest);
    },
    /** Stops accepting requests, lets running ones end, and closes sockets with 1012 so that clients reconnect. */
    async close(): Promise<void> {
      // From here on clients cannot reach this process, so their silence does not mean that they are gone.
      const swept = Promise.all([presenceSweep.stop(), snapshotSweep.stop(), clockSweep.stop(), uploadSweep.stop()]);
      stopLooking();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      graphql.close();
      await realtime.close();
      server.closeIdleConnections();
      const impatience = setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS);
      await closed;
      clearTimeout(impatience);
      await swept;
    },
  };
}
