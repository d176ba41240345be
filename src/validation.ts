import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from './errors.ts';

/**
 * Checks what a caller sent.
 * @throws AppError `invalid_request` with one detail for each mistake, its field written as `settings.aiDetection.enabled`.
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => ({ field: fieldPath(issue.path), issue: issue.message }));
  throw new AppError('invalid_request', 'The request was invalid', details);
}

const fieldPath = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (field, key) => (typeof key === 'number' ? `${field}[${key}]` : field ? `${field}.${String(key)}` : String(key)),
    '',
  ) || 'body';

/** `issue` for a value that is not there, another for one of the wrong type. */
export const typed = (expected: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : `must be ${expected}`),
});

/** RFC 3339 writes a year with four digits, so no later time can be told to a client. */
export const LAST_MOMENT = new Date('9999-12-31T23:59:59.999Z');

/** Whether a time, given or derived, may be stored and told; false for an invalid date. */
export const isMoment = (date: Date): boolean => date.getTime() >= 0 && date <= LAST_MOMENT;

/** Deeper JSON is of no use to anybody, and JSON.stringify, which reads it by recursion, ends at some 4,000 levels. */
export const MAX_JSON_DEPTH = 100;

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
};

/**
 * What is wrong with a JSON value that is to be stored or told: it is nested too deeply, has text that PostgreSQL cannot
 * hold, or holds what no JSON does, such as a file. Null where nothing is. Without recursion, which the value could exhaust.
 */
export function faultOfJson(value: unknown): 'depth' | 'nul' | 'foreign' | null {
  const open: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && value.includes('\0')) return 'nul';
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_JSON_DEPTH) return 'depth';
    if (!isPlain(value)) return 'foreign';
    // Text and what holds more is looked at in its turn; numbers, of which there may be millions, are passed over.
    const keep = (member: unknown) => {
      if (typeof member === 'string' || typeof member === 'object') open.push({ value: member, depth: depth + 1 });
    };
    if (Array.isArray(value)) value.forEach(keep);
    else
      for (const name in value) {
        if (name.includes('\0')) return 'nul';
        keep((value as Record<string, unknown>)[name]);
      }
  }
  return null;
}

/** `\u0000`, whose backslash is not itself escaped. */
const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * An object in JSON that is stored as it came: nothing is made of it in this process, however large it is. That all of it
 * is JSON is found out by PostgreSQL, which refuses what is not.
 */
export class JsonText {
  readonly text: string;

  /** @param text begins with the object's bracket, and is nested no deeper than allowed */
  constructor(text: string) {
    this.text = text;
  }

  static of(value: object): JsonText {
    return new JsonText(JSON.stringify(value));
  }

  get hasNul(): boolean {
    return this.text.includes('\\u0000') && ESCAPED_NUL.test(this.text);
  }

  /** In the fingerprint of a request. */
  toJSON(): string {
    return createHash('sha256').update(this.text).digest('hex');
  }
}

/** True, false or nothing. */
export const optionalFlag = z.boolean(typed('true or false')).nullish();

/** Text that PostgreSQL can hold. @param max characters */
export const text = (max: number) =>
  z
    .string(typed('a string'))
    .max(max, `must have at most ${max} characters`)
    .refine((value) => !value.includes('\0'), 'must not contain a NUL character');

const FAULTS = {
  foreign: 'must be JSON',
  depth: `must not be nested more than ${MAX_JSON_DEPTH} levels deep`,
  nul: 'must not contain a NUL character',
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object that means nothing to this server. Looked at in one go: a check for each member would take seconds. */
export const opaque = z.custom<Record<string, unknown> | JsonText>(isObject, typed('an object')).check(({ value, issues }) => {
  const fault = value instanceof JsonText ? value.hasNul && 'nul' : faultOfJson(value);
  if (fault) issues.push({ code: 'custom', input: value, message: FAULTS[fault] });
});

/** The LMS's own id of a user. */
export const userIdInput = text(128).min(1, 'must not be empty');

/** A time as RFC 3339 has it, or a Date. */
export const timestamp = z
  .union([z.date(), z.iso.datetime({ offset: true })], { error: () => 'must be an RFC 3339 time' })
  .transform((value) => new Date(value))
  .refine(isMoment, 'must be an RFC 3339 time');

/** Why somebody did something, for the log. */
export const reasonInput = text(2_000).trim().nullish();
