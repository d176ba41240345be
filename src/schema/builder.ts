import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { SpooledFile } from '../adapters/storage/storage.ts';
import type { Context } from '../context.ts';
import { invalidField } from '../errors.ts';
import type PrismaTypes from '../generated/pothos.ts';
import { getDatamodel } from '../generated/pothos.ts';
import { requireLms, requireRole, requireStaff, requireViewer } from '../resolvers/policy.ts';

/** Rows per page of a connection: the default without `first` or `last`, and the maximum. */
export const DEFAULT_PAGE = 50;
export const LARGEST_PAGE = 500;

/** For every connection. A page that is cut silently would look complete, so asking for a larger one is refused. */
export const paged = {
  maxSize(asked: { first?: number | null | undefined; last?: number | null | undefined }): number {
    for (const name of ['first', 'last'] as const)
      if ((asked[name] ?? 0) > LARGEST_PAGE) throw invalidField(name, `must be at most ${LARGEST_PAGE}`);
    return LARGEST_PAGE;
  },
};

/** The `values` of an enum: each has a description, and leaving one out is a type error. */
export type Described<Value extends string> = Record<Value, { description: string }>;

/** An `Upload` as graphql-upload-minimal's scalar resolves it: the file is on disk already. */
export interface UploadValue {
  file: SpooledFile;
}

/**
 * Checks, from a field's other arguments, whether the caller may send its files, before a byte of them is stored. Each field
 * that takes files names such a check in its `extensions`.
 */
export type AdmitUpload = (ctx: Context, args: Record<string, unknown>) => Promise<unknown>;

/** A gate passes, or throws the error for the client. */
const gate = (check: (ctx: Context) => void) => (ctx: Context) => () => {
  check(ctx);
  return true;
};

const gates = {
  viewer: gate(requireViewer),
  staff: gate(requireStaff),
  lms: gate(requireLms),
  admin: gate((ctx) => requireRole(ctx, 'admin')),
};

export const builder = new SchemaBuilder<{
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  AuthScopes: { viewer: boolean; staff: boolean; lms: boolean; admin: boolean };
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
    SafeInt: { Input: number; Output: number };
    Upload: { Input: Promise<UploadValue>; Output: never };
  };
}>({
  plugins: [ScopeAuthPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    treatErrorsAsUnauthorized: false,
    authScopes: (ctx) => ({ viewer: gates.viewer(ctx), staff: gates.staff(ctx), lms: gates.lms(ctx), admin: gates.admin(ctx) }),
  },
  relay: { nodeQueryOptions: false, nodesQueryOptions: false },
  prisma: {
    client: (ctx) => ctx.db,
    dmmf: getDatamodel(),
    defaultConnectionSize: DEFAULT_PAGE,
    maxConnectionSize: LARGEST_PAGE,
    filterConnectionTotalCount: true,
  },
});

builder.queryType({
  description: 'Reads. What the caller may not see reads as if it did not exist: null in a field, and missing from lists.',
});
builder.mutationType({
  description:
    "Changes. What consoles should know of is stored together with its event in the exam's log, before the answer; the description of the mutation names the event.",
});
builder.subscriptionType({
  description:
    'Live data, by WebSocket (graphql-ws) or server-sent events. `warningAdded` and `examEvents` are cursors into the durable log of an exam; `recordingProgress` and `examPulse` are not.',
});
