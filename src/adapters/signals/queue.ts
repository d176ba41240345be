/** What a job's handler says of it. Throwing means: try again. */
export type JobOutcome = 'done' | 'skipped' | 'failed';

export interface JobContext {
  /** Aborted when the process shuts down or the job is no longer its own. */
  signal: AbortSignal;
  /** Whether a failure now is the last one. */
  lastAttempt: boolean;
}

export interface QueuedAnalysis {
  recordingId: string;
  /** Taken before all that is not. */
  urgent: boolean;
}

export interface AnalysisQueue {
  /** Adds the analysis of recordings; one that already waits is not added twice. Fails rather than waits for the other side. */
  add(jobs: readonly QueuedAnalysis[]): Promise<void>;
  /** Starts to work on jobs in this process. */
  work(handler: (recordingId: string, job: JobContext) => Promise<JobOutcome>, options: { concurrency: number }): Promise<void>;
  /** Calls back when the queue is reached again after it was not: jobs may have been refused or lost meanwhile. */
  onRestored(callback: () => void): void;
  /** Stops taking jobs, aborts the running ones, which another start takes up again, and disconnects. */
  close(): Promise<void>;
}
