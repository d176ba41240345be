import type { Database } from '../../adapters/database/database.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { Logger } from '../../log.ts';
import { createApiKeys } from './api-keys.ts';
import { createPersonalLinks } from './personal-links.ts';
import { createProctorLinks } from './proctor-links.ts';
import { createTokens, type TokenClaims } from './tokens.ts';
import { anonymous, declared, type Viewer } from './viewer.ts';

/** What is shown of the bearer of a token without a user. */
function nameOf({ role, name, link }: TokenClaims): string {
  if (role !== 'proctor') return 'access link';
  if (name === undefined) return 'proctor link';
  return link === undefined ? declared(name) : name;
}

/** API keys and signed tokens. */
export function createAccess({ db, bus, log, tokenSecret }: { db: Database['prisma']; bus: Bus; log: Logger; tokenSecret: string }) {
  const keys = createApiKeys({ db, bus, log });
  const links = createProctorLinks({ db, bus, log });
  const personalLinks = createPersonalLinks(db);
  const { sign, verify, signLink, signSeatLink, signPersonalLink, signFile, opensFile } = createTokens(tokenSecret);

  async function viewerOfKey(key: string): Promise<Viewer | null> {
    const row = await keys.find(key);
    if (!row) return null;
    const role = row.role.toLowerCase() as 'admin' | 'lms' | 'proctor';
    const tenant = role === 'admin' ? null : row.tenant;
    return { ...anonymous, role, tenant, name: row.name, keyId: row.id };
  }

  async function viewerOfToken(token: string): Promise<Viewer | null> {
    const claims = await verify(token);
    if (!claims) return null;
    const { role, exam, tenant, sub, name, link, seat, exp } = claims;
    if (link !== undefined && !(await links.find(link))) return null;
    const isLink = role === 'participant' && (seat === true || sub === undefined);
    if (isLink && sub !== undefined && !(await personalLinks.isOpen(exam))) return null;
    const declaredName = link === undefined && role === 'proctor' ? (name ?? null) : null;
    return {
      role,
      tenant,
      examId: exam,
      userId: sub ?? null,
      isLink,
      name: sub ?? nameOf(claims),
      keyId: null,
      linkId: link ?? null,
      declaredName,
      expiresAt: new Date(exp * 1_000),
    };
  }

  /** Calls `onRevoked` once when the key or the personal link is revoked, on any instance. Returns a stop function. */
  function follow({ keyId, linkId }: Viewer, onRevoked: () => void): () => void {
    if (keyId !== null) return keys.follow(keyId, onRevoked);
    return linkId === null ? () => {} : links.follow(linkId, onRevoked);
  }

  return {
    /** @returns null for a key or token that is unknown, revoked, expired or malformed. */
    authenticate: (credential: string) => (credential.startsWith('eyJ') ? viewerOfToken(credential) : viewerOfKey(credential)),
    sign,
    signLink,
    signSeatLink,
    signPersonalLink,
    signFile,
    opensFile,
    createKey: keys.create,
    listKeys: keys.list,
    revokeKey: keys.revoke,
    links,
    follow,
    bootstrap: keys.bootstrap,
    async close(): Promise<void> {
      await keys.close();
      await links.close();
    },
  };
}

export type Access = ReturnType<typeof createAccess>;
