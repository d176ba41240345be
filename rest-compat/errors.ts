import type { Logger } from '../src/log.ts';
import { AppError, type ErrorCode } from '../src/errors.ts';

/** The documented codes and no others. */
const STATUS: Record<ErrorCode, number> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 401,
  not_found: 404,
  conflict: 400,
  rate_limited: 429,
  resync_required: 400,
  server_error: 500,
};

const masked = new AppError('server_error', 'Something went wrong on our end');

/** The documented error envelope. What no client should see is logged and masked. */
export function errorAnswer(error: unknown, log: Logger) {
  if (!(error instanceof AppError) || error.code === 'server_error') log.error({ err: error }, 'request failed');
  const shown = error instanceof AppError ? error : masked;
  const { code, message, details } = shown;
  return { status: STATUS[code], headers: shown.headers, body: { error: { code, message, details } } };
}
