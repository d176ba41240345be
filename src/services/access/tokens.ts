import { hash } from 'node:crypto';
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

export interface TokenGrant {
  role: 'proctor' | 'participant';
  tenant: string;
  examId: string;
  userId?: string;
  /** Whether it is the token of a participant's personal link. */
  seat?: true;
  /** Of a personal admin link, or of a session of the shared one. */
  name?: string;
  /** Of a personal admin link. */
  linkId?: string;
  issuedAt: Date;
  expiresAt: Date;
}

/** The claims of a verified token. */
export interface TokenClaims {
  role: TokenGrant['role'];
  tenant: string;
  exam: string;
  sub?: string;
  /** Set for the token of a participant's personal link. That of an exam's access link has no `sub`. */
  seat?: true;
  /** Of a proctor. Without `link` its bearer gave it to itself. */
  name?: string;
  link?: string;
  /** Seconds. */
  exp: number;
}

const ISSUER = 'invigil';
/** For the links in `accessUrl` and `adminUrl`, from the exam's creation. */
const LINK_LIFETIME_MS = 365 * 24 * 3_600_000;

/** Long enough for the time after the exam in which a participant may read what is held against them: see `personal-links.ts`. */
const SEAT_LINK_LIFETIME_MS = 2 * LINK_LIFETIME_MS;

export interface PersonalLink {
  id: string;
  examId: string;
  name: string;
  createdAt: Date;
  expiresAt: Date;
}

/** What a signature opens: one file of a recording, or the picture at a warning, of a check-in, or that is a participant's newest. */
export type SignedFile = 'download' | 'playback' | 'poster' | 'thumbnails' | 'frame' | 'photo' | 'snapshot';

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

  async function sign({ role, tenant, examId, userId, seat, name, linkId, issuedAt, expiresAt }: TokenGrant): Promise<string> {
    const claims = {
      role,
      exam: examId,
      tenant,
      ...(seat && { seat }),
      ...(name !== undefined && { name }),
      ...(linkId !== undefined && { link: linkId }),
    };
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setIssuer(ISSUER);
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

    /** The token of a participant's personal link: always the same one. */
    signSeatLink: (exam: { id: string; tenant: string; createdAt: Date }, userId: string) =>
      signOnce(`participant ${exam.id} ${userId}`, () =>
        sign({
          role: 'participant',
          tenant: exam.tenant,
          examId: exam.id,
          userId,
          seat: true,
          issuedAt: exam.createdAt,
          expiresAt: new Date(exam.createdAt.getTime() + SEAT_LINK_LIFETIME_MS),
        }),
      ),

    /** The token of a personal admin link: always the same one. */
    signPersonalLink: ({ id, examId, name, createdAt, expiresAt }: PersonalLink, tenant: string) =>
      signOnce(`link ${id}`, () => sign({ role: 'proctor', tenant, examId, name, linkId: id, issuedAt: createdAt, expiresAt })),

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
