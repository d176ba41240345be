import type { Logger } from '../log.ts';

export interface SweepOptions {
  /** Milliseconds from the end of one run to the start of the next. */
  everyMs: number;
  log: Logger;
  /** The log message if a run fails; the next run tries again. */
  failure: string;
  /**
   * One run.
   * @param signal aborted by `stop`
   * @returns true if there is more to do immediately
   */
  run(signal: AbortSignal): Promise<boolean | void>;
}

export interface Sweep {
  /** Runs it now, or once more after the current run. Resolves when that run has ended; never rejects. */
  now(): Promise<void>;
  /** Stops: no other run starts. Resolves when the current run has ended. */
  stop(): Promise<void>;
}

/** Repeats work until it is stopped. Runs never overlap, failures are logged, and the timer does not keep the process alive. */
export function startSweep({ everyMs, log, failure, run }: SweepOptions): Sweep {
  const stopping = new AbortController();
  const { signal } = stopping;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;

  async function runAll(ended: () => void): Promise<void> {
    do {
      again = false;
      try {
        if (await run(signal)) again = true;
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error }, failure);
      }
    } while (again && !signal.aborted);
    // In the same turn as the check above: a later call of `now` starts a new run.
    running = undefined;
    schedule();
    ended();
  }

  function schedule(): void {
    if (!signal.aborted) timer = setTimeout(() => void now(), everyMs).unref();
  }

  function now(): Promise<void> {
    if (running) {
      again = true;
      return running;
    }
    if (signal.aborted) return Promise.resolve();
    clearTimeout(timer);
    let ended = () => {};
    const started = new Promise<void>((resolve) => {
      ended = resolve;
    });
    running = started;
    void runAll(ended);
    return started;
  }

  schedule();
  return {
    now,
    async stop() {
      clearTimeout(timer);
      stopping.abort(new Error('the server is stopping'));
      await running;
    },
  };
}
