import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askJson, openConnection, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { runLoad } from './lib/load.mjs';
import { startPeer } from './lib/peer.mjs';
import { cpuSeconds } from './lib/process-stats.mjs';
import { check, ratio } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';

const USERS = ['user_1', 'user_2', 'user_3'];
const WARNINGS = [2, 2, 1];
const CONNECTIONS = 16;

/** The answer of GET /api/exams/{id} as a GraphQL query. */
const QUERY = `query Exam($id: ID!) {
  exam(id: $id) {
    id title duration status createdAt startedAt endedAt accessUrl adminUrl
    settings { webcam screenRecording audioRecording browserLock aiDetection { enabled sensitivity } }
    participants(first: 50) { edges { node { userId name status joinedAt } } }
    warnings(first: 50) { edges { node { id timestamp type userId details severity source } } }
  }
}`;

async function makeExam(target) {
  const examId = await target.createExam();
  for (const [i, userId] of USERS.entries()) {
    await target.join(examId, userId);
    const warnings = Array.from({ length: WARNINGS[i] ?? 0 }, () => ({
      type: 'tab_switch',
      details: 'the candidate left the exam window',
    }));
    const connection = await openConnection(target.port);
    const body = { userId, warnings };
    await askJson(connection, requestBytes({ method: 'POST', path: `/api/exams/${examId}/warnings`, token: target.token, body }));
    connection.close();
  }
  return examId;
}

export const reads = {
  name: 'reads',
  title: 'GET of an exam with 3 participants and 5 warnings: CPU of the server per request, in µs',
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const database = await postgres.createDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
    const servers = [];
    const own = (server) => (servers.push(server), server);
    try {
      const invigil = own(await startInvigil({ postgres, database }));
      const examId = await makeExam(invigil);
      const env = { DATABASE_URL: database.url, DATA_DIR: dataDir };
      const rest = { path: `/api/exams/${examId}` };
      const graphql = { method: 'POST', path: '/graphql', body: { query: QUERY, variables: { id: examId } } };
      const contenders = [
        { name: 'invigil REST', server: invigil, request: rest },
        { name: 'invigil GraphQL', server: invigil, request: graphql },
        { name: 'yoga', server: own(await startPeer('reads-yoga', env)), request: graphql },
        { name: 'mercurius', server: own(await startPeer('reads-mercurius', env)), request: graphql },
        { name: 'apollo', server: own(await startPeer('reads-apollo', env)), request: graphql },
        { name: 'node:http + pg', server: own(await startPeer('reads-pg', env)), request: rest },
      ];
      const measure = async ({ server, request }) => {
        const bytes = requestBytes({ ...request, token: server.token });
        const marks = [];
        const { perSecond, requests } = await runLoad({
          port: server.port,
          connections: CONNECTIONS,
          warmUpMs: 2_000,
          ms: quick ? 1_500 : 3_000,
          next: () => bytes,
          measured: () => marks.push(cpuSeconds(server.pid)),
        });
        return { µs: ((marks[1] - marks[0]) / requests) * 1e6, 'per second': perSecond };
      };
      const figures = await interleave({ rounds, contenders, measure, say });
      // Requests per CPU second, as in the goals.
      const times = (ours, theirs) => 1 / ratio(figures, ours, theirs, 'µs');
      return {
        figures,
        checks: [
          check('REST: × stock yoga', times('invigil REST', 'yoga'), { atLeast: 4 }),
          check('GraphQL: × stock yoga', times('invigil GraphQL', 'yoga'), { atLeast: 1.3 }),
          check('REST: CPU × node:http + pg', ratio(figures, 'invigil REST', 'node:http + pg', 'µs'), { atMost: 2 }),
        ],
      };
    } finally {
      for (const server of servers) await server.stop();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};
