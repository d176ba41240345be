import { LRUCache } from 'lru-cache';
import type { Database } from '../../adapters/database/database.ts';
import type { Storage } from '../../adapters/storage/storage.ts';
import type { VisionProvider } from '../../adapters/vision/vision.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import { invalidField } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { FaceTemplates } from '../identity/face-templates.ts';
import type { ParticipantKey } from '../participants/key.ts';
import { createAdmission, type AdmittedParticipant } from './admit.ts';
import { createAttention } from './attention.ts';
import { createFollower } from './follow.ts';
import { createIdentityJudge } from './identity-judge.ts';
import { judges } from './judges.ts';
import { createLatestStore } from './latest-store.ts';
import { createLatestPictures } from './latest.ts';
import { createPace } from './pace.ts';
import { createRecorder } from './record.ts';
import { createSnapshotRequests } from './requests.ts';
import { createStateStore, type Seen } from './state-store.ts';
import { startSnapshotSweep } from './sweep.ts';
import { createTraffic } from './traffic.ts';

interface Dependencies {
  database: Database;
  eventLog: EventLog;
  storage: Storage;
  vision: VisionProvider;
  faceTemplates: FaceTemplates;
  /** The installation's secret. */
  secret: string;
  log: Logger;
}

export interface SnapshotReceipt {
  examId: string;
  userId: string;
  /** The time used: the client's if it is within the last 30 s, else the time of arrival. */
  takenAt: Date;
  /** Whether it is analysed, unless a newer one replaces it; also false if the server is too busy. */
  analysed: boolean;
  /** How far the client's clock is ahead (behind: negative) if its time was not used. */
  clockSkewSeconds?: number;
}

/** Maximum size of a snapshot. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024;
/** What seems older, or newer than now, comes from a client whose clock is wrong: a snapshot is never kept this long. */
const OLDEST_MS = 30_000;
const CLOCK_TOLERANCE_MS = 2_000;
const REMEMBERED_ROWS = 20_000;
const PRUNE_MS = 60_000;

const isJpeg = (image: Uint8Array) => image[0] === 0xff && image[1] === 0xd8 && image[2] === 0xff;

/** When the snapshot was taken, by the database's clock, and how far the client's clock is off, in milliseconds. */
function timeOf({ now }: AdmittedParticipant, takenAt: Date | null): { at: number; skew: number } {
  if (!takenAt) return { at: now, skew: 0 };
  const at = takenAt.getTime();
  if (at > now) return { at: now, skew: at - now > CLOCK_TOLERANCE_MS ? at - now : 0 };
  return at < now - OLDEST_MS ? { at: now, skew: at - now } : { at, skew: 0 };
}

/**
 * Snapshots of participants' cameras while the exam runs: analysed on arrival, in the process that receives them, before any
 * recording. They are acknowledged before that. One that raises a warning is kept as its evidence, the newest one as a small picture
 * for the consoles until the next replaces it; all others are discarded.
 */
export function createSnapshots({ database: { prisma: db, pool }, eventLog, storage, vision, faceTemplates, secret, log }: Dependencies) {
  const pace = createPace();
  const admit = createAdmission({ pool });
  const store = createStateStore({ pool });
  const record = createRecorder({ db, eventLog, storage, store, log });
  const identity = createIdentityJudge({ faceTemplates, log });
  const follower = createFollower({
    store,
    record,
    judges: [...judges, identity.judge],
    known: new LRUCache<string, Seen>({ max: REMEMBERED_ROWS }),
  });
  const traffic = createTraffic();
  const latestStore = createLatestStore({ pool, secret });
  const latest = createLatestPictures({ store: latestStore, log });
  const attention = createAttention({
    vision,
    follower,
    identity,
    onTurn({ participantId, examId, image, at }, frame) {
      if (frame) traffic.count(examId, 'lookedAt');
      latest.offer(participantId, frame ?? image, at);
    },
    log,
  });

  return {
    /**
     * Checks whether a snapshot of this participant is accepted, before a byte of it is read.
     * @throws AppError `rate_limited` for more than one per second, `not_found`, `conflict` if none is accepted.
     */
    async admit(who: ParticipantKey): Promise<AdmittedParticipant> {
      pace.take(`${who.examId} ${who.userId}`);
      return admit(who);
    },

    /**
     * Queues a snapshot for analysis and returns immediately.
     * @throws AppError `invalid_request`
     */
    take(participant: AdmittedParticipant, image: Uint8Array, takenAt: Date | null, field: string): SnapshotReceipt {
      if (!isJpeg(image)) throw invalidField(field, 'must be a JPEG image');
      const { at, skew } = timeOf(participant, takenAt);
      const { participantId, examId, userId, isLookedAt } = participant;
      traffic.count(examId, 'snapshots');
      const analysed = isLookedAt && attention.add(participant, image, at);
      if (!analysed) latest.offer(participantId, image, at);
      return { examId, userId, takenAt: new Date(at), analysed, ...(skew !== 0 && { clockSkewSeconds: Math.round(skew / 100) / 10 }) };
    },

    /** Asks the participant's page for a picture now: an event of the exam's log, with who asked. */
    request: createSnapshotRequests({ eventLog, onAsked: ({ id }) => latest.expect(id) }),

    /** When the newest picture of a participant was taken that consoles can show; undefined if there is none. */
    latestAt: latestStore.takenAt,
    /** That picture: a small JPEG. */
    readLatest: latestStore.read,
    ratesOf: traffic.ratesOf,

    /** Starts the sweeps that end warnings of participants who left, and that remove old pictures. Call once per process. */
    startSweep(): Pick<Sweep, 'stop'> {
      const warnings = startSnapshotSweep({ pool, eventLog, log });
      const pictures = startSweep({
        everyMs: PRUNE_MS,
        log,
        failure: 'could not remove old snapshots; will try again',
        run: () => latestStore.prune(),
      });
      void pictures.now();
      return {
        async stop() {
          await Promise.all([warnings.stop(), pictures.stop()]);
        },
      };
    },

    async close() {
      await Promise.all([attention.close(), latest.close()]);
    },
  };
}

export type Snapshots = ReturnType<typeof createSnapshots>;
