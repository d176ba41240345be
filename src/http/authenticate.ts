import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import type { Access } from '../services/access/access.ts';
import { anonymous, identityOf, type Viewer } from '../services/access/viewer.ts';
import type { Limits } from './limits/limits.ts';

/** Reads `Bearer …`, or a bare credential for clients that cannot set a header. */
export const credentialOf = (authorization: unknown) =>
  typeof authorization === 'string' ? authorization.replace(/^bearer\s+/i, '').trim() : '';

/**
 * Who sends a request. Without credentials the viewer is anonymous, which some endpoints allow.
 * @throws AppError `unauthorized` for a key or token that is unknown, revoked or expired; RateLimited after too many of them.
 */
export async function authenticate(
  credential: string,
  address: string,
  { access, limits }: { access: Access; limits: Limits },
): Promise<Viewer> {
  if (credential === '') return anonymous;
  const viewer = await access.authenticate(credential);
  if (viewer) {
    await limits.request(identityOf(viewer));
    return viewer;
  }
  await limits.failedAuthentication(address);
  throw new AppError('unauthorized', 'The API key or access token is unknown, revoked or expired');
}

export const addressOf = (req: IncomingMessage) => req.socket.remoteAddress ?? '';
