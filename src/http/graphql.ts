import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { schema } from '../schema/index.ts';
import { readJson } from '../uploads/base64-json.ts';
import { readGraphqlMultipart } from '../uploads/graphql-multipart.ts';
import type { SpoolScope } from '../uploads/spool-scope.ts';
import { createDocuments } from './documents.ts';
import { createGraphqlPost } from './graphql-post.ts';

interface ServerContext {
  ctx: Context;
  /** The operation, where the body was read already. */
  params?: GraphQLParams;
}

const MAX_JSON_BYTES = 30 * 1024 * 1024;
const MAX_OPERATIONS_BYTES = 16 * 1024 * 1024;
const MAX_FILES = 2;

const WELCOME = `# Under Headers, below, write
#   {"Authorization": "Bearer <API key>"}
# then run:
query Exams {
  exams(first: 10) {
    edges {
      node {
        id
        title
        status
      }
    }
  }
}
`;

/** As a client sees an error: an AppError in full, what GraphQL itself found wrong as it is, all else masked and logged. */
export function createErrorMask(log: Logger) {
  return (error: unknown): Error => {
    const original = error instanceof GraphQLError ? error.originalError : error;
    const position = error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : {};
    if (original instanceof AppError) {
      if (original.code === 'server_error') log.error({ err: original }, 'operation failed');
      return new GraphQLError(original.message, {
        ...position,
        extensions: { ...original.extensions, code: original.code.toUpperCase(), details: original.details },
      });
    }
    if (error instanceof GraphQLError && (!original || original instanceof GraphQLError)) {
      return new GraphQLError(error.message, {
        nodes: error.nodes ?? null,
        path: error.path ?? null,
        extensions: { code: 'INVALID_REQUEST', ...error.extensions },
      });
    }
    log.error({ err: original }, 'operation failed');
    return new GraphQLError('Something went wrong on our end', { ...position, extensions: { code: 'SERVER_ERROR' } });
  };
}

/** Our own reading of the body stands in place of yoga's: it bounds what is read and streams files to storage. */
const useParsedBody: Plugin<object, ServerContext> = {
  onRequestParse({ serverContext, setRequestParser }) {
    const { params } = serverContext;
    if (params) setRequestParser(() => params);
  },
};

export function createGraphql({ log, endpoint }: { log: Logger; endpoint: string }) {
  const maskError = createErrorMask(log);
  const yoga = createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: endpoint,
    context: ({ ctx }) => ctx,
    maskedErrors: { maskError },
    graphiql: { title: 'Invigil', defaultQuery: WELCOME, subscriptionsProtocol: 'WS' },
    // Its page is a string of several megabytes that costs 60 MB of memory: loaded for the first who asks.
    renderGraphiQL: async (options) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
    plugins: [useParsedBody],
    cors: false,
    multipart: false,
    maxRequestBodySize: false,
    landingPage: false,
    logging: false,
  });

  async function readParams(req: IncomingMessage, ctx: Context, scope: SpoolScope): Promise<GraphQLParams> {
    const type = req.headers['content-type'] ?? '';
    if (type.startsWith('multipart/form-data')) {
      const { MAX_RECORDING_BYTES: maxFileBytes } = ctx.config;
      return readGraphqlMultipart(req, { scope, maxFileBytes, maxFiles: MAX_FILES, maxOperationsBytes: MAX_OPERATIONS_BYTES });
    }
    if (!/^application\/(?:graphql\+)?json/.test(type))
      throw new AppError('invalid_request', 'Content-Type must be application/json or multipart/form-data');
    const params = await readJson(req, { maxBytes: MAX_JSON_BYTES });
    if (typeof params !== 'object' || params === null || Array.isArray(params))
      throw new AppError('invalid_request', 'The body must be one GraphQL operation');
    return params as GraphQLParams;
  }

  const documents = createDocuments(schema);
  const post = createGraphqlPost({ yoga, documents, maskError });

  return {
    yoga,
    schema,
    documents,
    maskError,
    async handle(req: IncomingMessage, res: ServerResponse, { ctx, scope }: { ctx: Context; scope: SpoolScope }): Promise<void> {
      if (req.method !== 'POST') return yoga.handle(req, res, { ctx });
      const params = await readParams(req, ctx, scope);
      const simple = req.url === endpoint && (await post.handle(res, req.headers.accept, params, ctx));
      if (!simple) await yoga.handle(req, res, { ctx, params });
    },
  };
}

export type Graphql = ReturnType<typeof createGraphql>;
