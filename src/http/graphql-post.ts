import type { ServerResponse } from 'node:http';
import { type DocumentNode, type ExecutionResult, getOperationAST, type GraphQLError, OperationTypeNode } from 'graphql';
import { type GraphQLParams, processRegularResult, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { Documents } from './documents.ts';

const JSON_TYPE = 'application/json';
const GRAPHQL_TYPE = 'application/graphql-response+json';

/** What clients send as `Accept`, without spaces, and the type that yoga answers to it. Any other header is left to yoga. */
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

const PARAMS: ReadonlySet<string> = new Set(['query', 'variables', 'operationName']);

interface Operation {
  document: DocumentNode;
  variableValues: Record<string, unknown> | undefined;
  operationName: string | undefined;
}

/** A well-formed query or mutation; null for whatever yoga has more to say about. */
function readOperation(params: GraphQLParams, documents: Documents): Operation | null {
  if (!Object.keys(params).every((name) => PARAMS.has(name))) return null;
  const { query, variables, operationName } = params as Record<string, unknown>;
  if (typeof query !== 'string') return null;
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) return null;
  if (operationName != null && typeof operationName !== 'string') return null;
  const { document } = documents.read(query);
  const kind = document && getOperationAST(document, operationName)?.operation;
  if (!document || !kind || kind === OperationTypeNode.SUBSCRIPTION) return null;
  return {
    document,
    variableValues: (variables ?? undefined) as Record<string, unknown> | undefined,
    operationName: operationName ?? undefined,
  };
}

/**
 * The everyday POST: one valid query or mutation, answered by one JSON document. It is executed by yoga's own pipeline
 * with its plugins, but without the web Request and Response that yoga makes of Node's.
 */
export function createGraphqlPost({
  yoga,
  documents,
  maskError,
}: {
  yoga: YogaServerInstance<{ ctx: Context }, Context>;
  documents: Documents;
  maskError: (error: unknown) => Error;
}) {
  const { schema, execute, contextFactory } = yoga.getEnveloped();

  async function run(operation: Operation, ctx: Context): Promise<ExecutionResult> {
    try {
      const contextValue: unknown = await contextFactory({ ctx });
      return (await execute({ schema, contextValue, ...operation })) as ExecutionResult;
    } catch (error) {
      return { errors: [maskError(error) as GraphQLError] };
    }
  }

  /** Errors decide on status and headers, and bear what is not for clients: that is yoga's knowledge. */
  async function answerErrors(res: ServerResponse, result: ExecutionResult, mediaType: string): Promise<void> {
    const response = processRegularResult(result, yoga.fetchAPI, mediaType);
    const body = await response.text();
    res.writeHead(response.status, { ...Object.fromEntries(response.headers), 'content-length': Buffer.byteLength(body) }).end(body);
  }

  return {
    /** @returns false where nothing was done and yoga must see to it. */
    async handle(res: ServerResponse, accept: string | undefined, params: GraphQLParams, ctx: Context): Promise<boolean> {
      const mediaType = ANSWERED_AS.get(accept?.replaceAll(' ', '').toLowerCase() || '*/*');
      const operation = mediaType && readOperation(params, documents);
      if (!mediaType || !operation) return false;
      const result = await run(operation, ctx);
      if (result.errors || result.extensions) await answerErrors(res, result, mediaType);
      else {
        const body = JSON.stringify(result);
        res.writeHead(200, { 'content-type': `${mediaType}; charset=utf-8`, 'content-length': Buffer.byteLength(body) }).end(body);
      }
      return true;
    },
  };
}
