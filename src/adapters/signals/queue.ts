/** The outcome of a job, returned by its handler. Throwing means: try again. */
export type JobOutcome = 'done' | 'skipped' | 'failed';

export interface JobContext {
  /** Aborted when the process shuts down or has lost the job. */
  signal: AbortSignal;
  /** Whether this is the last attempt. */
  lastAttempt: boolean;
}

export interface QueuedAnalysis {
  recordingId: string;
  /** Urgent jobs are taken before all others. */
  urgent: boolean;
}

export interface AnalysisQueue {
  /** Adds analyses of recordings; one that is already queued is not added twice. Fails instead of waiting for the other side. */
  add(jobs: readonly QueuedAnalysis[]): Promise<void>;
  /** Starts working on jobs in this process. */
  work(handler: (recordingId: string, job: JobContext) => Promise<JobOutcome>, options: { concurrency: number }): Promise<void>;
  /** Calls back when the queue is reachable again after an outage: jobs may have been refused or lost meanwhile. */
  onRestored(callback: () => void): void;
  /** Stops taking jobs, aborts the running ones (another process or start will pick them up), and disconnects. */
  close(): Promise<void>;
}
