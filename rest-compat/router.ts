import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SpoolScope } from '../src/adapters/storage/spool-scope.ts';
import type { Context } from '../src/context.ts';
import { AppError, notFound } from '../src/errors.ts';
import type { Prisma } from '../src/generated/prisma/client.ts';
import { answerEarly } from '../src/http/answer-early.ts';
import type { UploadedFile } from '../src/http/bodies/uploaded-file.ts';
import { errorAnswer } from '../src/http/error-answer.ts';
import type { RequestLog } from '../src/log.ts';
import { refuseLinkBearer, requireViewer } from '../src/resolvers/policy.ts';
import { identityOf } from '../src/services/access/viewer.ts';

export interface Call {
  ctx: Context;
  req: IncomingMessage;
  res: ServerResponse;
  /** Of the path, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** Owns the files of this request until they are committed. */
  scope: SpoolScope;
}

/** What a POST brought. */
export interface Body {
  body: unknown;
  files: Record<string, UploadedFile>;
}

interface GetRoute {
  method: 'GET';
  path: string;
  /** The answer, or nothing where it was written already. */
  answer(call: Call): Promise<object | void>;
  /** Whether it can be reached without credentials; it checks by itself then. */
  open?: boolean;
}

interface PostRoute {
  /** A PUT is safe to repeat by itself: it needs no idempotency key. */
  method: 'POST' | 'PUT';
  path: string;
  /**
   * Refuses whom the body need not be read for, by all that is known without it. That there are credentials, and not only
   * those of an access link, was seen to.
   */
  admit(call: Call): Promise<unknown> | void;
  read(call: Call): Promise<Body>;
  run(call: Call, body: Body): Promise<object>;
}

export type Route = GetRoute | PostRoute;

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

function compile({ path }: Route): RegExp {
  return new RegExp(`^/api${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
}

/** Maps the documented endpoints onto the resolvers: one table, one error envelope. */
export function createRouter(routes: readonly Route[]) {
  const table = routes.map((route) => ({ route, pattern: compile(route) }));

  function match(method: string, path: string) {
    for (const { route, pattern } of table) {
      const found = (route.method === method || (route.method === 'GET' && method === 'HEAD')) && pattern.exec(path);
      if (found) return { route, params: decodeParams(found.groups ?? {}) };
    }
    throw notFound('Endpoint');
  }

  async function dispatch(req: IncomingMessage, res: ServerResponse, scope: SpoolScope, enter: () => Promise<Context>) {
    const { pathname, searchParams: query } = parseUrl(req);
    const { route, params } = match(req.method ?? '', pathname);
    const ctx = await enter();
    const call: Call = { ctx, req, res, params, query, scope };
    if (route.method === 'GET') {
      if (!route.open) requireViewer(ctx);
      return route.answer(call);
    }
    requireViewer(ctx);
    refuseLinkBearer(ctx);
    await route.admit(call);
    const { idempotencyKey } = ctx;
    if (idempotencyKey !== null && !IDEMPOTENCY_KEY.test(idempotencyKey))
      throw new AppError('invalid_request', 'The Idempotency-Key must be 1 to 255 visible ASCII characters');
    const body = await route.read(call);
    if (idempotencyKey === null || route.method === 'PUT') return route.run(call, body);
    const request = { scope: identityOf(ctx.viewer), key: idempotencyKey, fingerprint: fingerprint(req, body) };
    const answer = await ctx.services.idempotency.once(request, async () => ({ status: 200, body: plain(await route.run(call, body)) }));
    return answer.body as object;
  }

  return {
    /** Answers a request under `/api`; nothing of it is left behind that was not committed. */
    async handle(
      req: IncomingMessage,
      res: ServerResponse,
      { scope, named, enter }: { scope: SpoolScope; named: RequestLog; enter: () => Promise<Context> },
    ): Promise<void> {
      try {
        const answer = await dispatch(req, res, scope, enter);
        if (answer) await sendJson(req, res, 200, answer);
      } catch (error) {
        if (res.headersSent || res.destroyed) {
          named.log.debug({ err: error }, 'request ended after its answer began');
          res.destroy();
          return;
        }
        // Before the answer, which may wait for the rest of a refused body to flow past.
        await scope.dispose();
        const { status, headers, body } = errorAnswer(error, named);
        await sendJson(req, res, status, body, headers);
      }
    },
  };
}

const sendJson = (req: IncomingMessage, res: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) =>
  answerEarly(req, res, {
    status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  });

function parseUrl({ url = '/' }: IncomingMessage): URL {
  try {
    return new URL(url, 'http://localhost');
  } catch {
    throw notFound('Endpoint');
  }
}

function decodeParams(groups: Record<string, string>): Record<string, string> {
  const params: Record<string, string> = {};
  try {
    for (const name in groups) params[name] = decodeURIComponent(groups[name] ?? '');
  } catch {
    throw notFound('Endpoint');
  }
  // No id holds it, and PostgreSQL refuses it as text.
  if (Object.values(params).some((value) => value.includes('\0'))) throw notFound('Endpoint');
  return params;
}

/** As the client will read it: dates as strings. */
const plain = (body: object) => JSON.parse(JSON.stringify(body)) as Prisma.JsonValue;

function fingerprint(req: IncomingMessage, { body, files }: Body): string {
  const hashes = Object.keys(files)
    .toSorted()
    .map((field) => [field, files[field]?.sha256]);
  return createHash('sha256')
    .update(JSON.stringify([req.method, req.url, body, hashes]))
    .digest('hex');
}
