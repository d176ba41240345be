import { backOff } from './back-off.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** Something to send. It notes its own outcome; whatever it throws is one, too. */
export type Job = () => Promise<Outcome>;

/** A kind of thing to send. */
export interface Lane {
  /** The next of it, which then counts as being sent; null if there is none now. */
  next(): Job | null;
}

interface Options {
  /** What goes first is first. */
  lanes: readonly Lane[];
  /** Requests at the same time: the browser has six connections per server, and the questions may come from it, too. */
  width?: number;
  onOutcome(outcome: Outcome): void;
  pause?: typeof backOff;
}

/** Sends what the lanes have, by their order; after a failure it waits, longer each time. */
export function createQueue({ lanes, width = 2, onOutcome, pause = backOff }: Options) {
  let running = 0;
  let attempts = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isHeld = false;

  function take(): Job | null {
    for (const lane of lanes) {
      const job = lane.next();
      if (job) return job;
    }
    return null;
  }

  function wait(ms: number): void {
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => {
      timer = null;
      poke();
    }, ms);
  }

  async function run(job: Job): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await job();
    } catch (error) {
      outcome = outcomeOf(error);
    }
    running -= 1;
    if (outcome.kind === 'signed-out') isHeld = true;
    if (outcome.kind === 'ok') attempts = 0;
    if (outcome.kind === 'passing') {
      // Two that fail at once are one failure.
      if (!timer) wait(outcome.retryAfterMs ?? pause(attempts++));
      else if (outcome.retryAfterMs) wait(outcome.retryAfterMs);
    }
    onOutcome(outcome);
    poke();
  }

  /** Something may be there to send. */
  function poke(): void {
    while (!isHeld && !timer && running < width) {
      const job = take();
      if (!job) return;
      running += 1;
      void run(job);
    }
  }

  function wake(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    attempts = 0;
    poke();
  }

  return {
    poke,
    /** The line is back: do not wait. */
    wake,
    /** There is a new token. */
    release(): void {
      isHeld = false;
      wake();
    },
    stop(): void {
      isHeld = true;
      if (timer) clearTimeout(timer);
    },
  };
}
