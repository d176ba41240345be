import type { IncomingMessage, ServerResponse } from 'node:http';
import { TooOften } from '../../errors.ts';
import type { Viewer } from '../../services/access/viewer.ts';
import { addressOf } from '../authenticate.ts';
import { PerCredential } from './per-credential.ts';

/** Smaller bodies arrive with their headers, or in the next few packets. */
const SMALL_BYTES = 64 * 1024;
/** Two recordings, snapshots, and repeats of them all after a bad connection. */
const MOST_OF_A_PARTICIPANT = 8;
const RETRY_MS = 2_000;

const isSmall = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= SMALL_BYTES;

/** A class that tries out its cameras by the link that it shares, from one room. */
const MOST_OF_AN_ADDRESS = 100;

/**
 * Limits the large bodies that one credential, or one address with a shared link, may send at a time: each holds memory, or a file that is not a recording yet.
 * @param perCredential limit for an API key or a proctor's link
 */
export function createOpenBodies({ perCredential }: { perCredential: number }) {
  const open = new PerCredential();

  function hold(viewer: Viewer, address: string): (() => void) | null {
    if (viewer.role !== 'participant') return open.hold(viewer, perCredential);
    // Bearers of a shared link are told apart by where they are, so that one does not block the others.
    return viewer.userId === null ? open.hold(viewer, MOST_OF_AN_ADDRESS, address) : open.hold(viewer, MOST_OF_A_PARTICIPANT);
  }

  return {
    /** Counts the request until it is answered. @throws AppError `rate_limited` */
    admit(viewer: Viewer, req: IncomingMessage, res: ServerResponse): void {
      // Without credentials a body is refused before being read.
      if (isSmall(req) || viewer.role === 'anonymous') return;
      const release = hold(viewer, addressOf(req));
      if (!release) throw new TooOften('Too many uploads at the same time: wait for one to end', RETRY_MS);
      // The client may have left while it was being authenticated.
      if (res.closed || req.socket.destroyed) release();
      else res.once('close', release);
    },
  };
}
