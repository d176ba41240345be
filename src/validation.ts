import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from './errors.ts';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Inputs that passed, with their schema: a route and its resolver both call `parseInput`, but 10,000 warnings are checked once. */
const checked = new WeakMap<object, z.ZodType>();

/**
 * Checks a caller's input.
 * @throws AppError `invalid_request` with one detail per error, its field written like `settings.aiDetection.enabled`.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  if (isObject(input) && checked.get(input) === schema) return input as z.output<Schema>;
  const output = parseSmallInput(schema, input);
  if (isObject(output)) checked.set(output, schema);
  return output;
}

/** As `parseInput`, for small objects that nobody checks again: to remember one takes ten times as long as to check it. */
export function parseSmallInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
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

/** The issue text for a missing value and for a value of the wrong type. */
export const typed = (expected: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : `must be ${expected}`),
});

/** The latest time that can be sent to a client: RFC 3339 years have four digits. */
export const LAST_MOMENT = new Date('9999-12-31T23:59:59.999Z');

/** Whether a time, given or derived, may be stored and returned; false for an invalid date. */
export const isMoment = (date: Date): boolean => date.getTime() >= 0 && date <= LAST_MOMENT;

/** More than any client needs; JSON.stringify is recursive and fails at about 4,000 levels. */
export const MAX_JSON_DEPTH = 100;

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
};

/**
 * What is wrong with a JSON value that is to be stored or returned: it is nested too deeply, has text that PostgreSQL cannot
 * store, or contains something that is not JSON, such as a file. Null if nothing is wrong. Not recursive: a value could
 * exhaust the stack.
 */
export function faultOfJson(value: unknown): 'depth' | 'nul' | 'foreign' | null {
  const open: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && value.includes('\0')) return 'nul';
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_JSON_DEPTH) return 'depth';
    if (!isPlain(value)) return 'foreign';
    // Strings and containers are checked later; numbers, of which there may be millions, are skipped.
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

/** One escape of JSON text; both of a surrogate pair together. */
const ESCAPES = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|[^])/g;
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE_LENGTH = String.raw`\ud83d`.length;

/** JSON text with U+FFFD for every escaped half of a surrogate pair: PostgreSQL refuses them. */
export const repairSurrogates = (json: string): string =>
  ESCAPED_SURROGATE.test(json)
    ? json.replace(ESCAPES, (escape) => (escape.length === LONE_SURROGATE_LENGTH ? String.raw`\ufffd` : escape))
    : json;

/** The same value with U+FFFD for every half of a surrogate pair, as from a text that was cut in the middle of an emoji. */
function wellFormed<T extends object>(value: T): T {
  const json = JSON.stringify(value);
  const repaired = repairSurrogates(json);
  return repaired === json ? value : (JSON.parse(repaired) as T);
}

/** `\u0000` whose backslash is not itself escaped. */
const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * A JSON object that is stored as received, but for halves of surrogate pairs, which become U+FFFD: this process never parses
 * it, however large it is. PostgreSQL checks that it is valid JSON and refuses it otherwise.
 */
export class JsonText {
  readonly text: string;

  /** @param text begins with the object's bracket, and is nested no deeper than allowed */
  constructor(text: string) {
    this.text = repairSurrogates(text);
  }

  static of(value: object): JsonText {
    return new JsonText(JSON.stringify(value));
  }

  get hasNul(): boolean {
    return this.text.includes('\\u0000') && ESCAPED_NUL.test(this.text);
  }

  /** Used in the fingerprint of a request. */
  toJSON(): string {
    return createHash('sha256').update(this.text).digest('hex');
  }
}

/**
 * One of a few names. GraphQL writes them in upper case and REST in lower case; both become upper case here.
 * @param error the message for a value that is none of them
 */
export const nameOf = <const T extends readonly [string, ...string[]]>(names: T, error: (issue: { input?: unknown }) => string) =>
  z
    .string({ error })
    .transform((name) => name.toUpperCase())
    .pipe(z.enum(names, { error }))
    .meta({ enum: names.map((name) => name.toLowerCase()) });

/** True, false or absent. */
export const optionalFlag = z.boolean(typed('true or false')).nullish();

const textWithoutNul = z.string(typed('a string')).refine((value) => !value.includes('\0'), 'must not contain a NUL character');

const toWellFormed = (value: string) => value.toWellFormed();

/** Text that PostgreSQL can store; half a surrogate pair becomes U+FFFD. @param max characters */
export const text = (max: number) => textWithoutNul.max(max, `must have at most ${max} characters`).overwrite(toWellFormed);

/** As `text`, but text that is too long is cut, and its end says so: it is evidence, and must not make a request fail. */
export const textToCut = (max: number) => textWithoutNul.overwrite((value) => cut(value, max).toWellFormed());

function cut(value: string, max: number): string {
  if (value.length <= max) return value;
  const note = ` … [cut, ${value.length} characters]`;
  return value.slice(0, max - note.length) + note;
}

/**
 * Text that identifies something. Refused if two such ids would become one: half a surrogate pair, and U+FFFD, which stands for
 * bytes that were not UTF-8 (forms, queries and tus metadata in another encoding; clients that read one wrongly).
 * @param max characters
 */
export const idText = (max: number) =>
  textWithoutNul
    .max(max, `must have at most ${max} characters`)
    .min(1, 'must not be empty')
    .refine((value) => value.isWellFormed(), 'must not contain half a surrogate pair')
    .refine((value) => !value.includes('\ufffd'), 'must be sent as UTF-8: it contains U+FFFD, which stands for bytes in another encoding');

const FAULTS = {
  foreign: 'must be JSON',
  depth: `must not be nested more than ${MAX_JSON_DEPTH} levels deep`,
  nul: 'must not contain a NUL character',
};

/** An object that this server does not interpret. Checked in one pass: a zod check per member would take seconds. */
export const opaque = z.custom<Record<string, unknown> | JsonText>(isObject, typed('an object')).check(({ value, issues }) => {
  const fault = value instanceof JsonText ? value.hasNul && 'nul' : faultOfJson(value);
  if (fault) issues.push({ code: 'custom', input: value, message: FAULTS[fault] });
});

/** As `opaque`, with U+FFFD for halves of surrogate pairs. */
export const opaqueSettings = opaque.overwrite((value) => (value instanceof JsonText ? value : wellFormed(value)));

/** Text by which something is found. */
export const lookupText = textWithoutNul.min(1, 'must not be empty');

/** The LMS's own id for a user. */
export const userIdInput = idText(128);

/** An RFC 3339 time; or a Date, which GraphQL makes of one. */
export const timestamp = z
  .preprocess(
    (value) => (value instanceof Date && isMoment(value) ? value.toISOString() : value),
    z.iso.datetime({ offset: true, error: () => 'must be an RFC 3339 time' }),
  )
  .transform((text) => new Date(text))
  .refine(isMoment, 'must be an RFC 3339 time');

/** The reason for a decision; kept in the log. */
export const reasonInput = text(2_000).trim().nullish();
