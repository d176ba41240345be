import type { ApiKey as ApiKeyRow } from '../generated/prisma/client.ts';
import { ApiKeyRole } from '../generated/prisma/enums.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../resolvers/api-keys.ts';
import { builder, type Described } from './builder.ts';

const ApiKeyRoleEnum = builder.enumType(ApiKeyRole, {
  name: 'ApiKeyRole',
  description: 'What the bearer of an API key may do.',
  values: {
    ADMIN: { description: 'Everything, in every tenant; only this role manages keys.' },
    LMS: { description: 'Creates and cancels exams, invites and verifies users, sends evidence and reads everything of its tenant.' },
    PROCTOR: { description: 'Watches, starts, ends and reviews the exams of its tenant. Sends no recordings, snapshots or submissions.' },
  } satisfies Described<ApiKeyRole>,
});

const ApiKey = builder.prismaObject('ApiKey', {
  description: 'A credential of an LMS, a proctor or an administrator. The key itself is shown once, when it is created.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the key, for `revokeApiKey`; it is no secret.' }),
    name: t.exposeString('name', { description: 'Name as given. It stands in `by` of what the bearer decides.' }),
    role: t.expose('role', { type: ApiKeyRoleEnum, description: 'What its bearer may do.' }),
    tenant: t.exposeString('tenant', { description: 'Keys of one tenant share its exams. An ADMIN key sees every tenant.' }),
    prefix: t.exposeString('prefix', { description: 'The first characters of the key, enough to recognise it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: "When it was created, by the server's clock." }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true, description: 'When it was revoked; null while it is valid.' }),
  }),
});

const CreatedApiKey = builder.objectRef<{ key: string; row: ApiKeyRow }>('CreatedApiKey').implement({
  description: 'A new API key, with the key itself.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Shown only now and never stored by the server: keep it.' }),
    apiKey: t.expose('row', { type: ApiKey, description: 'What is stored of it.' }),
  }),
});

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'An API key to create.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Who will use it, 1 to 100 characters; shown to staff beside what its bearer decides.' }),
    role: t.field({ type: ApiKeyRoleEnum, required: true, description: 'What its bearer may do; it cannot be changed later.' }),
    tenant: t.string({
      required: true,
      defaultValue: 'default',
      description: 'The organisation whose exams it sees, 1 to 64 characters of [a-z0-9-]. Without effect for ADMIN, which sees all.',
    }),
  }),
});

builder.queryField('apiKeys', (t) =>
  t.field({
    type: [ApiKey],
    authScopes: { admin: true },
    description: 'All keys of all tenants, oldest first, also revoked ones. Admin only.',
    resolve: (_root, _args, ctx) => listApiKeys(ctx),
  }),
);

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreatedApiKey,
    authScopes: { admin: true },
    description: 'Creates an API key; the answer is the only one that shows it. Admin only.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: (_root, { input }, ctx) => createApiKey(ctx, input),
  }),
  revokeApiKey: t.field({
    type: ApiKey,
    authScopes: { admin: true },
    description:
      'Makes a key invalid and ends its subscriptions, within seconds on every server. A repeat changes nothing; CONFLICT for the last admin key. Admin only.',
    args: { id: t.arg.id({ required: true, description: '`ApiKey.id`.' }) },
    resolve: (_root, { id }, ctx) => revokeApiKey(ctx, id),
  }),
}));
