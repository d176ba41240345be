import { isUnstorableText } from '../adapters/database/database-transaction.ts';
import { AppError } from '../errors.ts';

/**
 * The error as an AppError if it is one, or if the database refused what the client sent: inputs are checked by their schemas,
 * but arguments that are only compared, such as ids, are not. Null for a failure on our side.
 */
export function clientFault(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  return isUnstorableText(error) ? new AppError('invalid_request', 'A text contains a NUL character', [], { cause: error }) : null;
}
