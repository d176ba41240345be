import type { Database } from '../../adapters/database/database.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { Logger } from '../../log.ts';
import { createApiKeys } from './api-keys.ts';
import { createPersonalLinks } from './personal-links.ts';
import { createTokens } from './tokens.ts';
import type { Viewer } from './viewer.ts';

/** API keys and signed tokens. */
export function createAccess({ db, bus, log, tokenSecret }: { db: Database['prisma']; bus: Bus; log: Logger; tokenSecret: string }) {
  const keys = createApiKeys({ db, bus, log });
  const links = createPersonalLinks(db);
  const { sign, verify, signLink, signPersonalLink, signFile, opensFile } = createTokens(tokenSecret);

  async function viewerOfKey(key: string): Promise<Viewer | null> {
    const row = await keys.find(key);
    if (!row) return null;
    const role = row.role.toLowerCase() as 'admin' | 'lms' | 'proctor';
    const tenant = role === 'admin' ? null : row.tenant;
    return { role, tenant, examId: null, userId: null, isLink: false, name: row.name, keyId: row.id, expiresAt: null };
  }

  async function viewerOfToken(token: string): Promise<Viewer | null> {
    const claims = await verify(token);
    if (!claims) return null;
    const { role, exam, tenant, sub, link, exp } = claims;
    const isLink = role === 'participant' && (link === true || sub === undefined);
    if (isLink && sub !== undefined && !(await links.isOpen(exam))) return null;
    const name = sub ?? (role === 'proctor' ? 'proctor link' : 'access link');
    return { role, tenant, examId: exam, userId: sub ?? null, isLink, name, keyId: null, expiresAt: new Date(exp * 1_000) };
  }

  return {
    /** @returns null for a key or token that is unknown, revoked, expired or malformed. */
    authenticate: (credential: string) => (credential.startsWith('eyJ') ? viewerOfToken(credential) : viewerOfKey(credential)),
    sign,
    signLink,
    signPersonalLink,
    signFile,
    opensFile,
    createKey: keys.create,
    listKeys: keys.list,
    revokeKey: keys.revoke,
    /** Calls `onRevoked` once when the key is revoked, on any instance. Returns a stop function. */
    followKey: keys.follow,
    bootstrap: keys.bootstrap,
    close: keys.close,
  };
}

export type Access = ReturnType<typeof createAccess>;
