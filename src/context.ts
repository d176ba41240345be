import type { Database } from './adapters/database/database.ts';
import type { Storage } from './adapters/storage/storage.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { Access } from './services/access/access.ts';
import type { CandidateViews } from './services/access/candidate-view.ts';
import type { Viewer } from './services/access/viewer.ts';
import type { CheckIn } from './services/check-in/check-in.ts';
import type { Rehearsal } from './services/check-in/rehearsal.ts';
import type { Clock } from './services/clock.ts';
import type { Control } from './services/control/control.ts';
import type { EventLog } from './services/event-log/event-log.ts';
import type { Hubs } from './services/event-log/hubs.ts';
import type { Evidence } from './services/evidence/evidence.ts';
import type { Exams } from './services/exams.ts';
import type { AnswerKeeper, Idempotency } from './services/idempotency.ts';
import type { References } from './services/identity/references.ts';
import type { Verifications } from './services/identity/verifications.ts';
import type { Messages } from './services/messages/messages.ts';
import type { Accommodations } from './services/participants/accommodations.ts';
import type { Participants } from './services/participants/participants.ts';
import type { Presence } from './services/presence/presence.ts';
import type { Pulses } from './services/pulse/pulses.ts';
import type { Counts } from './services/reads/counts.ts';
import type { HotReads } from './services/reads/hot-reads.ts';
import type { WarningRecords } from './services/reads/warning-records.ts';
import type { Receipts } from './services/receipts/receipts.ts';
import type { LiveRecordings } from './services/recordings/live/live-recordings.ts';
import type { Playback } from './services/recordings/playback.ts';
import type { Quota } from './services/recordings/quota.ts';
import type { Recordings } from './services/recordings/recordings.ts';
import type { Reports } from './services/reports/reports.ts';
import type { Reviews } from './services/reviews/reviews.ts';
import type { SecondReviews } from './services/reviews/second-reviews.ts';
import type { SeenMarks } from './services/reviews/seen-marks.ts';
import type { SampleExams } from './services/sample/sample-exams.ts';
import type { Shares } from './services/shares/shares.ts';
import type { Snapshots } from './services/snapshots/snapshots.ts';
import type { Submissions } from './services/submissions.ts';
import type { Warnings } from './services/warnings/warnings.ts';

/** The services, wired by the composition root. */
export interface Services {
  access: Access;
  accommodations: Accommodations;
  checkIn: CheckIn;
  candidateViews: CandidateViews;
  clock: Clock;
  control: Control;
  counts: Counts;
  eventLog: EventLog;
  evidence: Evidence;
  exams: Exams;
  hotReads: HotReads;
  hubs: Hubs;
  idempotency: Idempotency;
  snapshots: Snapshots;
  liveRecordings: LiveRecordings;
  messages: Messages;
  participants: Participants;
  playback: Playback;
  presence: Presence;
  pulses: Pulses;
  quota: Quota;
  receipts: Receipts;
  rehearsal: Rehearsal;
  recordings: Recordings;
  references: References;
  reports: Reports;
  reviews: Reviews;
  sampleExams: SampleExams;
  secondReviews: SecondReviews;
  seenMarks: SeenMarks;
  shares: Shares;
  submissions: Submissions;
  verifications: Verifications;
  warningRecords: WarningRecords;
  warnings: Warnings;
}

/**
 * Passed to the resolvers by every entry point. Created per request and frozen, so that no data can leak from one request to
 * another through it (docs/decisions/0001).
 */
export interface Context {
  readonly viewer: Viewer;
  /** Address of the client, to tell apart those who share a link; that of a proxy if there is one, and empty within a socket. */
  readonly address: string;
  readonly db: Database['prisma'];
  readonly services: Services;
  readonly storage: Storage;
  readonly config: Config;
  /** The URL at which clients reach the server, without a trailing slash. */
  readonly publicUrl: string;
  readonly requestId: string;
  readonly log: Logger;
  /** The request's `Idempotency-Key`; null if it has none. */
  readonly idempotencyKey: string | null;
  /** Stores the answer under that key, with the work; null if nothing is to be kept. */
  readonly keeper: AnswerKeeper | null;
  /** Whether the answer contains large JSON values as text (`stringifyRaw`); for other answers they are parsed. */
  readonly writesRaw: boolean;
}

/**
 * A new context with the same content. Libraries cache results per context object, so each of several executions for the same
 * viewer needs a new one.
 */
export const renewed = (context: Context): Context => Object.freeze(Object.create(context) as Context);

/** The context of a request whose answer is kept under its idempotency key. */
export const keeping = (context: Context, keeper: AnswerKeeper): Context =>
  Object.freeze(Object.create(context, { keeper: { value: keeper } }) as Context);

/** The context of a request whose answer is written by `stringifyRaw`. */
export const writingRaw = (context: Context): Context => Object.freeze(Object.create(context, { writesRaw: { value: true } }) as Context);
