import type { Database } from '../../../adapters/database/database.ts';
import type { Bus } from '../../../adapters/signals/bus.ts';
import type { Storage } from '../../../adapters/storage/storage.ts';
import { startSweep } from '../../../async/sweep.ts';
import type { Logger } from '../../../log.ts';
import { removeObsolete } from '../../obsolete-files.ts';
import { type Ending, RENEW_MS } from './ending.ts';
import type { FinishRecording } from './finish.ts';

/** Wake-up topic: a recording has ended and its chunks can be joined. */
export const LIVE_TOPIC = 'live-recordings';

/** Recordings that one process joins at once: copying is limited by the disk, not by the processor. */
const AT_ONCE = 2;

interface Dependencies {
  db: Database['prisma'];
  storage: Storage;
  bus: Bus;
  log: Logger;
  due: Ending;
  finish: FinishRecording;
  everyMs: number;
}

/** Starts the sweep that finishes live recordings that are due; any number of workers may run it. Returns how to stop it. */
export function startLiveSweep({ db, storage, bus, log, due, finish, everyMs }: Dependencies): { stop(): Promise<void> } {
  const running = new Set<Promise<void>>();

  async function finishClaimed(id: string, signal: AbortSignal): Promise<void> {
    const renew = setInterval(
      () => void due.renew(id).catch((error) => log.debug({ err: error, recordingId: id }, 'a claim was not renewed')),
      RENEW_MS,
    );
    try {
      await finish(id, signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, recordingId: id }, 'could not finish a live recording; will try again');
      await (signal.aborted ? due.release(id) : due.postpone(id)).catch(() => {}); // the claim runs out by itself
    } finally {
      clearInterval(renew);
    }
  }

  const sweep = startSweep({
    everyMs,
    log,
    failure: 'could not look for live recordings to finish; will try again',
    async run(signal) {
      await due.mark();
      const free = AT_ONCE - running.size;
      const ids = free > 0 ? await due.claim(free) : [];
      for (const id of ids) {
        const work = finishClaimed(id, signal).finally(() => {
          running.delete(work);
          void sweep.now();
        });
        running.add(work);
      }
      await removeObsolete({ db, storage }, signal);
    },
  });
  void sweep.now();
  const unsubscribe = bus.subscribe(LIVE_TOPIC, () => void sweep.now());
  return {
    async stop() {
      unsubscribe();
      await sweep.stop();
      await Promise.all(running);
    },
  };
}
