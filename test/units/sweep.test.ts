import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startSweep, type Sweep } from '../../src/async/sweep.ts';
import { createLogger } from '../../src/log.ts';

const log = createLogger('silent');
const NEVER_MS = 3_600_000;

const startTestSweep = (run: (signal: AbortSignal) => Promise<boolean | void>, everyMs = NEVER_MS): Sweep =>
  startSweep({ everyMs, log, failure: 'a run failed', run });

/** Work that ends when the test says so. */
function heldWork() {
  let release = () => {};
  let begun = 0;
  let most = 0;
  let open = 0;
  return {
    counts: () => ({ begun, most }),
    release: () => release(),
    async run(): Promise<void> {
      begun += 1;
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      open -= 1;
    },
  };
}

describe('a sweep', () => {
  it('does not run early', async () => {
    const work = heldWork();
    const sweep = startTestSweep(() => work.run());
    await setImmediate();
    expect(work.counts().begun).toBe(0);
    await sweep.stop();
  });

  it('runs repeatedly, even after a failure', async () => {
    let runs = 0;
    let enough = () => {};
    const ended = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const sweep = startTestSweep(async () => {
      runs += 1;
      if (runs === 3) enough();
      throw new Error('no luck');
    }, 1);
    await ended;
    await sweep.stop();
    expect(runs).toBeGreaterThanOrEqual(3);
  });

  it('that is requested during a run runs once more afterwards, never at the same time', async () => {
    const work = heldWork();
    const sweep = startTestSweep(() => work.run());
    const all = Promise.all([sweep.now(), sweep.now(), sweep.now()]);
    await setImmediate();
    expect(work.counts()).toEqual({ begun: 1, most: 1 });
    work.release();
    await setImmediate();
    expect(work.counts()).toEqual({ begun: 2, most: 1 });
    work.release();
    await all;
    expect(work.counts()).toEqual({ begun: 2, most: 1 });
    await sweep.stop();
  });

  it('that found more work than it could do runs again immediately', async () => {
    let left = 3;
    const sweep = startTestSweep(async () => {
      left -= 1;
      return left > 0;
    });
    await sweep.now();
    expect(left).toBe(0);
    await sweep.stop();
  });

  it('that is stopped aborts the current run, waits for it, and does not run again', async () => {
    let runs = 0;
    const sweep = startTestSweep(async (signal) => {
      runs += 1;
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      return true;
    });
    const running = sweep.now();
    await sweep.stop();
    await running;
    await sweep.now();
    expect(runs).toBe(1);
  });
});

it('a sweep that is asked for at the very moment in which its run ends runs once more', async () => {
  let runs = 0;
  let end = () => {};
  const work = new Promise<void>((resolve) => {
    end = resolve;
  });
  const sweep = startTestSweep(() => {
    runs += 1;
    return work;
  });
  const running = sweep.now();
  await setImmediate();
  // After the sweep itself, in the same turn.
  const asked = work.then(() => sweep.now());
  end();
  await Promise.all([running, asked]);
  await setImmediate();
  expect(runs).toBe(2);
  await sweep.stop();
});
