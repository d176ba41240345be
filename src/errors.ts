/** The value of `error.code` in REST answers; GraphQL uses the same codes in upper case. Only subscriptions get `resync_required`. */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  | 'resync_required'
  | 'server_error';

export interface ErrorDetail {
  field: string;
  issue: string;
}

/** The only error whose message reaches a client. Everything else is logged and masked. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** Headers for an HTTP answer. */
  readonly headers: Readonly<Record<string, string>> = {};
  /** Extensions for a GraphQL error, in addition to code and details. */
  readonly extensions: Readonly<Record<string, unknown>> = {};

  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** A 400 that names the invalid field. */
export const invalidField = (field: string, issue: string, options?: ErrorOptions) =>
  new AppError('invalid_request', 'The request was invalid', [{ field, issue }], options);

/** A 400 for a file above its limit. */
export const fileTooLarge = (field: string, maxBytes: number): AppError =>
  invalidField(field, `File size exceeds the maximum allowed (${formatLimit(maxBytes)})`);

const KB = 1024;
const MB = 1024 * KB;

/** `100MB`; smaller limits in KB or bytes. */
export function formatLimit(bytes: number): string {
  if (bytes >= MB) return `${Math.floor(bytes / MB)}MB`;
  return bytes >= KB ? `${Math.floor(bytes / KB)}KB` : `${bytes} bytes`;
}

export const notFound = (what: string) => new AppError('not_found', `${what} not found`);

/** 429, with the time after which the caller may try again. */
export class TooOften extends AppError {
  override readonly headers: Readonly<Record<string, string>>;

  /** @param headersOf more headers besides `Retry-After`, made from its whole seconds */
  constructor(message: string, waitMs: number, headersOf: (seconds: number) => Record<string, string> = () => ({})) {
    super('rate_limited', message);
    const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
    this.headers = { 'Retry-After': String(seconds), ...headersOf(seconds) };
  }
}

/** The database has no space left. What was committed is safe. */
export class DiskFull extends AppError {
  override readonly headers = { 'Retry-After': '60' };

  constructor(options?: ErrorOptions) {
    super('server_error', "The server's disk is full, so nothing was stored: try again when the operator has made space", [], options);
  }
}

/** The log does not hold the events after a cursor, or never did: the client must read the whole state again. */
export class ResyncRequired extends AppError {
  override readonly extensions: Readonly<Record<string, unknown>>;

  /** @param oldest position of the oldest event that can still be read, or of the next one if there is none. */
  constructor(oldest: bigint) {
    super('resync_required', 'The log does not hold the events after this position: read the exam again', [
      { field: 'after', issue: `the oldest event kept is ${oldest}` },
    ]);
    this.extensions = { oldestSeq: Number(oldest) };
  }
}

/** A failure at start that the operator can fix: printed as one line, exit code 1. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
