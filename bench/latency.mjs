import { setTimeout as delay } from 'node:timers/promises';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { liveContenders, withLive } from './lib/live.mjs';

const CONSOLES = 100;
const EVENTS_PER_SECOND = 100;
const WARM_UP_MS = 2_000;

/** Reports at the planned times, whether or not the ones before are answered. */
export async function reportSteadily({ perSecond, ms, report }) {
  const start = performance.now();
  const pending = [];
  for (let i = 0; i < (perSecond * ms) / 1_000; i++) {
    const early = start + (i * 1_000) / perSecond - performance.now();
    if (early > 0) await delay(early);
    const reported = report(i);
    // Told by the end, which comes after the last report: until then a failure must not pass for one that nobody handles.
    reported.catch(() => {});
    pending.push(reported);
  }
  return Promise.all(pending);
}

export const latency = {
  name: 'latency',
  title: `Latency at ${CONSOLES * EVENTS_PER_SECOND} deliveries a second (${CONSOLES} consoles × ${EVENTS_PER_SECOND} events/s): POST sent → console, in ms`,
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const measure = (contender) =>
      withLive({ contender }, async ({ target, consoles, report, watch }) => {
        await watch(CONSOLES, ['latency']);
        await reportSteadily({ perSecond: EVENTS_PER_SECOND, ms: WARM_UP_MS, report: () => report() });
        await consoles.untilTotal((CONSOLES * EVENTS_PER_SECOND * WARM_UP_MS) / 1_000);
        await consoles.reset();
        const ms = quick ? 3_000 : 6_000;
        const reports = await reportSteadily({ perSecond: EVENTS_PER_SECOND, ms, report: () => report() });
        if (!(await consoles.untilTotal(CONSOLES * reports.length))) throw new Error(`${target.name} lost events`);
        const { p50, p99 } = await consoles.latencies();
        return { p50, p99 };
      });
    const figures = await interleave({ rounds, contenders: liveContenders(postgres), measure, say });
    const best = Math.max(...['yoga', 'mercurius', 'apollo'].map((peer) => ratio(figures, 'invigil', peer, 'p99')));
    return { figures, checks: [check('p99: × the best of yoga, Mercurius and Apollo', best, { atMost: 0.5 })] };
  },
};
