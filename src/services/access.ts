import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import type { Bus } from '../adapters/bus.ts';
import type { Database } from '../adapters/database.ts';
import { AppError, notFound } from '../errors.ts';
import type { ApiKeyRole } from '../generated/prisma/enums.ts';
import { newId } from '../ids.ts';

/** Who asks. Tokens are bound to one exam, a participant's token also to one user. */
export interface Viewer {
  role: 'anonymous' | 'admin' | 'lms' | 'proctor' | 'participant';
  /** Keys and tokens see the exams of their tenant; null is every tenant (admin). */
  tenant: string | null;
  /** Set for tokens: the only exam that they open. */
  examId: string | null;
  /** Set for a participant who joined; null for a bearer of the exam's access link. */
  userId: string | null;
  /** For the record of who did what. */
  name: string;
  /** Set for API keys. */
  keyId: string | null;
  expiresAt: Date | null;
}

export const anonymous: Viewer = {
  role: 'anonymous',
  tenant: null,
  examId: null,
  userId: null,
  name: 'anonymous',
  keyId: null,
  expiresAt: null,
};

export interface TokenGrant {
  role: 'proctor' | 'participant';
  tenant: string;
  examId: string;
  userId?: string;
  issuedAt: Date;
  expiresAt: Date;
}

const KEY_PREFIX = 'invigil_';
const SHOWN_PREFIX_LENGTH = KEY_PREFIX.length + 6;
const ISSUER = 'invigil';
/** Of the links in `accessUrl` and `adminUrl`, from the exam's creation. */
const LINK_LIFETIME_MS = 365 * 24 * 3_600_000;

const DOWNLOAD = 'download';
const DOWNLOAD_LINK_S = 3_600;
/** Rounded, so that a page that is drawn again within minutes gets the same link and the browser its cached video. */
const downloadExpiry = () => (Math.floor(Date.now() / 1_000 / 600) + 1) * 600 + DOWNLOAD_LINK_S;

const keyTopic = (id: string) => `key:${id}`;
const KEY_CHECK_MS = 15_000;

const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');
const seconds = (date: Date) => Math.floor(date.getTime() / 1_000);

/** API keys and signed tokens. */
export function createAccess({ db, bus, tokenSecret }: { db: Database['prisma']; bus: Bus; tokenSecret: string }) {
  const secret = new TextEncoder().encode(tokenSecret);

  async function createKey(
    input: { name: string; role: ApiKeyRole; tenant: string },
    key = KEY_PREFIX + randomBytes(32).toString('base64url'),
  ) {
    const row = await db.apiKey.create({
      data: { id: newId('key'), ...input, hash: sha256(key), prefix: key.slice(0, SHOWN_PREFIX_LENGTH) },
    });
    return { row, key };
  }

  async function viewerOfKey(key: string): Promise<Viewer | null> {
    const hash = sha256(key);
    const row = await db.apiKey.findUnique({ where: { hash } });
    if (!row || row.revokedAt || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return null;
    const role = row.role.toLowerCase() as 'admin' | 'lms' | 'proctor';
    return {
      role,
      tenant: role === 'admin' ? null : row.tenant,
      examId: null,
      userId: null,
      name: row.name,
      keyId: row.id,
      expiresAt: null,
    };
  }

  async function viewerOfToken(token: string): Promise<Viewer | null> {
    try {
      const { payload } = await jwtVerify(token, secret, {
        issuer: ISSUER,
        algorithms: ['HS256'],
        requiredClaims: ['exp', 'role', 'exam', 'tenant'],
      });
      const { role, exam, tenant, sub, exp } = payload as {
        role: TokenGrant['role'];
        exam: string;
        tenant: string;
        sub?: string;
        exp: number;
      };
      const name = sub ?? (role === 'proctor' ? 'proctor link' : 'access link');
      return { role, tenant, examId: exam, userId: sub ?? null, name, keyId: null, expiresAt: new Date(exp * 1_000) };
    } catch (error) {
      if (error instanceof joseErrors.JOSEError) return null;
      throw error;
    }
  }

  async function sign({ role, tenant, examId, userId, issuedAt, expiresAt }: TokenGrant): Promise<string> {
    const token = new SignJWT({ role, exam: examId, tenant }).setProtectedHeader({ alg: 'HS256' }).setIssuer(ISSUER);
    if (userId !== undefined) token.setSubject(userId);
    return token.setIssuedAt(seconds(issuedAt)).setExpirationTime(seconds(expiresAt)).sign(secret);
  }

  const followed = new Map<string, { callbacks: Set<() => void>; stop: () => void }>();

  /** One look at the row for all sockets of a key: at each wake-up call, and in case one is lost. */
  function follow(id: string) {
    const callbacks = new Set<() => void>();
    const look = async () => {
      const row = await db.apiKey.findUnique({ where: { id }, select: { revokedAt: true } }).catch(() => undefined);
      if (row === undefined || row?.revokedAt === null) return;
      stop();
      for (const onRevoked of callbacks) onRevoked();
    };
    const timer = setInterval(() => void look(), KEY_CHECK_MS).unref();
    const unsubscribe = bus.subscribe(keyTopic(id), () => void look());
    const stop = () => {
      clearInterval(timer);
      unsubscribe();
      if (followed.get(id) === entry) followed.delete(id);
    };
    const entry = { callbacks, stop };
    followed.set(id, entry);
    return entry;
  }

  return {
    createKey,
    sign,

    /** @returns null for a key or token that is unknown, revoked, expired or not well formed. */
    authenticate: (credential: string) => (credential.startsWith('eyJ') ? viewerOfToken(credential) : viewerOfKey(credential)),

    /** The token of an exam's access or admin link: the same one whenever it is asked for. */
    signLink: (exam: { id: string; tenant: string; createdAt: Date }, role: TokenGrant['role']) =>
      sign({
        role,
        tenant: exam.tenant,
        examId: exam.id,
        issuedAt: exam.createdAt,
        expiresAt: new Date(exam.createdAt.getTime() + LINK_LIFETIME_MS),
      }),

    /** A signature that opens the download of one recording for a while, for a video tag that cannot send a header. */
    signDownload: (recordingId: string) =>
      new SignJWT({ rec: recordingId })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(ISSUER)
        .setAudience(DOWNLOAD)
        .setExpirationTime(downloadExpiry())
        .sign(secret),

    async mayDownload(signature: string, recordingId: string): Promise<boolean> {
      const verified = await jwtVerify(signature, secret, {
        issuer: ISSUER,
        audience: DOWNLOAD,
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
      }).catch(() => null);
      return verified?.payload['rec'] === recordingId;
    },

    /**
     * Sees to it that an admin key exists.
     * @returns the key where one was made just now, to be shown once.
     */
    async bootstrap(given: string | undefined): Promise<string | null> {
      if (given) {
        const known = await db.apiKey.findUnique({ where: { hash: sha256(given) } });
        if (!known) await createKey({ name: 'bootstrap', role: 'ADMIN', tenant: 'default' }, given);
        return null;
      }
      if (await db.apiKey.findFirst({ where: { role: 'ADMIN', revokedAt: null } })) return null;
      return (await createKey({ name: 'first admin', role: 'ADMIN', tenant: 'default' })).key;
    },

    listKeys: () => db.apiKey.findMany({ orderBy: { createdAt: 'asc' } }),

    async revokeKey(id: string) {
      const key = await db.apiKey.findUnique({ where: { id } });
      if (!key) throw notFound('API key');
      if (key.revokedAt) return key;
      if (key.role === 'ADMIN') {
        const others = await db.apiKey.count({ where: { role: 'ADMIN', revokedAt: null, id: { not: id } } });
        if (others === 0) throw new AppError('conflict', 'The last admin key cannot be revoked');
      }
      const revoked = await db.apiKey.update({ where: { id }, data: { revokedAt: new Date() } });
      bus.publish(keyTopic(id));
      return revoked;
    },

    /** Calls `onRevoked` once when the key is revoked, on whichever instance. Returns the way out. */
    followKey(id: string, onRevoked: () => void): () => void {
      const followers = followed.get(id) ?? follow(id);
      followers.callbacks.add(onRevoked);
      return () => {
        followers.callbacks.delete(onRevoked);
        if (followers.callbacks.size === 0) followers.stop();
      };
    },
  };
}

export type Access = ReturnType<typeof createAccess>;
