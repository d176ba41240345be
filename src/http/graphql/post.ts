import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type DocumentNode, execute, type ExecutionResult, getOperationAST, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { type GraphQLParams, processRegularResult, type YogaServerInstance } from 'graphql-yoga';
import { type Context, writingRaw } from '../../context.ts';
import { identityOf } from '../../services/access/viewer.ts';
import type { Documents, ReadDocument } from './documents.ts';
import { maskError, maskResult } from './error-mask.ts';
import { stringifyInSlices } from './sliced-json.ts';
import type { ServerContext } from './yoga-plugins.ts';

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';

/** Common values of `Accept`, without spaces, and the type that yoga answers with. Any other value is left to yoga. */
const ANSWERED_AS: ReadonlyMap<string, string> = new Map([
  ['*/*', JSON_TYPE],
  [JSON_TYPE, JSON_TYPE],
  [`${JSON_TYPE},*/*`, JSON_TYPE],
  [`${JSON_TYPE},text/plain,*/*`, JSON_TYPE],
  [GRAPHQL_TYPE, GRAPHQL_TYPE],
  [`${GRAPHQL_TYPE},${JSON_TYPE}`, GRAPHQL_TYPE],
  [`${GRAPHQL_TYPE},${JSON_TYPE};q=0.9`, GRAPHQL_TYPE],
  [`${GRAPHQL_TYPE};charset=utf-8,${JSON_TYPE};charset=utf-8`, GRAPHQL_TYPE],
]);

/** Bytes; a larger answer is written as its client reads it. */
const AT_ONCE = 256 * 1024;

const PARAMS: ReadonlySet<string> = new Set(['query', 'variables', 'operationName']);

interface Operation {
  query: string;
  variableValues: Record<string, unknown> | undefined;
  operationName: string | undefined;
}

/** Parameters in their usual form; null for anything that yoga should handle. */
function readOperation(params: GraphQLParams): Operation | null {
  if (!Object.keys(params).every((name) => PARAMS.has(name))) return null;
  const { query, variables, operationName } = params as Record<string, unknown>;
  if (typeof query !== 'string') return null;
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) return null;
  if (operationName != null && typeof operationName !== 'string') return null;
  return {
    query,
    variableValues: (variables ?? undefined) as Record<string, unknown> | undefined,
    operationName: operationName ?? undefined,
  };
}

/** A valid query or mutation; null for anything else. */
function documentOf({ document, errors }: ReadDocument, operationName: string | undefined): DocumentNode | null {
  const kind = document && errors.length === 0 && getOperationAST(document, operationName)?.operation;
  return kind && kind !== OperationTypeNode.SUBSCRIPTION ? document : null;
}

interface Dependencies {
  schema: GraphQLSchema;
  yoga: YogaServerInstance<ServerContext, ServerContext>;
  documents: Documents;
}

/**
 * The common POST: one valid query or mutation, answered with one JSON document. It is executed like the operations of a
 * WebSocket: by graphql-js with the context of the request, without yoga's pipeline and without the web Request and Response
 * that yoga creates from Node's.
 */
export function createGraphqlPost({ schema, yoga, documents }: Dependencies) {
  async function run(document: DocumentNode, { variableValues, operationName }: Operation, ctx: Context): Promise<ExecutionResult> {
    const excess = documents.refuseCostly(document, { operationName, variables: variableValues }, ctx.viewer);
    if (excess) return maskResult({ errors: [excess] }, ctx);
    try {
      return maskResult(await execute({ schema, document, variableValues, operationName, contextValue: writingRaw(ctx) }), ctx);
    } catch (error) {
      return { errors: [maskError(error, ctx)] };
    }
  }

  /** With errors, yoga decides on the status and removes what is not for clients. The data is left out: yoga writes in one piece. */
  async function forClient({ data, ...rest }: ExecutionResult, mediaType: string): Promise<{ status: number; result: ExecutionResult }> {
    if (!rest.errors && !rest.extensions) return { status: 200, result: { data: data ?? null } };
    const response = processRegularResult({ ...rest, ...(data !== undefined && { data: data && {} }) }, yoga.fetchAPI, mediaType);
    const shown = (await response.json()) as ExecutionResult;
    return { status: response.status, result: data ? { ...shown, data } : shown };
  }

  return {
    /** Answers, or returns false without any effect to leave it to yoga; then `request` contains what was read. */
    async handle(accept: string | undefined, request: ServerContext & { params: GraphQLParams }): Promise<boolean> {
      const { res } = request;
      const mediaType = ANSWERED_AS.get(accept?.replaceAll(' ', '').toLowerCase() || '*/*');
      const operation = mediaType && readOperation(request.params);
      if (!mediaType || !operation) return false;
      request.read = documents.read(operation.query, request.ctx.viewer);
      const document = documentOf(request.read, operation.operationName);
      if (!document) return false;
      const { status, result } = await forClient(await run(document, operation, request.ctx), mediaType);
      const { viewer } = request.ctx;
      const choice = { operationName: operation.operationName, variables: operation.variableValues };
      const pieces = documents.isLarge(document, choice, viewer)
        ? await stringifyInSlices(result, identityOf(viewer))
        : [JSON.stringify(result)];
      const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
      res.writeHead(status, { 'content-type': `${mediaType}; charset=utf-8`, 'content-length': length });
      if (length <= AT_ONCE) res.end(pieces.join(''));
      // A client that leaves ends the answer.
      else await pipeline(Readable.from(pieces), res).catch(() => {});
      return true;
    },
  };
}
