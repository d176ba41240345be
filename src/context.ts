import type { Database } from './adapters/database/database.ts';
import type { Storage } from './adapters/storage/storage.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { Access } from './services/access/access.ts';
import type { Viewer } from './services/access/viewer.ts';
import type { EventLog } from './services/event-log/event-log.ts';
import type { Hubs } from './services/event-log/hubs.ts';
import type { Exams } from './services/exams.ts';
import type { Idempotency } from './services/idempotency.ts';
import type { Verifications } from './services/identity/verifications.ts';
import type { Accommodations } from './services/participants/accommodations.ts';
import type { Participants } from './services/participants/participants.ts';
import type { Presence } from './services/presence/presence.ts';
import type { HotReads } from './services/reads/hot-reads.ts';
import type { LiveRecordings } from './services/recordings/live/live-recordings.ts';
import type { Playback } from './services/recordings/playback.ts';
import type { Recordings } from './services/recordings/recordings.ts';
import type { Snapshots } from './services/snapshots/snapshots.ts';
import type { Submissions } from './services/submissions.ts';
import type { Warnings } from './services/warnings/warnings.ts';

/** The rules of the system, wired by the composition root. */
export interface Services {
  access: Access;
  accommodations: Accommodations;
  eventLog: EventLog;
  exams: Exams;
  hotReads: HotReads;
  hubs: Hubs;
  idempotency: Idempotency;
  snapshots: Snapshots;
  liveRecordings: LiveRecordings;
  participants: Participants;
  playback: Playback;
  presence: Presence;
  recordings: Recordings;
  submissions: Submissions;
  verifications: Verifications;
  warnings: Warnings;
}

/**
 * What every door hands to the resolvers: made for one request and frozen, so that nothing of one request can get into
 * another by way of it (docs/decisions/0001).
 */
export interface Context {
  readonly viewer: Viewer;
  readonly db: Database['prisma'];
  readonly services: Services;
  readonly storage: Storage;
  readonly config: Config;
  /** Where clients reach the server, without a slash at the end. */
  readonly publicUrl: string;
  readonly requestId: string;
  readonly log: Logger;
  /** Of this request, where it bears one. */
  readonly idempotencyKey: string | null;
}

/**
 * A context of its own with the same content. Libraries remember what they found out by the context that they found it
 * for: whoever executes several times for one viewer takes a new one each time.
 */
export const renewed = (context: Context): Context => Object.freeze(Object.create(context) as Context);
