/** What a REST client sees in `error.code`; GraphQL answers the same in upper case. `resync_required` is met by subscriptions alone. */
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
  /** That an HTTP answer should bear. */
  readonly headers: Readonly<Record<string, string>> = {};
  /** That a GraphQL error should bear beside code and details. */
  readonly extensions: Readonly<Record<string, unknown>> = {};

  constructor(code: ErrorCode, message: string, details: readonly ErrorDetail[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** A 400 that names the field at fault. */
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

/** 429: whoever asks may come back when the time is over. */
export class TooOften extends AppError {
  override readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, waitMs: number) {
    super('rate_limited', message);
    this.headers = { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1_000))) };
  }
}

/** The log no longer holds, or never held, what a cursor asks for: its client must read the state anew. */
export class ResyncRequired extends AppError {
  override readonly extensions: Readonly<Record<string, unknown>>;

  /** @param oldest position of the oldest event that can still be read, or that will be the next one. */
  constructor(oldest: bigint) {
    super('resync_required', 'The log does not hold what came after this position: read the exam anew', [
      { field: 'after', issue: `the oldest event kept is ${oldest}` },
    ]);
    this.extensions = { oldestSeq: Number(oldest) };
  }
}

/** A failure at start that the operator can mend: printed as one line, exit code 1. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
