import { type BackendFactory, createPostgresBackend, DelayedError, type IQueueBackend, withBackend } from 'bullmq';
import type { Logger } from '../../log.ts';
import type { AnalysisQueue, QueuedAnalysis } from './queue.ts';

const QUEUE = 'analysis';
/** Attempts for a job that throws. */
const ATTEMPTS = 3;
/** A killed worker leaves its job stalled. By default two kills fail a job permanently, whatever its attempts. */
const MAX_STALLED = 5;
/** How long a killed worker blocks its job for the others. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;
/** Maximum wait for the other side at shutdown; a job that could not be returned is picked up when its lock ends. */
const CLOSE_MS = 5_000;
/** BullMQ takes jobs without a priority first, then those with the lowest number. */
const NOT_URGENT = 10;
const WARN_EVERY_MS = 60_000;

interface AnalysisJob {
  recordingId: string;
}

/** Where BullMQ stores its jobs. */
interface QueueBackend<B extends IQueueBackend, C> {
  factory: BackendFactory<B, C>;
  prefix?: string;
  /** Connection for adding jobs. */
  producer: C;
  /** Connection for working on jobs. */
  consumer: C;
  onRestored(callback: () => void): void;
  /** Cuts connections that do not close by themselves. */
  disconnect(): void;
}

/** BullMQ's tables have their own schema. No offline queue: without the database, nothing is stored that could be queued. */
export function postgresBackend({ url }: { url: string }) {
  const connection = { connectionString: url, migrate: true };
  return { factory: createPostgresBackend, producer: connection, consumer: connection, onRestored() {}, disconnect() {} };
}

interface Dependencies<B extends IQueueBackend, C> {
  backend: QueueBackend<B, C>;
  log: Logger;
}

/** During an outage BullMQ emits an error at each attempt, so they are logged sparsely. */
function warnSparsely(log: Logger, what: string): (error: Error) => void {
  let warnedAt = -Infinity;
  return (err) => {
    const due = performance.now() - warnedAt > WARN_EVERY_MS;
    if (due) warnedAt = performance.now();
    log[due ? 'warn' : 'debug']({ err }, what);
  };
}

export async function connectBullmqQueue<B extends IQueueBackend, C>({ backend, log }: Dependencies<B, C>): Promise<AnalysisQueue> {
  const { Queue, Worker } = withBackend(backend.factory);
  const prefix = backend.prefix !== undefined && { prefix: backend.prefix };
  const queue = new Queue<AnalysisJob>(QUEUE, {
    ...prefix,
    connection: backend.producer,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: 1_000 },
      removeOnComplete: true,
      removeOnFail: true,
    },
  });
  queue.on('error', warnSparsely(log, 'trouble with the analysis queue'));
  await queue.waitUntilReady();
  const stopping = new AbortController();
  let worker: InstanceType<typeof Worker<AnalysisJob>> | undefined;

  return {
    async add(jobs) {
      if (jobs.length === 0) return;
      const toJob = ({ recordingId, urgent }: QueuedAnalysis) => ({
        name: 'analyse',
        data: { recordingId },
        opts: { jobId: recordingId, ...(!urgent && { priority: NOT_URGENT }) },
      });
      await queue.addBulk(jobs.map(toJob));
    },
    async work(handler, { concurrency }) {
      worker = new Worker<AnalysisJob>(
        QUEUE,
        async (job, token) => {
          try {
            return await handler(job.data.recordingId, { signal: stopping.signal, lastAttempt: job.attemptsMade + 1 >= ATTEMPTS });
          } catch (error) {
            if (!stopping.signal.aborted) throw error;
            // A shutdown does not count as an attempt: the job goes back to the queue.
            await job.moveToDelayed(Date.now(), token);
            throw new DelayedError();
          }
        },
        {
          ...prefix,
          connection: backend.consumer,
          concurrency,
          lockDuration: LOCK_MS,
          maxStalledCount: MAX_STALLED,
          stalledInterval: STALLED_CHECK_MS,
        },
      );
      worker.on('error', warnSparsely(log, 'trouble with the analysis worker'));
      await worker.waitUntilReady();
    },
    onRestored: (callback) => backend.onRestored(callback),
    async close() {
      stopping.abort();
      const closed = Promise.resolve(worker?.close()).then(() => queue.close());
      let limit: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        limit = setTimeout(() => {
          log.warn('the analysis queue did not close in time; its connections are cut');
          resolve();
        }, CLOSE_MS);
      });
      await Promise.race([closed, late]).finally(() => clearTimeout(limit));
      backend.disconnect();
    },
  };
}
