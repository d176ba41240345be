import { type Frame, ImageError, type ObservedImage, VisionError, type VisionProvider } from '../../adapters/vision/vision.ts';
import type { Logger } from '../../log.ts';
import { HOLD_SECONDS } from '../analysis/sign-track.ts';
import type { AdmittedParticipant } from './admit.ts';
import type { Follower } from './follow.ts';
import { FrameQueue } from './frame-queue.ts';
import type { GapCause } from './gap.ts';
import type { IdentityJudge } from './identity-judge.ts';
import { createLookHistories, type LookHistory } from './look-history.ts';

/** Limit for all waiting snapshots: those of about a thousand participants at 640 × 480. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** A result that is being stored holds its picture, up to a megabyte: a slow database delays further analysis. */
const MOST_WRITING = 16;
/** Gaps are reported a few at a time, the others with the next snapshot: findings must not wait behind them. */
const GAPS_AT_ONCE = 4;
const TELL_EVERY_MS = 10_000;

interface Snapshot extends AdmittedParticipant {
  key: string;
  /** JPEG. */
  image: Uint8Array;
  /** Milliseconds since 1970. */
  at: number;
  history: LookHistory;
}

function causeOf(error: unknown): GapCause {
  if (error instanceof ImageError) return 'unreadable';
  return error instanceof VisionError ? 'unavailable' : 'overload';
}

const holdOf = ({ sensitivity }: AdmittedParticipant) => HOLD_SECONDS[sensitivity] * 1_000;

interface Dependencies {
  vision: VisionProvider;
  follower: Follower;
  identity: IdentityJudge;
  /** Called when the turn of a snapshot has come. @param frame null if it could not be analysed */
  onTurn(snapshot: AdmittedParticipant & { image: Uint8Array; at: number }, frame: Frame | null): void;
  log: Logger;
}

/**
 * Analyses snapshots, as many at once as the models can, in turn per participant. If there is no time for some, that is
 * reported as a gap.
 */
export function createAttention({ vision, follower, identity, onTurn, log }: Dependencies) {
  const histories = createLookHistories();
  const queue = new FrameQueue<Snapshot>(MAX_WAITING_BYTES);
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

  /**
   * Notes a snapshot that will not be analysed. If that lasts for too long the gap is reported, once. By the time of arrival: who sends
   * nothing for half a minute, and then several that claim to be older, was not let down by the server.
   */
  function miss(snapshot: Snapshot, cause: GapCause): void {
    const { history, now: at } = snapshot;
    history.missedSince ??= at;
    const isGap = at - history.missedSince > holdOf(snapshot);
    if (!isGap || history.isMissTold || telling === GAPS_AT_ONCE) return;
    history.isMissTold = true;
    telling += 1;
    const told = follower
      .miss(snapshot, { since: history.missedSince, at, cause })
      .catch((error: unknown) => {
        history.isMissTold = false;
        log.warn({ err: error, examId: snapshot.examId }, 'a gap in the evidence could not be reported; will try again');
      })
      .finally(() => {
        telling -= 1;
      });
    track(told);
  }

  function passOver(snapshots: readonly Snapshot[]): void {
    for (const snapshot of snapshots) miss(snapshot, 'overload');
    passedOver += snapshots.length;
    const now = performance.now();
    if (passedOver === 0 || now - toldAt < TELL_EVERY_MS) return;
    const facts = { passedOver, waiting: queue.size, bytes: queue.bytes };
    log.warn(facts, 'more snapshots arrive than can be analysed: some from every participant are skipped');
    [passedOver, toldAt] = [0, now];
  }

  /** An unreachable service fails for every snapshot, so this is logged from time to time only. */
  function complain(error: unknown): void {
    const now = performance.now();
    if (error instanceof VisionError && now - complainedAt < TELL_EVERY_MS) return;
    complainedAt = now;
    log.error({ err: error }, 'a snapshot could not be analysed');
  }

  async function observe(snapshot: Snapshot): Promise<(ObservedImage & { phones: boolean; embedded: boolean }) | null> {
    const { history, image } = snapshot;
    const phones = history.wantsPhones(snapshot.at, queue.size >= vision.parallel);
    const embedded = await identity.isDue(snapshot, snapshot.at);
    try {
      const observed = await vision.observeImage(image, { phones, embed: embedded });
      history.looked(snapshot.at, { phones, phoneInView: observed.observation.phones.length > 0 });
      return { ...observed, phones, embedded };
    } catch (error) {
      if (closed) return null;
      if (!(error instanceof ImageError)) complain(error);
      miss(snapshot, causeOf(error));
      return null;
    }
  }

  async function lookAt(snapshot: Snapshot): Promise<void> {
    const observed = await observe(snapshot);
    if (!closed) onTurn(snapshot, observed?.frame ?? null);
    // The next one is analysed while this result is stored.
    looking -= 1;
    writing += 1;
    lookAtNext();
    try {
      if (observed) {
        const missed = snapshot.history.endMiss(snapshot.now, holdOf(snapshot));
        await follower.look(snapshot, { ...snapshot, ...observed }, { missed });
      }
    } catch (error) {
      log.warn({ err: error, examId: snapshot.examId }, 'the findings of a snapshot could not be stored');
    } finally {
      writing -= 1;
      queue.done(snapshot.key);
      lookAtNext();
    }
  }

  function lookAtNext(): void {
    while (looking < vision.parallel && writing < MOST_WRITING) {
      const snapshot = closed ? undefined : queue.take();
      if (!snapshot) return;
      looking += 1;
      track(lookAt(snapshot));
    }
  }

  return {
    /** Queues a snapshot for analysis. @returns false if it will not be analysed */
    add(participant: AdmittedParticipant, image: Uint8Array, at: number): boolean {
      if (closed) return false;
      const key = participant.participantId;
      const snapshot: Snapshot = { ...participant, key, image, at, history: histories.of(key) };
      const dropped = queue.offer(snapshot);
      passOver(dropped);
      lookAtNext();
      return !dropped.includes(snapshot);
    },

    /** Discards waiting snapshots; those under analysis are finished. */
    async close(): Promise<void> {
      closed = true;
      queue.clear();
      await Promise.all(underWay);
    },
  };
}
