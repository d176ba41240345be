import { z } from 'zod';
import type { Context } from '../context.ts';
import { parseInput, typed } from '../validation.ts';
import { requireRole } from './policy.ts';

const createApiKeyInput = z.object({
  name: z.string(typed('a string')).trim().min(1, 'must not be empty').max(100, 'must have at most 100 characters'),
  role: z.enum(['ADMIN', 'LMS', 'PROCTOR']),
  tenant: z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be 1 to 64 characters of [a-z0-9-]'),
});

export async function createApiKey(ctx: Context, input: unknown) {
  requireRole(ctx, 'admin');
  return ctx.services.access.createKey(parseInput(createApiKeyInput, input));
}

export async function listApiKeys(ctx: Context) {
  requireRole(ctx, 'admin');
  return ctx.services.access.listKeys();
}

export async function revokeApiKey(ctx: Context, id: string) {
  requireRole(ctx, 'admin');
  return ctx.services.access.revokeKey(id);
}
