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

export type Role = Exclude<Viewer['role'], 'anonymous'>;

/** Shared by all requests without credentials. */
export const anonymous: Viewer = Object.freeze({
  role: 'anonymous',
  tenant: null,
  examId: null,
  userId: null,
  name: 'anonymous',
  keyId: null,
  expiresAt: null,
});

export const STAFF: readonly Role[] = ['admin', 'lms', 'proctor'];

export const isStaff = ({ role }: Viewer) => (STAFF as readonly string[]).includes(role);

/** Shows the token of an access link, which is nobody's until its bearer has joined. */
export const isLinkBearer = ({ role, userId }: Viewer) => role === 'participant' && userId === null;

/**
 * Tells callers apart, for rate limits, idempotency keys and unfinished uploads: an API key by its id, since two keys may
 * have the same name, and a token by what it says.
 */
export const identityOf = ({ keyId, role, tenant, examId, userId, name }: Viewer): string =>
  keyId ?? [role, tenant, examId, userId, name].map((part) => part ?? '').join('|');

/**
 * A viewer with the same rights and nothing else that tells one from another. What is made for it may be shown to everybody
 * with the same rights: results may differ by nothing but these fields.
 */
export const impersonal = ({ role, tenant, examId, userId }: Viewer): Viewer => ({
  role,
  tenant,
  examId,
  userId,
  name: role,
  keyId: null,
  expiresAt: null,
});
