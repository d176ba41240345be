import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../log.ts';
import type { Postmaster } from './postmaster.ts';

const RETRY_MS = 1_000;
/** Failed starts in a row after which it is given up, unless the disk is full: that may last until somebody makes space. */
const MOST_FAILURES = 5;
const NO_SPACE = 'No space left on device';

export interface Supervised {
  /** Settles when it was stopped, or cannot be started again. */
  readonly exited: Promise<void>;
  stop: () => Promise<void>;
}

/**
 * Starts PostgreSQL again when it ends by itself. It does so if its log cannot be written, which it takes for damage; the new one
 * recovers what was committed. Meanwhile requests fail, and the connections find the new one at the same address.
 * @param start resolves when it answers; `begun` gets it as soon as it runs
 */
export async function supervise(start: (begun: (postmaster: Postmaster) => void) => Promise<void>, log: Logger): Promise<Supervised> {
  let current: Postmaster | undefined;
  const stopping = new AbortController();
  const { signal } = stopping;
  const startOnce = () =>
    start((postmaster) => {
      current = postmaster;
    });

  /** @returns whether it is running */
  async function startAgain(): Promise<boolean> {
    for (let failures = 0; failures < MOST_FAILURES && !signal.aborted;) {
      try {
        await delay(RETRY_MS, undefined, { signal });
        await startOnce();
        log.warn('PostgreSQL runs again');
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        await current?.stop();
        const isFull = current?.lastWords().includes(NO_SPACE) === true;
        if (!isFull) failures += 1;
        log.error({ err: error }, isFull ? 'the disk is full: PostgreSQL starts again when there is space' : 'PostgreSQL did not start');
      }
    }
    return false;
  }

  async function follow(): Promise<void> {
    for (let isRunning = true; isRunning;) {
      await current?.exited;
      if (signal.aborted) return;
      const reason = current?.lastWords();
      log.error({ reason }, reason?.includes(NO_SPACE) ? 'PostgreSQL has ended because the disk is full' : 'PostgreSQL has ended');
      isRunning = await startAgain();
    }
  }

  try {
    await startOnce();
  } catch (error) {
    await current?.stop();
    throw error;
  }
  const exited = follow();
  return {
    exited,
    async stop() {
      stopping.abort();
      await current?.stop();
      await exited;
      // One that was started while this waited.
      await current?.stop();
    },
  };
}
