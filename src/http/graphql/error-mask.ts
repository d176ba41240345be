import { type ExecutionResult, GraphQLError } from 'graphql';
import type { RequestLog } from '../../log.ts';
import { clientFault } from '../client-fault.ts';

const MASKED = 'Something went wrong on our end';

const positionOf = (error: unknown) => (error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : {});

/**
 * The error that a client sees: an AppError in full, GraphQL's own errors unchanged, everything else masked. Failures on our
 * side are logged, and name the request in `extensions.requestId`.
 */
export function maskError(error: unknown, { requestId, log }: RequestLog): GraphQLError {
  const original = error instanceof GraphQLError ? error.originalError : error;
  const position = positionOf(error);
  if (error instanceof GraphQLError && (!original || original instanceof GraphQLError)) {
    return new GraphQLError(error.message, { ...position, extensions: { code: 'INVALID_REQUEST', ...error.extensions } });
  }
  const fault = clientFault(original);
  const isOurs = fault === null || fault.code === 'server_error';
  if (isOurs) log.error({ err: original }, 'operation failed');
  const named = isOurs && { requestId };
  if (fault === null) {
    return new GraphQLError(MASKED, { ...position, extensions: { code: 'SERVER_ERROR', ...named } });
  }
  const { message, code, details, extensions } = fault;
  return new GraphQLError(message, { ...position, extensions: { ...extensions, code: code.toUpperCase(), details, ...named } });
}

/** The result with its errors masked for the client. */
export const maskResult = (result: ExecutionResult, request: RequestLog): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map((error) => maskError(error, request)) } : result;

/**
 * Hides an error while its request is unknown, and keeps the original: `maskError` reports it once the request is known.
 * GraphQL's own errors stay unchanged.
 */
export function hideError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError && (!error.originalError || error.originalError instanceof GraphQLError)) return error;
  const original = error instanceof GraphQLError ? error.originalError : error;
  const originalError = original instanceof Error ? original : new Error('the thrown value is not an Error', { cause: original });
  return new GraphQLError(MASKED, { ...positionOf(error), originalError });
}
