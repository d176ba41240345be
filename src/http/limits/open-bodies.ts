import type { IncomingMessage, ServerResponse } from 'node:http';
import { TooOften } from '../../errors.ts';
import { isLinkBearer, type Viewer } from '../../services/access/viewer.ts';
import { PerCredential } from './per-credential.ts';

/** Smaller bodies arrive with their headers, or in the next few packets. */
const SMALL_BYTES = 64 * 1024;
/** Two recordings, snapshots, and repeats of them all after a bad connection. */
const MOST_OF_A_PARTICIPANT = 8;
const RETRY_MS = 2_000;

const isSmall = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= SMALL_BYTES;

/** Their bodies are refused before being read. Counting them would let one holder block the whole class that shares a link. */
const sendsNothingLarge = (viewer: Viewer) => viewer.role === 'anonymous' || isLinkBearer(viewer);

/**
 * Limits the large bodies that one credential may send at a time: each holds memory, or a file that is not a recording yet.
 * @param perCredential limit for an API key or a proctor's link
 */
export function createOpenBodies({ perCredential }: { perCredential: number }) {
  const open = new PerCredential();
  return {
    /** Counts the request until it is answered. @throws AppError `rate_limited` */
    admit(viewer: Viewer, req: IncomingMessage, res: ServerResponse): void {
      if (isSmall(req) || sendsNothingLarge(viewer)) return;
      const release = open.hold(viewer, viewer.role === 'participant' ? MOST_OF_A_PARTICIPANT : perCredential);
      if (!release) throw new TooOften('Too many uploads at the same time: wait for one to end', RETRY_MS);
      // The client may have left while it was being authenticated.
      if (res.closed || req.socket.destroyed) release();
      else res.once('close', release);
    },
  };
}
