import type { Database } from '../../adapters/database/database.ts';
import type { Bus } from '../../adapters/signals/bus.ts';
import type { Logger } from '../../log.ts';
import { createApiKeys } from './api-keys.ts';
import { createTokens } from './tokens.ts';

/** Who asks. Tokens are bound to one exam, a participant's token also to one user. */
export interface Viewer {
  readonly role: 'anonymous' | 'admin' | 'lms' | 'proctor' | 'participant';
  /** Keys and tokens see the exams of their tenant; null is every tenant (admin). */
  readonly tenant: string | null;
  /** Set for tokens: the only exam that they open. */
  readonly examId: string | null;
  /** Set for a participant who joined; null for a bearer of the exam's access link. */
  readonly userId: string | null;
  /** For the record of who did what. */
  readonly name: string;
  /** Set for API keys: see `followKey`. */
  readonly keyId: string | null;
  readonly expiresAt: Date | null;
}

/** Shared by all who show no credentials. */
export const anonymous: Viewer = Object.freeze({
  role: 'anonymous',
  tenant: null,
  examId: null,
  userId: null,
  name: 'anonymous',
  keyId: null,
  expiresAt: null,
});

/** API keys and signed tokens. */
export function createAccess({ db, bus, log, tokenSecret }: { db: Database['prisma']; bus: Bus; log: Logger; tokenSecret: string }) {
  const keys = createApiKeys({ db, bus, log });
  const { sign, verify, signLink, signDownload, mayDownload } = createTokens(tokenSecret);

  async function viewerOfKey(key: string): Promise<Viewer | null> {
    const row = await keys.find(key);
    if (!row) return null;
    const role = row.role.toLowerCase() as 'admin' | 'lms' | 'proctor';
    const tenant = role === 'admin' ? null : row.tenant;
    return { role, tenant, examId: null, userId: null, name: row.name, keyId: row.id, expiresAt: null };
  }

  async function viewerOfToken(token: string): Promise<Viewer | null> {
    const claims = await verify(token);
    if (!claims) return null;
    const { role, exam, tenant, sub, exp } = claims;
    const name = sub ?? (role === 'proctor' ? 'proctor link' : 'access link');
    return { role, tenant, examId: exam, userId: sub ?? null, name, keyId: null, expiresAt: new Date(exp * 1_000) };
  }

  return {
    /** @returns null for a key or token that is unknown, revoked, expired or not well formed. */
    authenticate: (credential: string) => (credential.startsWith('eyJ') ? viewerOfToken(credential) : viewerOfKey(credential)),
    sign,
    signLink,
    signDownload,
    mayDownload,
    createKey: keys.create,
    listKeys: keys.list,
    revokeKey: keys.revoke,
    /** Calls `onRevoked` once when the key is revoked, on whichever instance. Returns the way out. */
    followKey: keys.follow,
    bootstrap: keys.bootstrap,
    close: keys.close,
  };
}

export type Access = ReturnType<typeof createAccess>;
