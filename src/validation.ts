import type { z } from 'zod';
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
