import { type ExecutionResult, GraphQLError } from 'graphql';
import { AppError } from '../../errors.ts';
import type { RequestLog } from '../../log.ts';

const MASKED = 'Something went wrong on our end';

const positionOf = (error: unknown) => (error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : {});

/**
 * As a client sees an error: an AppError in full, what GraphQL itself found wrong as it is, all else masked. What went
 * wrong on our side is logged, and names the request in `extensions.requestId`.
 */
export function maskError(error: unknown, { requestId, log }: RequestLog): GraphQLError {
  const original = error instanceof GraphQLError ? error.originalError : error;
  const position = positionOf(error);
  if (error instanceof GraphQLError && (!original || original instanceof GraphQLError)) {
    return new GraphQLError(error.message, { ...position, extensions: { code: 'INVALID_REQUEST', ...error.extensions } });
  }
  const isOurs = !(original instanceof AppError) || original.code === 'server_error';
  if (isOurs) log.error({ err: original }, 'operation failed');
  const named = isOurs && { requestId };
  if (!(original instanceof AppError)) {
    return new GraphQLError(MASKED, { ...position, extensions: { code: 'SERVER_ERROR', ...named } });
  }
  const { message, code, details, extensions } = original;
  return new GraphQLError(message, { ...position, extensions: { ...extensions, code: code.toUpperCase(), details, ...named } });
}

/** The result as its client may see it. */
export const maskResult = (result: ExecutionResult, request: RequestLog): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map((error) => maskError(error, request)) } : result;

/**
 * Hides an error where its request is not known, and keeps it: `maskError` tells of it once the request is. What GraphQL
 * itself found wrong stays as it is.
 */
export function hideError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError && (!error.originalError || error.originalError instanceof GraphQLError)) return error;
  const original = error instanceof GraphQLError ? error.originalError : error;
  const originalError = original instanceof Error ? original : new Error('the thrown value is not an Error', { cause: original });
  return new GraphQLError(MASKED, { ...positionOf(error), originalError });
}
