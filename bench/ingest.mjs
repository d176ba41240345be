import { requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { runLoad } from './lib/load.mjs';
import { startPeer } from './lib/peer.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const EXAMS = 20;
const USERS = 5;
const CONCURRENCY = [32, 256];

const contendersOf = (postgres) => [
  { name: 'invigil', start: () => startInvigil({ postgres }) },
  ...['pg', 'prisma'].map((kind) => ({
    name: kind,
    async start() {
      const database = await postgres.createDatabase();
      const peer = await startPeer(`ingest-${kind}`, { DATABASE_URL: database.url });
      return {
        ...peer,
        async stop() {
          await peer.stop();
          await database.drop();
        },
      };
    },
  })),
];

/** One report for each candidate of each exam, after they have joined. */
async function requestsFor(target) {
  const requests = [];
  for (let exam = 0; exam < EXAMS; exam++) {
    const examId = await target.createExam();
    for (let user = 0; user < USERS; user++) {
      const userId = `user_${user}`;
      await target.join(examId, userId);
      const warnings = [{ type: 'tab_switch', details: 'the candidate left the exam window' }];
      requests.push(
        requestBytes({ method: 'POST', path: `/api/exams/${examId}/warnings`, token: target.token, body: { userId, warnings } }),
      );
    }
  }
  return requests;
}

export const ingest = {
  name: 'ingest',
  title: 'Durable ingest: warnings per second through HTTP into PostgreSQL, one per request, and p99 in ms',
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const measure = async (contender) => {
      const target = await contender.start();
      try {
        const requests = await requestsFor(target);
        const figures = {};
        for (const connections of CONCURRENCY) {
          const next = (n) => requests[n % requests.length];
          const { perSecond, p99 } = await runLoad({ port: target.port, connections, warmUpMs: 2_000, ms: quick ? 2_000 : 4_000, next });
          figures[`${connections}: per second`] = perSecond;
          figures[`${connections}: p99`] = p99;
        }
        return figures;
      } finally {
        await target.stop();
      }
    };
    const figures = await interleave({ rounds, contenders: contendersOf(postgres), measure, say });
    const than = (peer, figure) => ratio(figures, 'invigil', peer, figure);
    return {
      figures,
      checks: [
        check('32 at once: × plain pg', than('pg', '32: per second'), { atLeast: 1 }),
        check('256 at once: × a Prisma create per request', than('prisma', '256: per second'), { atLeast: 6 }),
        check('256 at once, p99: × a Prisma create per request', than('prisma', '256: p99'), { atMost: 0.5 }),
      ],
    };
  },
};
