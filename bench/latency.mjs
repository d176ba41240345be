import { setTimeout as delay } from 'node:timers/promises';
import { liveContenders, withLive } from './lib/live.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const DELIVERIES_PER_SECOND = 10_000;
/** Many consoles with few events each, and few with many: the first stresses the fan-out, the second the log. */
const SIZES = [1_000, 100];
const WARM_UP_MS = 2_000;

/** Reports at the planned times, whether or not earlier reports have been answered. */
export async function reportSteadily({ perSecond, ms, report }) {
  const start = performance.now();
  const pending = [];
  for (let i = 0; i < (perSecond * ms) / 1_000; i++) {
    const early = start + (i * 1_000) / perSecond - performance.now();
    if (early > 0) await delay(early);
    const reported = report(i);
    // Failures are reported at the end, after the last report; until then they must not count as unhandled.
    reported.catch(() => {});
    pending.push(reported);
  }
  return Promise.all(pending);
}

export const latency = {
  name: 'latency',
  title: `Latency at ${DELIVERIES_PER_SECOND} deliveries per second: POST sent → console, in ms`,
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const figures = {};
    const checks = [];
    for (const size of SIZES) {
      const perSecond = DELIVERIES_PER_SECOND / size;
      const measure = (contender) =>
        withLive({ contender }, async ({ target, consoles, report, watch }) => {
          await watch(size, ['latency']);
          await reportSteadily({ perSecond, ms: WARM_UP_MS, report: () => report() });
          await consoles.untilTotal((DELIVERIES_PER_SECOND * WARM_UP_MS) / 1_000);
          await consoles.reset();
          const ms = quick ? 3_000 : 6_000;
          const reports = await reportSteadily({ perSecond, ms, report: () => report() });
          if (!(await consoles.untilTotal(size * reports.length))) throw new Error(`${target.name} lost events`);
          const { p50, p99 } = await consoles.latencies();
          return { p50, p99 };
        });
      const shape = `${size} consoles × ${perSecond}/s`;
      const ofSize = await interleave({ rounds, contenders: liveContenders(postgres), measure, say: (line) => say(`${shape}, ${line}`) });
      for (const [name, of] of Object.entries(ofSize)) figures[`${name}, ${shape}`] = of;
      const best = Math.max(...['yoga', 'mercurius', 'apollo'].map((peer) => ratio(ofSize, 'invigil', peer, 'p99')));
      checks.push(check(`${shape}, p99: × the best of yoga, Mercurius and Apollo`, best, { atMost: 0.5 }));
    }
    return { figures, checks };
  },
};
