import { reportSteadily } from './latency.mjs';
import { startConsoles } from './lib/consoles.mjs';
import { openPool } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { check } from './lib/report.mjs';
import { hashStep } from './lib/stats.mjs';
import { reportBytes } from './lib/warnings.mjs';

const EXAMS = 500;
const CONSOLES = 2;
const PER_SECOND = 2_000;
const CONNECTIONS = 64;

/** For each exam, the hash of the acknowledged positions, which each of its consoles must have received. */
function logHashes(reports) {
  /** @type {number[][]} */
  const positions = Array.from({ length: EXAMS }, () => []);
  for (const [i, { warnings }] of reports.entries()) positions[i % EXAMS]?.push(...warnings.map(({ seq }) => seq));
  return positions.map((of) => of.sort((a, b) => a - b).reduce((hash, seq) => hashStep(hash, seq), 0));
}

/** Ingest and fan-out at the same time, on one machine with PostgreSQL and the clients: measures all of them together. */
export const together = {
  name: 'together',
  title: `Together: ${EXAMS} exams with ${CONSOLES} consoles each, ${PER_SECOND} warnings/s; POST sent → console, in ms`,
  async run({ postgres, quick, say }) {
    const ms = quick ? 10_000 : 60_000;
    const target = await startInvigil({ postgres });
    const consoles = startConsoles();
    let pool;
    try {
      pool = await openPool(target.port, CONNECTIONS);
      const exams = await Promise.all(Array.from({ length: EXAMS }, () => target.createExam()));
      await Promise.all(exams.map((examId) => target.join(examId, 'user_0001')));
      const report = (i) => pool.askJson(reportBytes({ examId: exams[i % EXAMS], token: target.token }));
      const watched = exams.flatMap((examId) => Array.from({ length: CONSOLES }, () => target.variables(examId)));
      await consoles.open({ target, watched, track: ['latency', 'order'], probe: () => Promise.all(exams.map((_id, i) => report(i))) });
      await reportSteadily({ perSecond: PER_SECOND / 2, ms: 2_000, report });
      await consoles.untilTotal(PER_SECOND * CONSOLES);
      await consoles.reset();
      const reports = await reportSteadily({ perSecond: PER_SECOND, ms, report });
      await consoles.untilTotal(reports.length * CONSOLES);
      const { count, p50, p99 } = await consoles.latencies();
      const states = await consoles.states();
      const inFull = logHashes(reports);
      const incomplete = states.filter(({ hash }, i) => hash !== inFull[Math.floor(i / CONSOLES)]).length;
      say(`${reports.length} warnings acknowledged, ${count} deliveries, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
      const of = (value) => ({ median: value, values: [value] });
      return {
        figures: { invigil: { warnings: of(reports.length), deliveries: of(count), p50: of(p50), p99: of(p99) } },
        checks: [
          check('consoles that did not receive exactly what was acknowledged, in order', incomplete, { atMost: 0 }),
          check('deliveries lost or duplicated', Math.abs(count - reports.length * CONSOLES), { atMost: 0 }),
          check(
            'deliveries out of order',
            states.reduce((sum, { disorder }) => sum + disorder, 0),
            { atMost: 0 },
          ),
          check('p99', p99, { atMost: 250, unit: ' ms' }),
        ],
      };
    } finally {
      pool?.close();
      await consoles.stop();
      await target.stop();
    }
  },
};
