import { type ExecutionResult, GraphQLError } from 'graphql';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';

export type MaskError = (error: unknown) => GraphQLError;

/** As a client sees an error: an AppError in full, what GraphQL itself found wrong as it is, all else masked and logged. */
export function createErrorMask(log: Logger): MaskError {
  return (error) => {
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

/** The result as its client may see it. */
export const maskResult = (result: ExecutionResult, maskError: MaskError): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map(maskError) } : result;
