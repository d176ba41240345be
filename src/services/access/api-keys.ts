import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../../adapters/database/database.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import { AppError, notFound } from '../../errors.ts';
import type { ApiKey } from '../../generated/prisma/client.ts';
import type { ApiKeyRole } from '../../generated/prisma/enums.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { createValidRows } from './valid-rows.ts';

const KEY_PREFIX = 'invigil_';
const SHOWN_PREFIX_LENGTH = KEY_PREFIX.length + 6;

const sha256 = (value: string) => hash('sha256', value);

/** API keys, found by the hash of the key. */
export function createApiKeys({ db, bus, log }: { db: Database['prisma']; bus: Bus; log: Logger }) {
  const rows = createValidRows<ApiKey>({
    bus,
    log,
    topic: 'keys-revoked',
    async read(keyHash) {
      const row = await db.apiKey.findUnique({ where: { hash: keyHash } });
      return row && !row.revokedAt && timingSafeEqual(Buffer.from(row.hash), Buffer.from(keyHash)) ? row : null;
    },
    stillValid: (ids) => db.apiKey.findMany({ where: { id: { in: ids }, revokedAt: null }, select: { id: true } }),
  });

  async function create(
    input: { name: string; role: ApiKeyRole; tenant: string },
    key = KEY_PREFIX + randomBytes(32).toString('base64url'),
  ) {
    const row = await db.apiKey.create({
      data: { id: newId('key'), ...input, hash: sha256(key), prefix: key.slice(0, SHOWN_PREFIX_LENGTH) },
    });
    return { row, key };
  }

  async function bootstrapGiven(given: string): Promise<string | null> {
    const known = await db.apiKey.findUnique({ where: { hash: sha256(given) } });
    if (known?.revokedAt) return 'BOOTSTRAP_API_KEY is a key that was revoked, so it opens nothing: set a new one, or remove it';
    if (known && known.role !== 'ADMIN') return `BOOTSTRAP_API_KEY is the key "${known.name}", which is not an admin key: set a new one`;
    if (known) return null;
    const others = await db.apiKey.count({ where: { role: 'ADMIN', revokedAt: null } });
    await create({ name: 'bootstrap', role: 'ADMIN', tenant: 'default' }, given);
    if (others === 0) return null;
    return `BOOTSTRAP_API_KEY is a new admin key, and ${others} earlier admin ${others === 1 ? 'key stays' : 'keys stay'} valid: list them with the query apiKeys, and revoke those that are not needed with revokeApiKey`;
  }

  return {
    create,

    find: (key: string): Promise<ApiKey | null> => rows.find(sha256(key)),

    /**
     * Makes sure that an admin key exists.
     * @returns the key if one was created just now, to be shown once; and what the operator should know about the given one
     */
    async bootstrap(given: string | undefined): Promise<{ newKey: string | null; notice: string | null }> {
      if (given) return { newKey: null, notice: await bootstrapGiven(given) };
      if (await db.apiKey.findFirst({ where: { role: 'ADMIN', revokedAt: null } })) return { newKey: null, notice: null };
      return { newKey: (await create({ name: 'first admin', role: 'ADMIN', tenant: 'default' })).key, notice: null };
    },

    list: () => db.apiKey.findMany({ orderBy: { createdAt: 'asc' } }),

    async revoke(id: string): Promise<ApiKey> {
      const key = await db.apiKey.findUnique({ where: { id } });
      if (!key) throw notFound('API key');
      if (key.revokedAt) return key;
      if (key.role === 'ADMIN') {
        const others = await db.apiKey.count({ where: { role: 'ADMIN', revokedAt: null, id: { not: id } } });
        if (others === 0) throw new AppError('conflict', 'The last admin key cannot be revoked');
      }
      const revoked = await db.apiKey.update({ where: { id }, data: { revokedAt: new Date() } });
      rows.announce();
      return revoked;
    },

    follow: rows.follow,
    close: rows.close,
  };
}
