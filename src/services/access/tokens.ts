import { hash } from 'node:crypto';
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

export interface TokenGrant {
  role: 'proctor' | 'participant';
  tenant: string;
  examId: string;
  userId?: string;
  issuedAt: Date;
  expiresAt: Date;
}

/** The claims of a verified token. */
export interface TokenClaims {
  role: TokenGrant['role'];
  tenant: string;
  exam: string;
  sub?: string;
  /** Seconds. */
  exp: number;
}

const ISSUER = 'invigil';
/** For the links in `accessUrl` and `adminUrl`, from the exam's creation. */
const LINK_LIFETIME_MS = 365 * 24 * 3_600_000;

/** What a signature opens: one file of a recording, the picture at a warning, or the newest picture of a participant. */
export type SignedFile = 'download' | 'playback' | 'poster' | 'thumbnails' | 'frame' | 'snapshot';

const DOWNLOAD_LINK_S = 3_600;
/** It shows what a camera sees now: whoever gets hold of such a link must not look for long. */
const SNAPSHOT_LINK_S = 600;
/** Rounded, so that a page drawn again within minutes gets the same link and the browser can use its cached video. */
const expiryOf = (what: SignedFile) =>
  (Math.floor(Date.now() / 1_000 / 600) + 1) * 600 + (what === 'snapshot' ? SNAPSHOT_LINK_S : DOWNLOAD_LINK_S);

/** A signature costs more than the statement that reads an exam; a link with its token takes some 300 bytes. */
const REMEMBERED = 10_000;

const seconds = (date: Date) => Math.floor(date.getTime() / 1_000);

/** Signed tokens: for links, joined participants and downloads. The same link is signed once, the same token verified once. */
export function createTokens(tokenSecret: string) {
  const secret = new TextEncoder().encode(tokenSecret);
  const links = new LRUCache<string, string>({ max: REMEMBERED });
  const verified = new LRUCache<string, TokenClaims>({ max: REMEMBERED });

  async function sign({ role, tenant, examId, userId, issuedAt, expiresAt }: TokenGrant): Promise<string> {
    const token = new SignJWT({ role, exam: examId, tenant }).setProtectedHeader({ alg: 'HS256' }).setIssuer(ISSUER);
    if (userId !== undefined) token.setSubject(userId);
    return token.setIssuedAt(seconds(issuedAt)).setExpirationTime(seconds(expiresAt)).sign(secret);
  }

  /** For tokens that are the same each time they are signed. */
  async function signOnce(name: string, sign: () => Promise<string>): Promise<string> {
    const before = links.get(name);
    if (before !== undefined) return before;
    const token = await sign();
    links.set(name, token);
    return token;
  }

  async function verifyNew(token: string): Promise<TokenClaims | null> {
    try {
      const { payload } = await jwtVerify<TokenClaims>(token, secret, {
        issuer: ISSUER,
        algorithms: ['HS256'],
        requiredClaims: ['exp', 'role', 'exam', 'tenant'],
      });
      return payload;
    } catch (error) {
      if (error instanceof joseErrors.JOSEError) return null;
      throw error;
    }
  }

  return {
    sign,

    /** @returns null for a token that is expired, malformed or not ours. */
    async verify(token: string): Promise<TokenClaims | null> {
      const name = hash('sha256', token);
      const before = verified.get(name);
      if (before) return before.exp * 1_000 > Date.now() ? before : null;
      const claims = await verifyNew(token);
      if (claims) verified.set(name, claims);
      return claims;
    },

    /** The token of an exam's access or admin link: always the same one. */
    signLink: (exam: { id: string; tenant: string; createdAt: Date }, role: TokenGrant['role']) =>
      signOnce(`${role} ${exam.id}`, () =>
        sign({
          role,
          tenant: exam.tenant,
          examId: exam.id,
          issuedAt: exam.createdAt,
          expiresAt: new Date(exam.createdAt.getTime() + LINK_LIFETIME_MS),
        }),
      ),

    /** A signature that opens one file for a while, for a video tag that cannot send a header. */
    signFile(what: SignedFile, id: string) {
      const expiry = expiryOf(what);
      return signOnce(`${what} ${id} ${expiry}`, () =>
        new SignJWT({ file: id })
          .setProtectedHeader({ alg: 'HS256' })
          .setIssuer(ISSUER)
          .setAudience(what)
          .setExpirationTime(expiry)
          .sign(secret),
      );
    },

    async opensFile(signature: string, what: SignedFile, id: string): Promise<boolean> {
      const verified = await jwtVerify(signature, secret, {
        issuer: ISSUER,
        audience: what,
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
      }).catch(() => null);
      return verified?.payload['file'] === id;
    },
  };
}
