import type { IncomingMessage } from 'node:http';
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import { CloseCode, makeServer } from 'graphql-ws';
import { mapAsync } from '../async/map-async.ts';
import { type Context, renewed } from '../context.ts';
import { AppError } from '../errors.ts';
import { credentialOf } from '../http/authenticate.ts';
import { maskError, maskResult } from '../http/graphql/error-mask.ts';
import type { Graphql } from '../http/graphql/graphql.ts';
import type { Logger, RequestLog } from '../log.ts';
import { ExamFeed } from '../resolvers/exam-feed.ts';
import { PulseFeed } from '../resolvers/pulse.ts';
import type { Access } from '../services/access/access.ts';
import type { Viewer } from '../services/access/viewer.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { createGroups } from './groups.ts';
import { INIT_TIMEOUT_MS, MAX_OPERATIONS } from './limits.ts';
import { Operation } from './operation.ts';
import type { Turn } from './turn.ts';

/** RFC 6455's registry of close codes: clients reconnect after it. */
const TRY_AGAIN_LATER = 1013;
/** At most 123 bytes fit into a close frame. */
const NO_CREDENTIALS = 'connection_init must contain {"authorization": "Bearer <API key or token>"}';

export interface ProtocolDependencies {
  graphql: Pick<Graphql, 'schema' | 'documents'>;
  access: Pick<Access, 'follow'>;
  connections: Connections;
  turn: Turn;
  log: Logger;
  authenticate(credential: string, req: IncomingMessage): Promise<Viewer>;
  /** @param request the socket's; omitted for an execution that belongs to no single socket. */
  makeContext(viewer: Viewer, request?: RequestLog): Context;
}

/** Handles the messages of graphql-transport-ws. */
export function createProtocol({ graphql, access, connections, turn, log, authenticate, makeContext }: ProtocolDependencies) {
  const { schema, documents } = graphql;
  const groups = createGroups({ schema, turn, log, makeContext });

  /** @returns null after closing the socket of a client that may not stay. */
  async function identify(connection: Connection, params: Record<string, unknown> | undefined): Promise<Viewer | null> {
    const { request } = connection;
    connection.request = undefined;
    if (!request) return null;
    const credential = credentialIn(params) || credentialOf(request.headers.authorization);
    try {
      const viewer = await authenticate(credential, request);
      if (viewer.role !== 'anonymous') return viewer;
      connection.close(CloseCode.Unauthorized, NO_CREDENTIALS);
    } catch (error) {
      const [code, reason] = refusalOf(error);
      if (code === TRY_AGAIN_LATER) connection.named.log.error({ err: error }, 'a socket could not be authenticated');
      else connection.named.log.debug({ err: error }, 'a socket was refused');
      connection.close(code, reason);
    }
    return null;
  }

  /** @returns false if the socket is refused or gone. */
  function admit(connection: Connection, viewer: Viewer): boolean {
    if (connection.outlet.isClosed) return false;
    const dismiss = connections.admit(viewer);
    if (!dismiss) {
      connection.close(CloseCode.TooManyInitialisationRequests, 'Too many connections');
      return false;
    }
    const revoked = () => connection.close(CloseCode.Forbidden, viewer.keyId === null ? 'Link revoked' : 'API key revoked');
    const unfollow = access.follow(viewer, revoked);
    connection.viewer = viewer;
    connection.release = () => {
      dismiss();
      unfollow();
    };
    return true;
  }

  /** The field's own resolver checks the rights of each subscriber before anything is shared. */
  async function subscribe(operation: Operation) {
    const { outlet, viewer } = operation.connection;
    const source = await createSourceEventStream(operation);
    if (!(Symbol.asyncIterator in source)) return maskResult(source, operation.connection.named);
    if (source instanceof ExamFeed && viewer) {
      const member = groups.join(operation, viewer, source, outlet);
      operation.forget();
      return member;
    }
    if (source instanceof PulseFeed && viewer) {
      const member = groups.joinPulse(operation, viewer, source, outlet);
      operation.forget();
      return member;
    }
    const args = operation.args();
    const context = operation.contextValue;
    return mapAsync(source as AsyncIterable<unknown>, (event) =>
      run({ ...args, rootValue: event, contextValue: context && renewed(context) }, operation.connection),
    );
  }

  const run = async (args: ExecutionArgs, { named }: Connection): Promise<ExecutionResult> => maskResult(await execute(args), named);

  return makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    async onConnect({ connectionParams, extra: connection }) {
      const viewer = await identify(connection, connectionParams);
      return viewer !== null && admit(connection, viewer);
    },
    /** A mistake in the operation is reported on its id. Throwing would close the socket, and clients would not reconnect. */
    onSubscribe({ extra: connection, subscriptions }, id, { query, variables, operationName }) {
      const { viewer } = connection;
      if (!viewer) throw new Error('unreachable: the loop closes sockets that subscribe before they are acknowledged');
      if (Object.keys(subscriptions).length > MAX_OPERATIONS)
        return [wrap(new AppError('rate_limited', `A socket runs at most ${MAX_OPERATIONS} operations at a time`))];
      const { document, errors } = documents.read(query, viewer);
      if (!document || errors.length > 0) return errors;
      const excess = documents.refuseCostly(document, { operationName, variables }, viewer);
      if (excess) return [excess];
      return new Operation(schema, {
        id,
        connection,
        query,
        document,
        operationName: operationName ?? null,
        variables: variables ?? null,
        context: makeContext(viewer, connection.named),
      });
    },
    onError: ({ extra: { named } }, _id, _payload, errors) => errors.map((error) => maskError(error, named).toJSON()),
    execute: (args) => run(args, ownOperation(args).connection),
    subscribe: (args) => subscribe(ownOperation(args)),
  });
}

function ownOperation(args: ExecutionArgs): Operation {
  if (!(args instanceof Operation)) throw new Error('unreachable: onSubscribe makes them');
  return args;
}

/**
 * Close code and reason for a client that could not be authenticated. Clients give up after 4401 and 4429; a fault of ours must
 * not make them.
 */
function refusalOf(error: unknown): [code: number, reason: string] {
  if (!(error instanceof AppError)) return [TRY_AGAIN_LATER, 'Try again later'];
  if (error.code === 'rate_limited') return [CloseCode.TooManyInitialisationRequests, error.message];
  return [CloseCode.Unauthorized, error.message];
}

const wrap = (error: Error) => new GraphQLError(error.message, { originalError: error });

/**
 * `connection_init` contains `{ "authorization": "Bearer …" }`, or `apiKey` or `token` with the bare credential; some clients
 * put their HTTP headers under `headers`.
 */
function credentialIn(params: Record<string, unknown> = {}): string {
  const { authorization, Authorization, apiKey, token, headers } = params;
  const direct = [authorization, Authorization, apiKey, token].map(credentialOf).find(Boolean);
  if (direct) return direct;
  return typeof headers === 'object' && headers !== null ? credentialIn({ ...headers, headers: undefined }) : '';
}
