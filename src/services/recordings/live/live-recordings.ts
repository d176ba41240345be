import type { Database } from '../../../adapters/database/database.ts';
import type { Ffmpeg } from '../../../adapters/media/ffmpeg.ts';
import type { Bus } from '../../../adapters/signals/bus.ts';
import type { Storage } from '../../../adapters/storage/storage.ts';
import type { Logger } from '../../../log.ts';
import type { EventLog } from '../../event-log/event-log.ts';
import type { Recordings } from '../recordings.ts';
import { createEnding, type LiveLimits } from './ending.ts';
import { createFinish } from './finish.ts';
import { createReceiving } from './receive.ts';
import { startLiveSweep } from './sweep.ts';

const SWEEP_MS = 5_000;

interface Dependencies extends LiveLimits {
  database: Database;
  eventLog: EventLog;
  storage: Storage;
  ffmpeg: Ffmpeg;
  bus: Bus;
  log: Logger;
  recordings: Recordings;
  /** Maximum size of all chunks of one recording. */
  maxBytes: number;
}

/**
 * Recordings that arrive in chunks while the exam runs, and for a while after it. A chunk is acknowledged once it is durable, so that
 * a browser that crashes loses at most its last one. When all chunks have come, somebody ends it, or it falls silent, any free
 * worker joins them into one recording.
 */
export function createLiveRecordings({
  database: { prisma: db, pool },
  eventLog,
  storage,
  ffmpeg,
  bus,
  log,
  recordings,
  maxBytes,
  ...limits
}: Dependencies) {
  const due = createEnding({ pool, ...limits });
  const { graceSeconds, lateSeconds } = limits;
  const graceMs = graceSeconds * 1_000;
  return {
    ...createReceiving({ db, pool, eventLog, storage, bus, maxBytes, lateSeconds }),

    /** Starts the sweep that joins recordings that have ended, in this process. */
    startSweep: () =>
      startLiveSweep({
        db,
        storage,
        bus,
        log,
        due,
        finish: createFinish({ db, eventLog, storage, ffmpeg, bus, recordings }),
        everyMs: Math.min(SWEEP_MS, Math.max(500, graceMs / 2)),
      }),
  };
}

export type LiveRecordings = ReturnType<typeof createLiveRecordings>;
