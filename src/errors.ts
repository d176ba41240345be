/** What a REST client sees in `error.code`; GraphQL answers the same in upper case. */
export type ErrorCode = 'invalid_request' | 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'rate_limited' | 'server_error';

export interface ErrorDetail {
  field: string;
  issue: string;
}

/** The only error whose message reaches a client. Everything else is logged and masked. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** That an HTTP answer should bear. */
  readonly headers: Readonly<Record<string, string>> = {};

  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** A 400 that names the field at fault. */
export const invalidField = (field: string, issue: string, options?: ErrorOptions) =>
  new AppError('invalid_request', 'The request was invalid', [{ field, issue }], options);

export const notFound = (what: string) => new AppError('not_found', `${what} not found`);

/** A failure at start that the operator can mend: printed as one line, exit code 1. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
