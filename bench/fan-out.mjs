import { liveContenders, withLive } from './lib/live.mjs';
import { cpuSeconds } from './lib/process-stats.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const SIZES = [1_000, 5_000];
const BURST = 10;

/** Deliveries per CPU second of the server; the next report is sent when all consoles have received the last one. */
async function deliveriesPerCpuSecond({ target, consoles, report, size, burst, ms }) {
  await consoles.reset();
  const cpu = cpuSeconds(target.pid);
  let delivered = 0;
  for (const end = performance.now() + ms; performance.now() < end || delivered === 0;) {
    await report(burst);
    delivered += burst * size;
    if (!(await consoles.untilTotal(delivered))) throw new Error(`${target.name} lost events`);
  }
  return delivered / (cpuSeconds(target.pid) - cpu);
}

function checksOf(size, figures) {
  const single = (theirs) => ratio(figures, 'invigil', theirs, 'single');
  const [yoga, next] = size === 1_000 ? [5, 3] : [8, 5];
  return [
    check(`${size} consoles: × yoga`, single('yoga'), { atLeast: yoga }),
    check(`${size} consoles: × the better of Mercurius and Apollo`, Math.min(single('mercurius'), single('apollo')), { atLeast: next }),
    check(`${size} consoles: × raw ws.send`, single('raw-ws'), { atLeast: 1 }),
    check(`${size} consoles, bursts of ${BURST}: × raw ws.send`, ratio(figures, 'invigil', 'raw-ws', 'burst'), { atLeast: 8 }),
  ];
}

export const fanOut = {
  name: 'fan-out',
  title: 'Fan-out: deliveries per server CPU second, events of about 300 bytes, one by one and in bursts of 10',
  async run({ postgres, quick, rounds = quick ? 1 : 3, say }) {
    const figures = {};
    const checks = [];
    for (const size of SIZES) {
      const measure = (contender) =>
        withLive({ contender }, async ({ target, consoles, report, watch }) => {
          await watch(size);
          const phase = { target, consoles, report, size, ms: quick ? 1_000 : 2_000 };
          // The first events are warm-up.
          await deliveriesPerCpuSecond({ ...phase, burst: 1, ms: 1_500 });
          const single = await deliveriesPerCpuSecond({ ...phase, burst: 1 });
          return { single, burst: await deliveriesPerCpuSecond({ ...phase, burst: BURST }) };
        });
      const ofSize = await interleave({
        rounds,
        contenders: liveContenders(postgres),
        measure,
        say: (line) => say(`${size} consoles, ${line}`),
      });
      for (const [name, of] of Object.entries(ofSize)) figures[`${name}, ${size} consoles`] = of;
      checks.push(...checksOf(size, ofSize));
    }
    return { figures, checks };
  },
};
