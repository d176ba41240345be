import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { shrinkPicture } from '../../adapters/vision/shrink-picture.ts';
import type { Frame } from '../../adapters/vision/vision.ts';
import type { Logger } from '../../log.ts';
import type { LatestPicture, LatestStore } from './latest-store.ts';

/** At most one picture per participant in this time. */
const EVERY_MS = 5_000;
const WRITE_MS = 1_000;
/** Of one statement, some 3 MB. */
const MAX_ROWS = 250;
const LONGEST_REST_MS = 250;
const WIDTH = 320;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const REMEMBERED = 50_000;

interface Waiting {
  picture: Uint8Array | Frame;
  /** Milliseconds since 1970. */
  at: number;
}

const sizeOf = ({ picture }: Waiting) => (picture instanceof Uint8Array ? picture : picture.data).length;

/**
 * Makes the small picture that consoles show of each participant: one at a time, in the order in which participants came, from the
 * newest snapshot of each. When there is not enough time, all pictures get older together.
 */
export function createLatestPictures({ store, log }: { store: LatestStore; log: Logger }) {
  const due = new LRUCache<string, number>({ max: REMEMBERED });
  const waiting = new Map<string, Waiting>();
  const ready = new Map<string, LatestPicture>();
  let waitingBytes = 0;
  let working: Promise<void> | undefined;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function shrinkAll(): Promise<void> {
    for (const [participantId, one] of waiting) {
      waiting.delete(participantId);
      waitingBytes -= sizeOf(one);
      if (closed) continue;
      const begun = performance.now();
      due.set(participantId, begun + EVERY_MS);
      try {
        ready.set(participantId, { participantId, image: await shrinkPicture(one.picture, WIDTH), at: one.at });
        timer ??= setTimeout(() => void writeAll(), WRITE_MS).unref();
      } catch (error) {
        // Whatever the candidate sent is not a picture: the analysis reports that, where it is on.
        log.debug({ err: error, participantId }, 'a snapshot could not be shrunk');
      }
      // A JPEG that nobody had decoded yet: at most half a processor is spent on them, the analysis needs the others.
      if (one.picture instanceof Uint8Array) await delay(Math.min(performance.now() - begun, LONGEST_REST_MS), undefined, { ref: false });
    }
    working = undefined;
  }

  async function writeAll(): Promise<void> {
    const rows = [...ready.values()].slice(0, MAX_ROWS);
    for (const { participantId } of rows) ready.delete(participantId);
    writing = store.write(rows).catch((error: unknown) => log.warn({ err: error }, 'could not store the newest snapshots'));
    await writing;
    timer = ready.size > 0 && !closed ? setTimeout(() => void writeAll(), rows.length === MAX_ROWS ? 0 : WRITE_MS).unref() : undefined;
  }

  return {
    /** @param picture a JPEG, or the frame that was decoded from it */
    offer(participantId: string, picture: Uint8Array | Frame, at: number): void {
      if (closed || performance.now() < (due.get(participantId) ?? 0)) return;
      const before = waiting.get(participantId);
      const one = { picture, at };
      const bytes = waitingBytes - (before ? sizeOf(before) : 0) + sizeOf(one);
      if (bytes > MAX_WAITING_BYTES) return;
      waitingBytes = bytes;
      waiting.set(participantId, one);
      working ??= shrinkAll();
    },

    /** Somebody waits for a new one: the next picture is taken at once. */
    expect: (participantId: string): void => void due.delete(participantId),

    /** Discards what is not stored yet. */
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      await Promise.all([working, writing]);
    },
  };
}
