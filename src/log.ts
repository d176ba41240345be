import { pino } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard error, so that standard output stays for what a person should read. */
export const createLogger = (level: string) => pino({ level, base: null, redact: ['*.authorization', '*.token'] }, pino.destination(2));
