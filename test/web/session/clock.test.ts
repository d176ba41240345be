import { describe, expect, it } from 'vitest';
import { createLapse, inWords } from '../../../web/room/signals/lapse.ts';
import { createServerClock } from '../../../web/shared/server-clock.ts';

/** A machine whose clocks a test moves. */
function machine(wallAhead = 0) {
  let at = 1_000_000;
  let slept = 0;
  return {
    pass: (ms: number) => (at += ms),
    /** Time in which the monotonic clock of some systems stands still. */
    sleep(ms: number) {
      at += ms;
      slept += ms;
    },
    server: () => at,
    sources: { monotonic: () => at - slept, wall: () => at + wallAhead },
  };
}

describe("the server's clock in the page", () => {
  it("does not follow the laptop's, which is two hours off, and says by how much", () => {
    const { server, sources, pass } = machine(7_200_000);
    const clock = createServerClock(sources);
    expect(clock.ahead()).toBeNull();
    clock.measure(server() - 50, 100);
    pass(3_600_000);
    expect(Math.abs(clock.now() - server())).toBeLessThanOrEqual(50);
    expect(Math.abs((clock.ahead() ?? 0) - 7_200_000)).toBeLessThanOrEqual(50);
  });

  it('keeps the best measurement, whatever worse ones say', () => {
    const { server, sources } = machine();
    const clock = createServerClock(sources);
    clock.measure(server(), 0);
    clock.measure(server() - 1_900, 4_000);
    expect(clock.now()).toBe(server());
  });

  it('is right again with the first answer after the machine slept', () => {
    const { server, sources, sleep } = machine();
    const clock = createServerClock(sources);
    clock.measure(server(), 20);
    sleep(600_000);
    expect(server() - clock.now()).toBeGreaterThan(599_000);
    clock.measure(server() - 100, 200);
    expect(Math.abs(clock.now() - server())).toBeLessThanOrEqual(100);
  });
});

describe('what lasts a while', () => {
  it('is told once, with its beginning and length; a slip of a moment is not', () => {
    let now = 0;
    const told: unknown[] = [];
    const lapse = createLapse({ now: () => now, tell: (...facts) => told.push(facts) });
    lapse.begin();
    now = 500;
    lapse.end();
    lapse.begin();
    now = 5_000;
    lapse.begin();
    now = 9_500;
    lapse.end();
    lapse.end();
    lapse.begin();
    now = 60_000;
    lapse.cancel();
    expect(told).toEqual([[500, 9_000, true]]);
    expect([inWords(9_000), inWords(125_000), inWords(120_000)]).toEqual(['9 s', '2 min 5 s', '2 min']);
  });
});
