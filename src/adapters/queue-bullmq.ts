import { createPostgresBackend, DelayedError, withBackend } from 'bullmq';
import type { Logger } from '../log.ts';
import type { AnalysisQueue } from './queue.ts';

const QUEUE = 'analysis';
/** Retries of a job that threw. */
const ATTEMPTS = 3;
/** A worker killed in mid-job leaves it stalled; two kills fail a job for good by default, whatever its attempts. */
const MAX_STALLED = 5;
/** How long a killed worker keeps its job from the others. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;

const { Queue, Worker } = withBackend(createPostgresBackend);

interface AnalysisJob {
  recordingId: string;
}

/** BullMQ on its PostgreSQL backend, in a schema of its own. */
export async function createBullmqQueue({ url, log }: { url: string; log: Logger }): Promise<AnalysisQueue> {
  const connection = { connectionString: url, migrate: true };
  const queue = new Queue<AnalysisJob>(QUEUE, {
    connection,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: 1_000 },
      removeOnComplete: true,
      removeOnFail: true,
    },
  });
  queue.on('error', (error) => log.warn({ err: error }, 'queue connection'));
  await queue.waitUntilReady();
  const stopping = new AbortController();
  let worker: InstanceType<typeof Worker<AnalysisJob>> | undefined;

  return {
    async add(recordingId) {
      await queue.add('analyse', { recordingId }, { jobId: recordingId });
    },
    async work(handler, { concurrency }) {
      worker = new Worker<AnalysisJob>(
        QUEUE,
        async (job, token) => {
          try {
            return await handler(job.data.recordingId, { signal: stopping.signal, lastAttempt: job.attemptsMade + 1 >= ATTEMPTS });
          } catch (error) {
            if (!stopping.signal.aborted) throw error;
            // A shutdown is not the job's fault: it goes back to the queue without losing an attempt.
            await job.moveToDelayed(Date.now(), token);
            throw new DelayedError();
          }
        },
        { connection, concurrency, lockDuration: LOCK_MS, maxStalledCount: MAX_STALLED, stalledInterval: STALLED_CHECK_MS },
      );
      worker.on('error', (error) => log.warn({ err: error }, 'analysis worker'));
      await worker.waitUntilReady();
    },
    async close() {
      stopping.abort();
      await worker?.close();
      await queue.close();
    },
  };
}
