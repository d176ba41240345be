import type { ServerResponse } from 'node:http';
import { createSourceEventStream, type DocumentNode, execute, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { mapAsync } from '../../async/map-async.ts';
import { type Context, renewed } from '../../context.ts';
import type { Documents, ReadDocument } from './documents.ts';
import { maskResult } from './error-mask.ts';
import type { EventStreams } from './event-streams.ts';

/** Passed to yoga with a request. Yoga adds to it, so each request has its own. */
export interface ServerContext {
  readonly ctx: Context;
  readonly res: ServerResponse;
  /** The operation, if the body was read already. */
  readonly params?: GraphQLParams;
  /** Its document, once it has been read. */
  read?: ReadDocument;
}

type ServerPlugin = Plugin<ServerContext, ServerContext>;

/** Replaces yoga's reading of the body with ours, which has limits and streams files to storage. */
export const useParsedBody: ServerPlugin = {
  onRequestParse({ serverContext, setRequestParser }) {
    const { params } = serverContext;
    if (params) setRequestParser(() => params);
  },
};

/** Yoga parses and validates nothing: documents come from the reader that all transports share. */
export const useDocuments = (documents: Documents): ServerPlugin => ({
  onParse({ context, params: { source }, extendContext, setParseFn }) {
    const read = context.read ?? documents.read(source.toString(), context.ctx.viewer);
    extendContext({ read });
    const { document, errors } = read;
    setParseFn(() => {
      if (!document) throw errors[0] ?? new Error('unreachable: without a document there is an error');
      return document;
    });
  },
  onValidate({ context, setResult }) {
    setResult(context.read?.errors ?? []);
  },
});

/** Resolvers get the frozen context of the request, not the object that yoga and its plugins modify. */
export function useOwnContext({ documents, streams }: { documents: Documents; streams: EventStreams }): ServerPlugin {
  const refuse = ({ ctx, params }: ServerContext, document: DocumentNode) =>
    documents.refuseCostly(document, { operationName: params?.operationName, variables: params?.variables }, ctx.viewer);

  return {
    onExecute({ args, setExecuteFn, setResultAndStopExecution }) {
      const excess = refuse(args.contextValue, args.document);
      if (excess) setResultAndStopExecution({ errors: [excess] });
      else setExecuteFn((yogas: ExecutionArgs) => execute({ ...yogas, contextValue: args.contextValue.ctx }));
    },
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      const excess = refuse(args.contextValue, args.document);
      if (excess) setResultAndStopExecution({ errors: [excess] });
      else setSubscribeFn((yogas: ExecutionArgs) => subscribe(yogas, args.contextValue, streams));
    },
  };
}

/** Masks and logs errors with the request they belong to. */
export const useMaskedResults: ServerPlugin = {
  onResultProcess({ result, setResult, serverContext: { ctx } }) {
    if (Array.isArray(result)) throw new Error('unreachable: batches are off');
    if (!(Symbol.asyncIterator in result)) return setResult(maskResult(result as ExecutionResult, ctx));
    const mask = async (each: ExecutionResult) => maskResult(each, ctx);
    setResult(mapAsync(result as AsyncIterable<ExecutionResult>, mask));
  },
};

/** Like `subscribe` of graphql-js, but with a new context per event, and tied to the rights of the subscriber. */
async function subscribe(yogas: ExecutionArgs, { ctx, res }: ServerContext, streams: EventStreams) {
  const source = await createSourceEventStream({ ...yogas, contextValue: ctx });
  if (!(Symbol.asyncIterator in source)) return source;
  const results = mapAsync(source, async (event) => execute({ ...yogas, rootValue: event, contextValue: renewed(ctx) }));
  return streams.bind(results, ctx, res);
}
