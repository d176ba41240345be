import { LRUCache } from 'lru-cache';
import type { Database } from '../adapters/database.ts';
import type { Storage } from '../adapters/storage.ts';
import { ImageError, type ObservedImage, VisionError, type VisionProvider } from '../adapters/vision.ts';
import { invalidField } from '../errors.ts';
import type { Logger } from '../log.ts';
import { HOLD_SECONDS } from './analysis/episodes.ts';
import type { EventLog } from './event-log/event-log.ts';
import { createAdmission, type Sitter } from './live-frames/admit.ts';
import { FrameQueue } from './live-frames/frame-queue.ts';
import { judges } from './live-frames/judges.ts';
import { createPace } from './live-frames/pace.ts';
import { createRecorder } from './live-frames/record.ts';
import { createSeats, type Seat } from './live-frames/seats.ts';
import { createWatchStore, type Seen } from './live-frames/store.ts';
import { startWatchSweep } from './live-frames/sweep.ts';
import type { GapCause } from './live-frames/track.ts';
import { createWatch } from './live-frames/watch.ts';
import type { Who } from './presence/signs.ts';

interface Dependencies {
  database: Database;
  eventLog: EventLog;
  storage: Storage;
  vision: VisionProvider;
  log: Logger;
}

export interface SnapshotReceipt {
  examId: string;
  userId: string;
  /** As it counts. */
  takenAt: Date;
  /** Whether it is looked at, unless a newer one takes its place; false also where the server is too busy for this one. */
  analysed: boolean;
}

/** One snapshot. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024;
/** All that wait: some thousand participants' at 640 × 480. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** Older ones are of no use any more, and nobody's clock runs ahead of the server's. */
const OLDEST_MS = 30_000;
const CLOCK_TOLERANCE_MS = 2_000;
const REMEMBERED_ROWS = 20_000;
/** Gaps are told a few at a time, those that are left out with the next snapshot: what is seen must not wait behind them. */
const GAPS_AT_ONCE = 4;
const TELL_EVERY_MS = 10_000;
/** What was seen and is being written down holds its picture, a megabyte: a database that is slow makes the looks wait. */
const MOST_WRITING = 16;

interface Frame extends Sitter {
  key: string;
  image: Uint8Array;
  /** Milliseconds since 1970. */
  at: number;
  seat: Seat;
}

function causeOf(error: unknown): GapCause {
  if (error instanceof ImageError) return 'unreadable';
  return error instanceof VisionError ? 'unavailable' : 'overload';
}

/** When it was taken, by the database's clock. */
function timeOf({ now }: Sitter, takenAt: Date | null): number {
  if (!takenAt) return now;
  const at = takenAt.getTime();
  if (at < now - OLDEST_MS || at > now + CLOCK_TOLERANCE_MS)
    throw invalidField('takenAt', `must be within the last ${OLDEST_MS / 1_000} s; without it the time of arrival counts`);
  return Math.min(at, now);
}

/**
 * Snapshots of participants' cameras while the exam runs: looked at as they come, in this process, before recordings.
 * They are acknowledged before that; one that raises a warning is kept as its evidence, all others are forgotten.
 */
export function createLiveFrames({ database: { prisma: db, pool }, eventLog, storage, vision, log }: Dependencies) {
  const admit = createAdmission({ pool });
  const pace = createPace();
  const seats = createSeats();
  const queue = new FrameQueue<Frame>(MAX_WAITING_BYTES);
  const store = createWatchStore({ pool });
  const record = createRecorder({ db, eventLog, storage, store, log });
  const watch = createWatch({ store, record, judges, known: new LRUCache<string, Seen>({ max: REMEMBERED_ROWS }) });
  const underWay = new Set<Promise<void>>();
  let looking = 0;
  let writing = 0;
  let telling = 0;
  let closed = false;
  let passedOver = 0;
  let toldAt = -Infinity;
  let complainedAt = -Infinity;

  function track(work: Promise<void>): void {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  }

  /** Nobody will look at it. Where that goes on for too long the gap is told, once. */
  function miss({ seat, at, ...sitter }: Frame, cause: GapCause): void {
    seat.missedSince ??= at;
    const isGap = at - seat.missedSince > HOLD_SECONDS[sitter.sensitivity] * 1_000;
    if (!isGap || seat.isMissTold || telling === GAPS_AT_ONCE) return;
    seat.isMissTold = true;
    telling += 1;
    const told = watch
      .miss(sitter, { since: seat.missedSince, at, cause })
      .catch((error: unknown) => {
        seat.isMissTold = false;
        log.warn({ err: error, examId: sitter.examId }, 'a gap of the evidence could not be told; will try again');
      })
      .finally(() => {
        telling -= 1;
      });
    track(told);
  }

  function passOver(frames: readonly Frame[]): void {
    for (const frame of frames) miss(frame, 'overload');
    passedOver += frames.length;
    const now = performance.now();
    if (passedOver === 0 || now - toldAt < TELL_EVERY_MS) return;
    log.warn(
      { passedOver, waiting: queue.size, bytes: queue.bytes },
      'more snapshots come than can be looked at: some of each are left out',
    );
    [passedOver, toldAt] = [0, now];
  }

  /** A service that is away is away for every snapshot. */
  function complain(error: unknown): void {
    const now = performance.now();
    if (error instanceof VisionError && now - complainedAt < TELL_EVERY_MS) return;
    complainedAt = now;
    log.error({ err: error }, 'a snapshot could not be looked at');
  }

  async function observe(frame: Frame): Promise<(ObservedImage & { phones: boolean }) | null> {
    const phones = frame.seat.wantsPhones(queue.size >= vision.parallel);
    try {
      const observed = await vision.observeImage(frame.image, { phones });
      frame.seat.looked({ phones, phoneInView: observed.observation.phones.length > 0 });
      return { ...observed, phones };
    } catch (error) {
      if (closed) return null;
      if (!(error instanceof ImageError)) complain(error);
      miss(frame, causeOf(error));
      return null;
    }
  }

  async function lookAt(frame: Frame): Promise<void> {
    const { seat, key, ...look } = frame;
    const looked = await observe(frame);
    // The next one is looked at while this one is written down.
    looking -= 1;
    writing += 1;
    lookAtNext();
    try {
      if (looked)
        await watch.look(frame, { ...look, ...looked }, { missed: seat.endMiss(frame.at, HOLD_SECONDS[frame.sensitivity] * 1_000) });
    } catch (error) {
      log.warn({ err: error, examId: frame.examId }, 'what a snapshot showed could not be stored');
    } finally {
      writing -= 1;
      queue.done(key);
      lookAtNext();
    }
  }

  function lookAtNext(): void {
    while (looking < vision.parallel && writing < MOST_WRITING) {
      const frame = closed ? undefined : queue.take();
      if (!frame) return;
      looking += 1;
      track(lookAt(frame));
    }
  }

  return {
    /**
     * Whether a snapshot of this participant may come in, before a byte of it is read.
     * @throws AppError `rate_limited` for more than one a second, `not_found`, `conflict` where none is taken.
     */
    async admit(who: Who): Promise<Sitter> {
      pace.take(`${who.examId} ${who.userId}`);
      return admit(who);
    },

    /**
     * Takes a snapshot in, to be looked at in its turn; answers at once.
     * @throws AppError `invalid_request`
     */
    take(sitter: Sitter, image: Uint8Array, takenAt: Date | null, field: string): SnapshotReceipt {
      if (!(image[0] === 0xff && image[1] === 0xd8 && image[2] === 0xff)) throw invalidField(field, 'must be a JPEG image');
      const at = timeOf(sitter, takenAt);
      const { examId, userId, isLookedAt } = sitter;
      const key = sitter.participantId;
      const frame: Frame = { ...sitter, key, image, at, seat: seats.of(key) };
      const dropped = isLookedAt && !closed ? queue.offer(frame) : [];
      passOver(dropped);
      lookAtNext();
      return { examId, userId, takenAt: new Date(at), analysed: isLookedAt && !dropped.includes(frame) };
    },

    /** Begins to end the warnings of who left: only one process of a server need do it. Returns the way out. */
    watch: () => startWatchSweep({ pool, eventLog, log }),

    /** Forgets what waits; what is being looked at is finished. */
    async close(): Promise<void> {
      closed = true;
      queue.clear();
      await Promise.all(underWay);
    },
  };
}

export type LiveFrames = ReturnType<typeof createLiveFrames>;
