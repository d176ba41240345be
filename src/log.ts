import { type Logger, pino } from 'pino';
import { newRequestId } from './ids.ts';

export type { Logger } from 'pino';

/** Identifies a request both for its client and in the log, so that one leads to the other. */
export interface RequestLog {
  /** The value of `X-Request-Id`. */
  readonly requestId: string;
  /** Logs lines with the id. */
  readonly log: Logger;
}

/** The child logger is created on first use, because most requests log nothing. */
export function nameRequest(log: Logger): RequestLog {
  const requestId = newRequestId();
  let child: Logger | undefined;
  return {
    requestId,
    get log() {
      return (child ??= log.child({ requestId }));
    },
  };
}

/** JSON lines on standard error, so that standard output remains for people. */
export const createLogger = (level: string) => pino({ level, base: null, redact: ['*.authorization', '*.token'] }, pino.destination(2));
