import { AppError, type ErrorCode } from '../errors.ts';
import type { RequestLog } from '../log.ts';
import { clientFault } from './client-fault.ts';

/** Only the documented codes. */
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

/** The documented error envelope. Errors that clients must not see are logged and masked. */
export function errorAnswer(error: unknown, { log }: RequestLog) {
  const { code, message, details } = shown(error);
  if (code === 'server_error') log.error({ err: error }, 'request failed');
  return { ...statusOf(error), body: { error: { code, message, details } } };
}

const shown = (error: unknown) => clientFault(error) ?? masked;

/** Status and headers of an error, for any envelope. */
export function statusOf(error: unknown) {
  const { code, headers } = shown(error);
  return { status: STATUS[code], headers };
}
