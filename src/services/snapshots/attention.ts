import { ImageError, type ObservedImage, VisionError, type VisionProvider } from '../../adapters/vision/vision.ts';
import type { Logger } from '../../log.ts';
import { HOLD_SECONDS } from '../analysis/episodes.ts';
import type { AdmittedParticipant } from './admit.ts';
import type { Follower } from './follow.ts';
import { FrameQueue } from './frame-queue.ts';
import type { IdentityJudge } from './identity-judge.ts';
import { createLookHistories, type LookHistory } from './look-history.ts';
import type { GapCause } from './track.ts';

/** All that wait: of some thousand participants at 640 × 480. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** What was seen and is being written down holds its picture, a megabyte: a database that is slow makes the looks wait. */
const MOST_WRITING = 16;
/** Gaps are told a few at a time, those that are left out with the next snapshot: what is seen must not wait behind them. */
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
  log: Logger;
}

/** Looks at snapshots, as many at once as the models can, each participant's in turn; what there is no time for is told as missing. */
export function createAttention({ vision, follower, identity, log }: Dependencies) {
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

  /** Nobody will look at it. Where that goes on for too long the gap is told, once. */
  function miss(snapshot: Snapshot, cause: GapCause): void {
    const { history, at } = snapshot;
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

  /** A service that is away is away for every snapshot. */
  function complain(error: unknown): void {
    const now = performance.now();
    if (error instanceof VisionError && now - complainedAt < TELL_EVERY_MS) return;
    complainedAt = now;
    log.error({ err: error }, 'a snapshot could not be analysed');
  }

  async function observe(snapshot: Snapshot): Promise<(ObservedImage & { phones: boolean; embedded: boolean }) | null> {
    const { history, image } = snapshot;
    const phones = history.wantsPhones(queue.size >= vision.parallel);
    const embedded = await identity.isDue(snapshot, snapshot.at);
    try {
      const observed = await vision.observeImage(image, { phones, embed: embedded });
      history.looked({ phones, phoneInView: observed.observation.phones.length > 0 });
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
    // The next one is looked at while this one is written down.
    looking -= 1;
    writing += 1;
    lookAtNext();
    try {
      if (observed) {
        const missed = snapshot.history.endMiss(snapshot.at, holdOf(snapshot));
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
    /** Takes a snapshot in, to be looked at in its turn. @returns false where nobody will */
    add(participant: AdmittedParticipant, image: Uint8Array, at: number): boolean {
      if (closed) return false;
      const key = participant.participantId;
      const snapshot: Snapshot = { ...participant, key, image, at, history: histories.of(key) };
      const dropped = queue.offer(snapshot);
      passOver(dropped);
      lookAtNext();
      return !dropped.includes(snapshot);
    },

    /** Forgets what waits; what is being looked at is finished. */
    async close(): Promise<void> {
      closed = true;
      queue.clear();
      await Promise.all(underWay);
    },
  };
}
