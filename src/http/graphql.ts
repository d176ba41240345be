import type { IncomingMessage, ServerResponse } from 'node:http';
import { createYoga, type GraphQLParams } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { schema } from '../schema/index.ts';
import { readJson } from '../uploads/base64-json.ts';
import { readGraphqlMultipart } from '../uploads/graphql-multipart.ts';
import type { SpoolScope } from '../uploads/spool-scope.ts';
import { createDocuments } from './documents.ts';
import { createErrorMask } from './error-mask.ts';
import { createGraphqlPost } from './graphql-post.ts';
import { type ServerContext, useDocuments, useOwnContext, useParsedBody } from './yoga-plugins.ts';

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

export function createGraphql({ log, endpoint }: { log: Logger; endpoint: string }) {
  const maskError = createErrorMask(log);
  const documents = createDocuments(schema);
  const yoga = createYoga<ServerContext, ServerContext>({
    schema,
    graphqlEndpoint: endpoint,
    maskedErrors: { maskError },
    // By GET, since nobody's body is read before it is known who sends it: the documentation shows without a key.
    graphiql: { title: 'Invigil', defaultQuery: WELCOME, subscriptionsProtocol: 'WS', useGETForQueries: true },
    // Its page is a string of several megabytes that costs 60 MB of memory: loaded for the first who asks.
    renderGraphiQL: async (options) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
    plugins: [useParsedBody, useDocuments(documents), useOwnContext(documents)],
    parserAndValidationCache: false,
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

  const post = createGraphqlPost({ schema, yoga, documents, maskError });

  return {
    yoga,
    schema,
    documents,
    maskError,
    async handle(req: IncomingMessage, res: ServerResponse, { ctx, scope }: { ctx: Context; scope: SpoolScope }): Promise<void> {
      if (req.method !== 'POST') return yoga.handle(req, res, { ctx });
      const request = { ctx, params: await readParams(req, ctx, scope) };
      const simple = req.url === endpoint && (await post.handle(res, req.headers.accept, request));
      if (!simple) await yoga.handle(req, res, request);
    },
  };
}

export type Graphql = ReturnType<typeof createGraphql>;
