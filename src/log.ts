import { type Logger, pino } from 'pino';
import { newRequestId } from './ids.ts';

export type { Logger } from 'pino';

/** How a request is named to its client and in the log, so that one can be found by the other. */
export interface RequestLog {
  /** As `X-Request-Id` bears it. */
  readonly requestId: string;
  /** Its lines bear the id. */
  readonly log: Logger;
}

/** The child logger is made when it is first asked for: most requests have nothing to tell. */
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

/** JSON lines on standard error, so that standard output stays for what a person should read. */
export const createLogger = (level: string) => pino({ level, base: null, redact: ['*.authorization', '*.token'] }, pino.destination(2));
