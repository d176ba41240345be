import type { AnalysisQueue } from '../../adapters/signals/queue.ts';
import type { Logger } from '../../log.ts';
import type { Recordings } from '../recordings/recordings.ts';

const SWEEP_MS = 30_000;

/**
 * Queues recordings that should be in the queue and may not be: now, whenever the queue is back from an outage, and
 * now and then. One that is there already is not queued twice.
 */
export async function startForgottenSweep({ recordings, queue, log }: { recordings: Recordings; queue: AnalysisQueue; log: Logger }) {
  let sweeping: Promise<void> | undefined;
  const sweep = () =>
    (sweeping ??= recordings
      .enqueueForgotten()
      .catch((error: unknown) => log.warn({ err: error }, 'could not look for recordings that wait for analysis'))
      .finally(() => {
        sweeping = undefined;
      }));
  await recordings.enqueueForgotten();
  queue.onRestored(() => void sweep());
  const timer = setInterval(() => void sweep(), SWEEP_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
