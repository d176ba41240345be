import type { IncomingMessage, ServerResponse } from 'node:http';
import { createYoga, type GraphQLParams } from 'graphql-yoga';
import type { SpoolScope } from '../../adapters/storage/spool-scope.ts';
import type { Context } from '../../context.ts';
import { AppError, invalidField } from '../../errors.ts';
import { requireViewer } from '../../resolvers/policy.ts';
import { schema as wholeSchema } from '../../schema/index.ts';
import { isLinkBearer, type Viewer } from '../../services/access/viewer.ts';
import { readJson } from '../bodies/base64-json.ts';
import { parseJson } from '../bodies/body.ts';
import { readGraphqlMultipart } from '../bodies/graphql-multipart.ts';
import { createDocuments } from './documents.ts';
import { hideError } from './error-mask.ts';
import { EventStreams } from './event-streams.ts';
import { createGraphqlPost } from './post.ts';
import { sliceLists } from './sliced-lists.ts';
import { createUploadAdmission } from './upload-admission.ts';
import { type ServerContext, useDocuments, useMaskedResults, useOwnContext, useParsedBody } from './yoga-plugins.ts';

const MB = 1024 * 1024;
/** Limits of the operation itself; the files of a multipart request come on top. */
const BODY_LIMITS = {
  /** The largest is two images of 10 MB in base64: only API keys may verify. */
  key: { maxBytes: 30 * MB, maxMembers: 250_000 },
  /** A submission with 10,000 warnings. */
  token: { maxBytes: 16 * MB, maxMembers: 100_000 },
  /** The holder of an access link may only join. */
  accessLink: { maxBytes: 64 * 1024, maxMembers: 1_000 },
};
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

interface Options {
  endpoint: string;
  socketsPerCredential: number;
}

export function createGraphql({ endpoint, socketsPerCredential }: Options) {
  const schema = sliceLists(wholeSchema);
  const documents = createDocuments(schema);
  const streams = new EventStreams({ socketsPerCredential });
  const yoga = createYoga<ServerContext, ServerContext>({
    schema,
    graphqlEndpoint: endpoint,
    // Yoga's own masking does not know the request: `useMaskedResults` adds it.
    maskedErrors: { maskError: hideError },
    // GET, because no body is read without credentials: so the documentation works without a key. Server-sent events, because
    // the page sends its headers with them; over a WebSocket it would send no credentials.
    graphiql: { title: 'Invigil', defaultQuery: WELCOME, subscriptionsProtocol: 'SSE', useGETForQueries: true },
    // The page is a string of several megabytes that costs 60 MB of memory, so it is loaded on first use.
    renderGraphiQL: async (options) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
    plugins: [useParsedBody, useDocuments(documents), useOwnContext({ documents, streams }), useMaskedResults],
    parserAndValidationCache: false,
    cors: false,
    multipart: false,
    maxRequestBodySize: false,
    landingPage: false,
    logging: false,
  });

  async function readParams(req: IncomingMessage, ctx: Context, scope: SpoolScope): Promise<GraphQLParams> {
    const { viewer, config } = ctx;
    const limits = bodyLimitsOf(viewer);
    const type = (req.headers['content-type'] ?? '').trimStart().toLowerCase();
    if (type.startsWith('multipart/form-data')) {
      const { maxBytes: maxOperationsBytes, maxMembers } = limits;
      return readGraphqlMultipart(req, {
        scope,
        maxFileBytes: config.MAX_RECORDING_BYTES,
        maxFiles: MAX_FILES,
        maxOperationsBytes,
        maxMembers,
        admit: (operation) => admitUpload(ctx, operation),
      });
    }
    if (!/^application\/(?:graphql\+)?json/.test(type))
      throw invalidField('Content-Type', 'must be application/json or multipart/form-data');
    const params = await readJson(req, limits);
    if (typeof params !== 'object' || params === null || Array.isArray(params))
      throw new AppError('invalid_request', 'The body must be one GraphQL operation');
    return params as GraphQLParams;
  }

  const admitUpload = createUploadAdmission({ schema, documents });
  const post = createGraphqlPost({ schema, yoga, documents });

  return {
    yoga,
    schema,
    documents,
    /** Ends everything that would delay a shutdown. */
    close: () => streams.breakOff(),
    async handle(req: IncomingMessage, res: ServerResponse, { ctx, scope }: { ctx: Context; scope: SpoolScope }): Promise<void> {
      refuseBrokenQuery(req);
      if (req.method !== 'POST') return yoga.handle(req, res, { ctx, res });
      requireViewer(ctx);
      const request = { ctx, res, params: await readParams(req, ctx, scope) };
      const simple = req.url === endpoint && (await post.handle(req.headers.accept, request));
      if (!simple) await yoga.handle(req, res, request);
    },
  };
}

/** @throws AppError `invalid_request` if JSON in the URL is malformed; yoga would answer as if we had failed. */
function refuseBrokenQuery({ url = '' }: IncomingMessage): void {
  const query = new URLSearchParams(url.split('?', 2)[1] ?? '');
  for (const name of ['variables', 'extensions']) {
    const json = query.get(name);
    if (json) parseJson(Buffer.from(json), name);
  }
}

function bodyLimitsOf(viewer: Viewer) {
  if (viewer.examId === null) return BODY_LIMITS.key;
  return isLinkBearer(viewer) ? BODY_LIMITS.accessLink : BODY_LIMITS.token;
}

export type Graphql = ReturnType<typeof createGraphql>;
