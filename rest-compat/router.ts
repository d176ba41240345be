import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import createFinder from 'find-my-way';
import type { SpoolScope } from '../src/adapters/storage/spool-scope.ts';
import type { Context } from '../src/context.ts';
import { invalidField, notFound } from '../src/errors.ts';
import { answerEarly } from '../src/http/answer-early.ts';
import { errorAnswer } from '../src/http/error-answer.ts';
import type { RequestLog } from '../src/log.ts';
import { refuseLinkBearer, requireViewer } from '../src/resolvers/policy.ts';
import { identityOf } from '../src/services/access/viewer.ts';
import type { Body, PostRoute, RawCall, Route } from './route.ts';

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
/** Longer than any parameter that Node's limit on headers permits. */
const MAX_PARAM_LENGTH = 64 * 1024;

/** Ids of exams, recordings and warnings, and positions. */
const OWN_ID = /^(?:(?:exam|rec|warn)_[0-9a-z]+|\d{1,9})$/;

const FOUND_BY_NAME = () => {};

/** Maps the documented endpoints to the resolvers: one table of routes, one error format. */
export function createRouter(routes: readonly Route[]) {
  const finder = createFinder({ maxParamLength: MAX_PARAM_LENGTH });
  for (const route of routes) finder.on(route.method, `/api${route.path}`, FOUND_BY_NAME, route);

  function match(method: string, path: string): { route: Route; params: Record<string, string> } {
    // find-my-way decodes whole paths, so `/ex%61ms` would reach `/exams`. Escaped once more, only the parameters are decoded.
    const found = finder.find(method === 'HEAD' ? 'GET' : (method as PostRoute['method']), path.replaceAll('%', '%25'));
    if (!found?.store) throw notFound('Endpoint');
    return { route: found.store as Route, params: decodeParams(found.params as Record<string, string>) };
  }

  async function dispatch(req: IncomingMessage, res: ServerResponse, scope: SpoolScope, enter: () => Promise<Context>) {
    const { pathname, searchParams } = parseUrl(req);
    const { route, params } = match(req.method ?? '', pathname);
    const ctx = await enter();
    const call: RawCall = { ctx, req, res, path: params, query: firstOf(searchParams), scope };
    if (route.method === 'GET') {
      if (!route.open) requireViewer(ctx);
      return route.run(call);
    }
    requireViewer(ctx);
    if (!route.byLink) refuseLinkBearer(ctx);
    const { admit, read, run, present } = route.begin(call);
    await admit();
    const { idempotencyKey } = ctx;
    if (idempotencyKey !== null && !IDEMPOTENCY_KEY.test(idempotencyKey))
      throw invalidField('Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
    const body = await read();
    if (idempotencyKey === null || route.method !== 'POST' || route.storesNothing) return present(await run(body));
    const request = { scope: identityOf(ctx.viewer), key: idempotencyKey, fingerprint: fingerprint(req, body) };
    return ctx.services.idempotency.once(request, (keeper) => run(body, keeper), present);
  }

  return {
    /** The path for the log: ids that this server made are shown, those of users are not. Null if there is no such endpoint. */
    describe(method: string, path: string): string | null {
      try {
        const { route, params } = match(method, path);
        return `/api${route.path.replace(/:(\w+)/g, (name, key: string) => (OWN_ID.test(params[key] ?? '') ? (params[key] ?? name) : name))}`;
      } catch {
        return null;
      }
    },
    /** Answers a request under `/api`. Uncommitted files are removed. */
    async handle(
      req: IncomingMessage,
      res: ServerResponse,
      { scope, named, enter }: { scope: SpoolScope; named: RequestLog; enter: () => Promise<Context> },
    ): Promise<void> {
      try {
        const answer = await dispatch(req, res, scope, enter);
        if (answer !== undefined) await sendJson(req, res, 200, answer);
      } catch (error) {
        if (res.headersSent || res.destroyed) {
          named.log.debug({ err: error }, 'request ended after its answer began');
          res.destroy();
          return;
        }
        // Before the answer, because that may wait for the rest of a refused body.
        await scope.dispose();
        const { status, headers, body } = errorAnswer(error, named);
        await sendJson(req, res, status, body, headers);
      }
    },
  };
}

const sendJson = (req: IncomingMessage, res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  answerEarly(req, res, {
    status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  });

/** Not by `URL`, for which `//x/api/exams` and `/y/../api/exams` are `/api/exams`: proxies and the log would see another path than this. */
function parseUrl({ url = '/' }: IncomingMessage): { pathname: string; searchParams: URLSearchParams } {
  const [pathname = '', ...query] = url.split('?');
  return { pathname, searchParams: new URLSearchParams(query.join('?')) };
}

/** @throws AppError `not_found` for a malformed escape, an empty id, or one with a NUL character, which PostgreSQL refuses in text. */
function decodeParams(escaped: Readonly<Record<string, string>>): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name in escaped) {
    const value = decodeParam(escaped[name] ?? '');
    if (value === '' || value.includes('\0')) throw notFound('Endpoint');
    params[name] = value;
  }
  return params;
}

function decodeParam(text: string): string {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    throw notFound('Endpoint');
  }
}

/** If a name is given more than once, its first value is used. By `forEach`, because iterating takes twice as long. */
function firstOf(params: URLSearchParams): Record<string, string> {
  const values = Object.create(null) as Record<string, string>;
  params.forEach((value, name) => {
    values[name] ??= value;
  });
  return values;
}

function fingerprint(req: IncomingMessage, { fields, files }: Body): string {
  const hashes = Object.keys(files)
    .toSorted()
    .map((field) => [field, files[field]?.sha256]);
  return createHash('sha256')
    .update(JSON.stringify([req.method, req.url, fields, hashes]))
    .digest('hex');
}
