import type { ApiKey as ApiKeyRow } from '../generated/prisma/client.ts';
import { ApiKeyRole } from '../generated/prisma/enums.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../resolvers/api-keys.ts';
import { builder } from './builder.ts';

const ApiKeyRoleEnum = builder.enumType(ApiKeyRole, { name: 'ApiKeyRole' });

const ApiKey = builder.prismaObject('ApiKey', {
  description: 'The key itself is shown once, when it is created.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    role: t.expose('role', { type: ApiKeyRoleEnum }),
    tenant: t.exposeString('tenant', { description: 'Keys of one tenant share its exams.' }),
    prefix: t.exposeString('prefix', { description: 'The first characters of the key, enough to recognise it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
  }),
});

const CreatedApiKey = builder.objectRef<{ key: string; row: ApiKeyRow }>('CreatedApiKey').implement({
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Shown only now and never stored by the server: keep it.' }),
    apiKey: t.expose('row', { type: ApiKey }),
  }),
});

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    role: t.field({ type: ApiKeyRoleEnum, required: true }),
    tenant: t.string({ required: true, defaultValue: 'default' }),
  }),
});

builder.queryField('apiKeys', (t) =>
  t.field({ type: [ApiKey], authScopes: { admin: true }, resolve: (_root, _args, ctx) => listApiKeys(ctx) }),
);

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreatedApiKey,
    authScopes: { admin: true },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: (_root, { input }, ctx) => createApiKey(ctx, input),
  }),
  revokeApiKey: t.field({
    type: ApiKey,
    authScopes: { admin: true },
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, ctx) => revokeApiKey(ctx, id),
  }),
}));
