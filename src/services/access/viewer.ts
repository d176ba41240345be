/** The caller of a request. Tokens are bound to one exam, a participant's token also to one user. */
export interface Viewer {
  readonly role: 'anonymous' | 'admin' | 'lms' | 'proctor' | 'participant';
  /** Keys and tokens see the exams of their tenant; null means all tenants (admin). */
  readonly tenant: string | null;
  /** Set for tokens: the only exam that they give access to. */
  readonly examId: string | null;
  /** Set for a participant; null for a bearer of the exam's access link. */
  readonly userId: string | null;
  /** A participant who only shows a link: the exam's access link, or a personal one. */
  readonly isLink: boolean;
  /** For the audit trail. */
  readonly name: string;
  /** Set for API keys. */
  readonly keyId: string | null;
  /** Set for personal admin links. */
  readonly linkId: string | null;
  /** The name that the bearer of the shared admin link has given itself; nobody has checked it. */
  readonly declaredName: string | null;
  readonly expiresAt: Date | null;
}

export type Role = Exclude<Viewer['role'], 'anonymous'>;

/** Shared by all requests without credentials. */
export const anonymous: Viewer = Object.freeze({
  role: 'anonymous',
  tenant: null,
  examId: null,
  userId: null,
  isLink: false,
  name: 'anonymous',
  keyId: null,
  linkId: null,
  declaredName: null,
  expiresAt: null,
});

export const STAFF: readonly Role[] = ['admin', 'lms', 'proctor'];

export const isStaff = ({ role }: Viewer) => (STAFF as readonly string[]).includes(role);

const BY_SHARED_LINK = ' (shared link)';

/** A name that somebody has given itself, as it is shown: it must not pass for that of a personal link. */
export const declared = (name: string) => `${name}${BY_SHARED_LINK}`;

export const isDeclared = (name: string) => name.endsWith(BY_SHARED_LINK) && name.length > BY_SHARED_LINK.length;

/** The bearer of the shared admin link before it has said who it is. */
export const isNameless = ({ keyId, linkId, declaredName }: Viewer) => keyId === null && linkId === null && declaredName === null;

/** The caller shows the token of a link: it may read what the link is for, and join. */
export const isLinkBearer = ({ isLink }: Viewer) => isLink;

/**
 * Tells callers apart, for rate limits, idempotency keys and unfinished uploads: API keys and personal links by their ids, since two
 * may have the same name, and other tokens by their claims.
 */
export const identityOf = ({ keyId, linkId, role, tenant, examId, userId, isLink, name }: Viewer): string =>
  keyId ?? linkId ?? [role, tenant, examId, userId, name, ...(isLink ? ['link'] : [])].map((part) => part ?? '').join('|');

/**
 * A viewer with the same rights and no other identity. A result made for it may be shown to every viewer with the same rights:
 * results may depend on these fields only.
 */
export const impersonal = ({ role, tenant, examId, userId, isLink }: Viewer): Viewer => ({
  role,
  tenant,
  examId,
  userId,
  isLink,
  name: role,
  keyId: null,
  linkId: null,
  declaredName: null,
  expiresAt: null,
});
