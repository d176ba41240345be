import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { askJson, openConnection, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { cpuSeconds } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { median } from './lib/stats.mjs';

const PARTICIPANTS = 1_000;
const WARNINGS = [5_000, 50_000];
const SNAPSHOT_BYTES = 10_000;
const PAGE = 500;

const WARNING = 'id seq userId type severity source timestamp recordedAt endedAt details confidence review { decision reason by at }';
const PARTICIPANT = 'id userId name status joinedAt lastSeenAt extraMinutes review warningCount';
const COUNTS = 'info low medium high critical unreviewed';

const FIRST_PAINT = `query Console($id: ID!) {
  exam(id: $id) {
    id title duration status startedAt endedAt lastSeq serverTime settings { webcam screenRecording candidateView }
    counts { participants { status count } warnings { ${COUNTS} } handsRaised contested }
    participants(first: 200, order: ATTENTION) {
      totalCount pageInfo { hasNextPage endCursor }
      edges { node { ${PARTICIPANT} group endsAt remainingSeconds warningCounts { ${COUNTS} } latestSnapshot { takenAt url } } }
    }
    warnings(last: 200) { totalCount pageInfo { hasPreviousPage startCursor } edges { node { ${WARNING} } } }
  }
}`;
const POSITION = 'query Position($id: ID!) { exam(id: $id) { lastSeq } }';
const pageOf = (list, node) => `query Page($id: ID!, $after: String) {
  exam(id: $id) { ${list}(first: ${PAGE}, after: $after) { pageInfo { hasNextPage endCursor } edges { node { ${node} } } } }
}`;

/** As hours of a large exam leave the database. */
export async function fill(database, examId, warnings) {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const run = (sql, ...values) => client.query(sql, [examId, ...values]);
  const of = `'part_' || $1 || i`;
  await run(
    `INSERT INTO "Participant" (id, "examId", "userId", name, status, "joinedAt", "lastSeenAt", "startedAt", "endsAt", "handRaisedAt", "warningCount")
     SELECT ${of}, $1, 'user_' || i, 'Candidate ' || md5(i::text), CASE WHEN i % 50 = 0 THEN 'DISCONNECTED' ELSE 'ACTIVE' END::"ParticipantStatus",
       now(), now(), now(), now() + interval '1 hour', CASE WHEN i % 97 = 0 THEN now() END, $3::int / $2::int FROM generate_series(1, $2::int) i`,
    PARTICIPANTS,
    warnings,
  );
  await run(
    `INSERT INTO "Warning" (id, "examId", seq, "participantId", "userId", type, severity, source, timestamp, details, "reviewDecision", "reviewBy", "reviewAt")
     SELECT 'warn_' || $1 || n, $1, n, ${of}, 'user_' || i, 'tab_switch', (ARRAY['INFO', 'LOW', 'LOW', 'MEDIUM', 'MEDIUM', 'MEDIUM', 'HIGH', 'CRITICAL'])[1 + n % 8]::"WarningSeverity",
       'CLIENT', now(), 'the candidate left the exam window', CASE WHEN n % 3 > 0 THEN 'CONFIRMED'::"WarningDecision" END, 'a proctor', now()
     FROM (SELECT n, 1 + (n * 7919) % $2::int AS i FROM generate_series(1, $3::int) n) w`,
    PARTICIPANTS,
    warnings,
  );
  await run(
    `INSERT INTO "LatestSnapshot" ("participantId", sealed, "takenAt", "storedAt") SELECT ${of}, $3, now(), now() FROM generate_series(1, $2::int) i`,
    PARTICIPANTS,
    randomBytes(SNAPSHOT_BYTES),
  );
  await client.query('UPDATE "Exam" SET "lastSeq" = $2, status = \'IN_PROGRESS\', "startedAt" = now() WHERE id = $1', [examId, warnings]);
  await client.query('VACUUM ANALYZE');
  await client.end();
}

export const firstPaint = {
  name: 'console',
  title: `First paint of a console of an exam with ${PARTICIPANTS} participants: milliseconds until the last answer is there, CPU of the server`,
  async run({ postgres, quick, rounds = quick ? 1 : 5, say }) {
    const database = await postgres.createDatabase();
    const invigil = await startInvigil({ postgres, database });
    const connection = await openConnection(invigil.port);
    const ask = async (query, variables) => {
      const body = { query, variables };
      const { data, errors } = await askJson(connection, requestBytes({ method: 'POST', path: '/graphql', token: invigil.token, body }));
      if (errors) throw new Error(JSON.stringify(errors));
      return data.exam;
    };
    const twoRequests = async (id) => {
      const { participants, warnings, counts } = await ask(FIRST_PAINT, { id });
      const isWhole = participants.edges.length === 200 && warnings.edges.length === 200 && participants.totalCount === PARTICIPANTS;
      if (!isWhole || counts.warnings.critical === 0 || !participants.edges[0].node.latestSnapshot) throw new Error('something is missing');
      await ask(POSITION, { id });
      return 2;
    };
    /** The same by what the server had before: everything, to count and to sort it. */
    const allPages = async (id) => {
      let requests = 0;
      for (const [list, node] of Object.entries({ participants: PARTICIPANT, warnings: WARNING })) {
        for (let after = null, hasNextPage = true; hasNextPage; requests += 1) {
          const { pageInfo } = (await ask(pageOf(list, node), { id, after }))[list];
          [after, hasNextPage] = [pageInfo.endCursor, pageInfo.hasNextPage];
        }
      }
      return requests;
    };
    try {
      const contenders = [];
      for (const warnings of WARNINGS) {
        const examId = await invigil.createExam();
        await fill(database, examId, warnings);
        contenders.push({ name: `two requests, ${warnings} warnings`, examId, paint: twoRequests });
        if (warnings === WARNINGS[0]) contenders.push({ name: `all pages, ${warnings} warnings`, examId, paint: allPages });
      }
      for (const { paint, examId } of contenders) for (let i = 0; i < 3; i++) await paint(examId);
      const measure = async ({ paint, examId }) => {
        const times = [];
        let requests = 0;
        const before = cpuSeconds(invigil.pid);
        const paints = quick ? 5 : 20;
        for (let i = 0; i < paints; i++) {
          const start = performance.now();
          requests = await paint(examId);
          times.push(performance.now() - start);
        }
        return { ms: median(times), 'CPU ms': ((cpuSeconds(invigil.pid) - before) * 1_000) / paints, requests };
      };
      const figures = await interleave({ rounds, contenders, measure, say });
      const of = (warnings, figure) => figures[`two requests, ${warnings} warnings`][figure].median;
      return {
        figures,
        checks: [
          check('round trips', of(WARNINGS[0], 'requests'), { atMost: 2 }),
          check('5,000 warnings', of(WARNINGS[0], 'ms'), { atMost: 150, unit: ' ms' }),
          check('50,000 warnings', of(WARNINGS[1], 'ms'), { atMost: 150, unit: ' ms' }),
        ],
      };
    } finally {
      connection.close();
      await invigil.stop();
      await database.drop();
    }
  },
};
