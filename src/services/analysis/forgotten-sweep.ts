import type { AnalysisQueue } from '../../adapters/signals/queue.ts';
import { type Sweep, startSweep } from '../../async/sweep.ts';
import type { Logger } from '../../log.ts';
import type { Recordings } from '../recordings/recordings.ts';

const SWEEP_MS = 30_000;

/**
 * Queues recordings that should be in the queue and may be missing: now, each time the queue is back after an outage, and every
 * half minute. One that is already queued is not queued twice.
 */
export async function startForgottenSweep({
  recordings,
  queue,
  log,
}: {
  recordings: Recordings;
  queue: AnalysisQueue;
  log: Logger;
}): Promise<Sweep> {
  const sweep = startSweep({
    everyMs: SWEEP_MS,
    log,
    failure: 'could not look for recordings that wait for analysis; will try again',
    run: () => recordings.enqueueForgotten(),
  });
  queue.onRestored(() => void sweep.now());
  await sweep.now();
  return sweep;
}
