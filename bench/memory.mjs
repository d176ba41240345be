import { liveContenders, withLive } from './lib/live.mjs';
import { residentBytes, settledResidentBytes, watchPeak } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const CONSOLES = 5_000;
const EVENTS = 200_000;
const READERS = 20;
const A_CALL = 100;
const AT_ONCE = 4;
const MB = 1024 * 1024;

/** Resident memory per additional console in KB, before any load has grown the heap. */
const perConsole = (contender) =>
  withLive({ contender }, async ({ target, watch }) => {
    const before = await settledResidentBytes(target.pid);
    await watch(CONSOLES);
    return { 'KB a console': ((await settledResidentBytes(target.pid)) - before) / CONSOLES / 1024 };
  });

/** The memory that a flood costs a server while one of its consoles does not read, and whether the others received everything. */
const flood = (contender, { events, stalled }) =>
  withLive({ contender }, async ({ target, consoles, report, watch }) => {
    await watch(READERS, ['order']);
    if (stalled) await consoles.stall(0);
    const before = residentBytes(target.pid);
    const peak = watchPeak(target.pid);
    const calls = Array.from({ length: events / A_CALL }, (_, i) => i).values();
    const send = async () => {
      for (const _ of calls) await report(A_CALL);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    const states = await waitForReaders(consoles, events, stalled ? 1 : 0);
    if (stalled && states[0].received > 0) throw new Error('the stalled console read events');
    const readers = states.slice(stalled ? 1 : 0);
    return { growth: (peak() - before) / MB, whole: readers.filter((it) => it.received === events && it.disorder === 0).length };
  });

async function waitForReaders(consoles, events, from) {
  for (const end = Date.now() + 120_000; ;) {
    const states = await consoles.states();
    if (states.slice(from).every(({ received }) => received >= events) || Date.now() > end) return states;
    await consoles.untilTotal(Number.MAX_SAFE_INTEGER, 500);
  }
}

export const memory = {
  name: 'memory',
  title: `Memory: resident KB per console at ${CONSOLES}; MB that one stalled socket among ${READERS} adds under ${EVENTS} events`,
  async run({ postgres, quick, rounds = quick ? 1 : 3, say }) {
    const contenders = liveContenders(postgres);
    const figures = await interleave({ rounds, contenders, measure: perConsole, say });
    const events = quick ? 20_000 : EVENTS;
    const [invigil] = contenders;
    const alone = await flood(invigil, { events, stalled: false });
    say(`${events} events, all read: ${alone.growth.toFixed(1)} MB more`);
    const stalled = await flood(invigil, { events, stalled: true });
    say(`${events} events, one socket stalled: ${stalled.growth.toFixed(1)} MB more, ${stalled.whole} of ${READERS - 1} others whole`);
    return {
      figures,
      checks: [
        check(`KB per console at ${CONSOLES}`, figures.invigil['KB a console'].median, { atMost: 15 }),
        check('MB more with a stalled socket than without', stalled.growth - alone.growth, { atMost: 40 }),
        check(`other consoles with all ${events} events in order`, stalled.whole, { atLeast: READERS - 1 }),
      ],
    };
  },
};
