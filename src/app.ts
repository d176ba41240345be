import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectDatabase } from './adapters/database/database.ts';
import { applyMigrations } from './adapters/database/migrations.ts';
import { startEmbeddedPostgres } from './adapters/embedded-postgres/embedded-postgres.ts';
import { findFfmpeg } from './adapters/media/ffmpeg.ts';
import { connectPostgresBus } from './adapters/signals/bus-postgres.ts';
import { connectRedisBus } from './adapters/signals/bus-redis.ts';
import { connectBullmqQueue, postgresBackend } from './adapters/signals/queue-bullmq.ts';
import { redisBackend } from './adapters/signals/queue-redis.ts';
import { createDiskStorage } from './adapters/storage/storage-disk.ts';
import type { Storage } from './adapters/storage/storage.ts';
import { makeWorkDir } from './adapters/storage/work-dir.ts';
import type { VisionProvider } from './adapters/vision/vision.ts';
import type { Config } from './config.ts';
import type { Services } from './context.ts';
import { StartupError } from './errors.ts';
import type { Logger } from './log.ts';
import { createAccess } from './services/access/access.ts';
import { createCandidateViews } from './services/access/candidate-view.ts';
import { startForgottenSweep } from './services/analysis/forgotten-sweep.ts';
import { createAnalysisJob } from './services/analysis/job.ts';
import { createWorkerWatch } from './services/analysis/worker-watch.ts';
import { createCheckIn } from './services/check-in/check-in.ts';
import { createRehearsal } from './services/check-in/rehearsal.ts';
import { createClock } from './services/clock.ts';
import { createControl } from './services/control/control.ts';
import { createEventLog } from './services/event-log/event-log.ts';
import { createHubs } from './services/event-log/hubs.ts';
import { createEvidence } from './services/evidence/evidence.ts';
import { createExams } from './services/exams.ts';
import { createIdempotency } from './services/idempotency.ts';
import { createFaceTemplates } from './services/identity/face-templates.ts';
import { createMismatches } from './services/identity/mismatches.ts';
import { createReferences } from './services/identity/references.ts';
import { createVerifications } from './services/identity/verifications.ts';
import { createLeases } from './services/leases.ts';
import { createMessages } from './services/messages/messages.ts';
import { createAccommodations } from './services/participants/accommodations.ts';
import { createParticipants } from './services/participants/participants.ts';
import { createPresence } from './services/presence/presence.ts';
import { createPulses } from './services/pulse/pulses.ts';
import { createCounts } from './services/reads/counts.ts';
import { createHotReads } from './services/reads/hot-reads.ts';
import { createWarningRecords } from './services/reads/warning-records.ts';
import { deriveReceiptKey } from './services/receipts/receipt-key.ts';
import { createReceipts } from './services/receipts/receipts.ts';
import { createLiveRecordings } from './services/recordings/live/live-recordings.ts';
import { createPlayback } from './services/recordings/playback.ts';
import { createQuota } from './services/recordings/quota.ts';
import { createRecordings } from './services/recordings/recordings.ts';
import { createReports } from './services/reports/reports.ts';
import { createReviews } from './services/reviews/reviews.ts';
import { createSecondReviews } from './services/reviews/second-reviews.ts';
import { createSeenMarks } from './services/reviews/seen-marks.ts';
import { createSampleExams } from './services/sample/sample-exams.ts';
import { createShares } from './services/shares/shares.ts';
import { createSnapshots } from './services/snapshots/snapshots.ts';
import { createSubmissions } from './services/submissions.ts';
import { createWarningIntake } from './services/warnings/intake.ts';
import { createWarnings } from './services/warnings/warnings.ts';
import { loadSecret } from './start/secrets.ts';
import { createVision } from './start/vision.ts';

export interface Overrides {
  /** Parts to use instead of the configured ones. The caller disposes of them. */
  storage?: Storage;
  vision?: VisionProvider;
  /** Tells whoever waits for the start what takes time. */
  say?(line: string): void;
}

/**
 * The composition root: creates and wires the parts that the API and the worker share. `close` disposes of everything created
 * here in reverse order, also after a start that failed halfway.
 */
export async function createApp(config: Config, log: Logger, { say = () => {}, ...overrides }: Overrides = {}) {
  const disposal: (() => Promise<void> | void)[] = [];
  const own = <T>(thing: T, dispose: (thing: T) => Promise<void> | void): T => {
    disposal.push(() => dispose(thing));
    return thing;
  };
  let isClosing = false;
  async function close(): Promise<void> {
    isClosing = true;
    for (const dispose of disposal.splice(0).reverse()) {
      await Promise.resolve(dispose()).catch((error: unknown) => log.error({ err: error }, 'a part did not stop cleanly'));
    }
  }

  try {
    const { DATA_DIR, NODE_ENV, FFMPEG_PATH, WORKER_CONCURRENCY } = config;
    const ffmpeg = await findFfmpeg({ FFMPEG_PATH, production: NODE_ENV === 'production' });
    await makeDataDir(DATA_DIR);
    const embedded = config.DATABASE_URL
      ? null
      : own(await startEmbeddedPostgres({ dataDir: DATA_DIR, log, say }), (postgres) => postgres.stop());
    const url = config.DATABASE_URL ?? embedded?.url ?? '';
    const database = own(await connectDatabase(url, { log }), ({ close }) => close());
    await applyMigrations(url, { say });

    const db = database.prisma;
    const storage = overrides.storage ?? (await createStorage(config));
    const redisUrl = config.REDIS_URL;
    const bus = own(
      redisUrl ? await connectRedisBus({ url: redisUrl, log }) : await connectPostgresBus({ url, pool: database.pool, log }),
      (it) => it.close(),
    );
    const vision = overrides.vision ?? own(await createVision(config, { pool: database.pool, log }), (it) => it.dispose());
    // Created after the models, so that a shutdown ends the running jobs before it disposes of the models.
    const queue = own(
      redisUrl
        ? await connectBullmqQueue({ backend: redisBackend({ url: redisUrl, log }), log })
        : await connectBullmqQueue({ backend: postgresBackend({ url }), log }),
      (it) => it.close(),
    );
    const eventLog = createEventLog({ db, pool: database.pool, intakePool: database.intakePool, bus });
    const tokenSecret = config.TOKEN_SECRET ?? (await loadSecret(DATA_DIR, 'token-secret'));
    const receiptKey = await deriveReceiptKey(config.TOKEN_SECRET ?? (await loadSecret(DATA_DIR, 'receipt-key')));
    const access = own(createAccess({ db, bus, log, tokenSecret }), (it) => it.close());
    const recordings = createRecordings({ db, eventLog, storage, queue, ffmpeg, bus, log });
    const liveRecordings = createLiveRecordings({
      database,
      eventLog,
      storage,
      ffmpeg,
      bus,
      log,
      recordings,
      maxBytes: config.MAX_RECORDING_BYTES,
      graceSeconds: config.LIVE_RECORDING_GRACE_SECONDS,
      idleSeconds: config.LIVE_RECORDING_IDLE_SECONDS,
      lateSeconds: config.LIVE_RECORDING_LATE_SECONDS,
    });
    const exams = createExams({ db, eventLog });
    const faceTemplates = createFaceTemplates({ db, log, secret: tokenSecret, hours: config.FACE_TEMPLATE_HOURS });
    const verifications = createVerifications({ db, vision, faceTemplates });
    const snapshots = own(createSnapshots({ database, eventLog, storage, vision, faceTemplates, secret: tokenSecret, log }), (it) =>
      it.close(),
    );
    const evidence = createEvidence({ pool: database.pool });
    const counts = createCounts({ pool: database.pool });
    const playback = createPlayback({ db, storage, ffmpeg, log });
    const services: Services = {
      access,
      accommodations: createAccommodations({ eventLog }),
      checkIn: createCheckIn({
        db,
        eventLog,
        storage,
        verifications,
        mismatches: createMismatches({ db, eventLog }),
        log,
        photoDays: config.IDENTITY_PHOTO_DAYS,
      }),
      rehearsal: createRehearsal({ verifications, recordings, vision }),
      candidateViews: createCandidateViews({ pool: database.pool }),
      clock: createClock({ pool: database.pool }),
      eventLog,
      evidence,
      control: createControl({ pool: database.pool, eventLog, access, exams, log }),
      counts,
      exams,
      hotReads: createHotReads({ pool: database.pool }),
      hubs: own(createHubs({ eventLog, bus, log }), (it) => it.close()),
      idempotency: createIdempotency({ db, log }),
      snapshots,
      liveRecordings,
      messages: createMessages({ db, eventLog }),
      participants: createParticipants({ eventLog, access }),
      presence: own(createPresence({ pool: database.pool, eventLog, log, graceSeconds: config.PRESENCE_GRACE_SECONDS }), (it) =>
        it.close(),
      ),
      playback,
      pulses: own(createPulses({ pool: database.pool, ratesOf: snapshots.ratesOf, log }), (it) => it.close()),
      quota: createQuota({ pool: database.pool, maxBytes: config.MAX_PARTICIPANT_BYTES }),
      receipts: createReceipts({ pool: database.pool, key: receiptKey }),
      recordings,
      references: createReferences({ db, verifications }),
      reports: createReports({ db, storage, evidence, counts, playback, log }),
      reviews: createReviews({ eventLog }),
      sampleExams: own(createSampleExams({ db, eventLog, storage, ffmpeg, log, parts: () => services }), (it) => it.close()),
      secondReviews: createSecondReviews({ pool: database.pool }),
      seenMarks: createSeenMarks({ pool: database.pool }),
      shares: createShares({ db, pool: database.pool, eventLog }),
      submissions: createSubmissions({ eventLog, recordings, liveRecordings }),
      verifications,
      warningRecords: createWarningRecords({ pool: database.pool }),
      warnings: createWarnings({ eventLog, intake: createWarningIntake({ pool: database.intakePool, eventLog }) }),
    };

    const workerWatch = createWorkerWatch({ db, log });
    own(faceTemplates.startSweep(), (it) => it.stop());
    own(services.checkIn.startSweep(), (it) => it.stop());
    own(services.idempotency.startSweep(), (it) => it.stop());

    return {
      config,
      log,
      db,
      storage,
      services,
      leases: createLeases({ pool: database.pool, bus, log }),
      ffmpeg,
      /** Resolves if the embedded database ends by itself and does not start again: nothing works without it. */
      lost: new Promise<StartupError>((resolve) => {
        void embedded?.exited.then(() =>
          resolve(new StartupError('PostgreSQL ended and does not start again: see the log, and start again')),
        );
      }),
      /** The directory of the embedded database if it had to be outside DATA_DIR; otherwise null. */
      relocatedTo: embedded?.relocated ? embedded.directory : null,

      /** Finishes live recordings and analyses recordings in this process, first those that an earlier process left unfinished. */
      async startWorker(): Promise<void> {
        const workDir = await makeWorkDir(join(DATA_DIR, 'work'));
        const job = createAnalysisJob({
          db,
          eventLog,
          storage,
          vision,
          ffmpeg,
          bus,
          log,
          workDir,
          playback: services.playback,
          faceTemplates,
          limitSeconds: config.ANALYSIS_LIMIT_SECONDS,
        });
        await queue.work(job, { concurrency: WORKER_CONCURRENCY });
        own(await startForgottenSweep({ recordings, queue, log }), (it) => it.stop());
        own(liveRecordings.startSweep(), (it) => it.stop());
      },
      /** For a server without a worker of its own: notices if none is there at all. */
      watchForWorkers(): void {
        own(workerWatch.start(), (it) => it.stop());
      },

      /** What an operator should know although everything is served. */
      notes: () => [workerWatch.note()].flatMap((note) => note ?? []),

      /** Loads the models in the background, so that the first verification does not wait for them. */
      prepareModels(): void {
        if (!config.VISION_PRELOAD) return;
        vision.prepare?.().catch((error: unknown) => {
          if (!isClosing) log.warn({ err: error }, 'the models could not be loaded in advance');
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type App = Awaited<ReturnType<typeof createApp>>;

/**
 * PostgreSQL's user must be able to reach its folder through this one; the other folders inside are private.
 * @throws StartupError if it cannot be used
 */
async function makeDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o711 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartupError(
      `Cannot write to DATA_DIR ${path} (${code}): make it writable for the user who starts Invigil, or set DATA_DIR`,
      {
        cause,
      },
    );
  }
}

/** Spooled files are on this machine's disk; stored files are there too, or in a bucket. */
async function createStorage(config: Config): Promise<Storage> {
  const disk = createDiskStorage(join(config.DATA_DIR, 'recordings'), {
    encryptionKey: config.STORAGE_ENCRYPTION_KEY,
    oldEncryptionKeys: config.STORAGE_ENCRYPTION_KEY_OLD,
  });
  if (!config.S3_BUCKET) return disk;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config;
  const s3 = {
    bucket: config.S3_BUCKET,
    prefix: config.S3_PREFIX,
    region: config.S3_REGION,
    endpoint: config.S3_ENDPOINT,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    redirectDownloads: config.S3_REDIRECT_DOWNLOADS,
  };
  // Loaded only if used.
  const { createS3Storage } = await import('./adapters/storage/storage-s3.ts');
  return createS3Storage(s3, { spool: disk, workFolder: join(config.DATA_DIR, 'recordings', 'copies') });
}
