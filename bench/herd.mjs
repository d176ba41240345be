import { setTimeout as delay } from 'node:timers/promises';
import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { residentBytes } from './lib/process-stats.mjs';
import { check } from './lib/report.mjs';
import { percentile } from './lib/stats.mjs';

const MB = 1024 * 1024;
const CANDIDATES = 1_000;
const SUBMITTED_WARNINGS = 50;
const LARGEST_WARNINGS = 10_000;
const LARGEST_STATS_BYTES = 15.9 * MB;
const PAUSE_MS = 10;

const JOIN = 'mutation ($examId: ID!, $userId: ID!) { joinExam(examId: $examId, userId: $userId) { token } }';

const warningsOf = (userId, count) =>
  Array.from({ length: count }, (_, n) => ({
    type: 'mouse_left',
    timestamp: new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString(),
    details: `out ${n}`,
    clientEventId: `${userId}-${n}`,
  }));

/** Mouse events as a page collects them. */
function statsOf(bytes) {
  const events = [];
  for (let length = 0, t = 0; length < bytes - 200; t += 1) {
    const event = { t, e: { type: 'mousemove', x: t % 1_900, y: t % 1_000, d: { a: [1, 2, 3], s: 'abcdefghij' } } };
    length += JSON.stringify(event).length + 1;
    events.push(event);
  }
  return { events };
}

/** The moments of an exam in which everybody does the same, in order. `bytes` makes a candidate's request. */
const wavesOf = (examId) => [
  {
    name: 'join',
    bytes: ({ userId, link }) =>
      requestBytes({ method: 'POST', path: '/graphql', token: link, body: { query: JOIN, variables: { examId, userId } } }),
    // GraphQL answers 200 with an error.
    isRefusal: ({ body }) => !body.includes('"token"'),
    keep(candidate, { body }) {
      candidate.token = JSON.parse(body.toString()).data.joinExam.token;
    },
  },
  {
    name: 'heartbeat',
    bytes: ({ token }) => requestBytes({ method: 'POST', path: `/api/exams/${examId}/heartbeat`, token }),
  },
  {
    name: 'live start',
    bytes: ({ userId, token }) =>
      requestBytes({ method: 'POST', path: '/api/recordings/live', token, body: { examId, userId, type: 'webcam' } }),
  },
  {
    name: 'submit',
    bytes: ({ userId, token }) =>
      requestBytes({
        method: 'POST',
        path: `/api/exams/${examId}/submit`,
        token,
        body: { stats: { duration: 3_600 }, warnings: warningsOf(userId, SUBMITTED_WARNINGS) },
      }),
  },
];

/**
 * What all candidates send in one moment.
 * @typedef {object} Wave
 * @property {string} name
 * @property {(candidate: any) => Buffer} bytes
 * @property {(answer: any) => boolean} [isRefusal]
 * @property {(candidate: any, answer: any) => void} [keep]
 */

/** Candidates who were not invited and have not joined: their first warning brings them in. */
const firstWarning = (examId, key) => ({
  name: 'first warning',
  bytes: ({ userId }) =>
    requestBytes({ method: 'POST', path: `/api/exams/${examId}/warnings`, token: key, body: { userId, warnings: warningsOf(userId, 1) } }),
});

/** Asks again and again, as others would, until it is told to stop. */
function askMeanwhile(connection, bytes) {
  const latencies = [];
  const state = { asking: true };
  const done = (async () => {
    while (state.asking) {
      const begun = performance.now();
      const { status } = await connection.request(bytes);
      if (status !== 200) throw new Error(`another caller was answered ${status}`);
      latencies.push(performance.now() - begun);
      await delay(PAUSE_MS);
    }
  })();
  return async () => {
    state.asking = false;
    await done;
    return percentile(latencies, 0.99);
  };
}

export const herd = {
  name: 'herd',
  title: `Everybody at once: ${CANDIDATES} candidates join, report, start a recording and submit ${SUBMITTED_WARNINGS} warnings in one second; ms`,
  async run({ postgres, quick, say }) {
    const count = quick ? 100 : CANDIDATES;
    const invigil = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, connectMany, close } = createConnector(port);
    try {
      const [health, read, other] = [await connect(), await connect(), await connect()];
      const made = (title) =>
        askJson(
          other,
          requestBytes({
            method: 'POST',
            path: '/api/exams',
            token: key,
            body: { title, duration: 60, settings: { aiDetection: { enabled: false } } },
          }),
        );
      const exam = await made('Herd');
      const unannounced = await made('Unannounced');
      const quiet = await made('Quiet');
      // Somebody else with rights of their own: callers take turns.
      const proctor = new URL(quiet.adminUrl).hash.replace('#t=', '');
      const link = new URL(exam.accessUrl).hash.replace('#t=', '');
      const connections = await connectMany(count);
      const candidates = connections.map((connection, n) => ({ userId: `user_${n}`, link, token: '', connection }));

      /**
       * Sends the requests at the same time and measures what others notice.
       * @param {Wave} wave
       * @param {any[]} senders
       * @returns {Promise<{ name: string, values: Record<string, number> }>}
       */
      async function measure({ name, bytes, isRefusal = () => false, keep = () => {} }, senders) {
        const requests = senders.map((candidate) => ({ candidate, bytes: bytes(candidate) }));
        const probes = [
          askMeanwhile(health, requestBytes({ path: '/healthz' })),
          askMeanwhile(read, requestBytes({ path: `/api/exams/${quiet.id}`, token: proctor })),
        ];
        const begun = performance.now();
        const answers = await Promise.all(
          requests.map(async ({ candidate, bytes }) => {
            const answer = await candidate.connection.request(bytes);
            return { candidate, answer, ms: performance.now() - begun };
          }),
        );
        const [healthz = Number.NaN, reads = Number.NaN] = await Promise.all(probes.map((stop) => stop()));
        const refused = answers.filter(({ answer }) => answer.status !== 200 || isRefusal(answer));
        for (const { candidate, answer } of answers) if (answer.status === 200 && !isRefusal(answer)) keep(candidate, answer);
        if (refused[0]) say(`${name}: ${refused[0].answer.status} ${refused[0].answer.body.toString().slice(0, 200)}`);
        const times = answers.map(({ ms }) => ms);
        const values = {
          refused: refused.length,
          p50: percentile(times, 0.5),
          p99: percentile(times, 0.99),
          'healthz p99': healthz,
          'read p99': reads,
        };
        say(
          `${name}: ${Object.entries(values)
            .map(([figure, value]) => `${figure} ${Math.round(value)}`)
            .join(', ')}`,
        );
        return { name, values };
      }

      const measured = [await measure(firstWarning(unannounced.id, key), candidates)];
      for (const wave of wavesOf(exam.id)) measured.push(await measure(wave, candidates));
      const idle = residentBytes(invigil.pid);
      const largest = {
        name: 'largest submission',
        bytes: ({ userId }) =>
          requestBytes({
            method: 'POST',
            path: `/api/exams/${quiet.id}/submit`,
            token: key,
            body: { userId, stats: statsOf(LARGEST_STATS_BYTES), warnings: warningsOf(userId, LARGEST_WARNINGS) },
          }),
      };
      measured.push(await measure(largest, candidates.slice(0, 1)));
      const grown = (residentBytes(invigil.pid) - idle) / MB;
      say(`${Math.round(grown)} MB more than before the largest submission`);
      const of = (value) => ({ median: value, values: [value] });
      const figures = Object.fromEntries(
        measured.map(({ name, values }) => [
          name,
          Object.fromEntries(Object.entries(values).map(([figure, value]) => [figure, of(value)])),
        ]),
      );
      const reached = (name, figure) => figures[name]?.[figure]?.median ?? Number.NaN;
      const worst = (figure) => Math.max(...measured.map(({ values }) => values[figure] ?? Number.NaN));
      return {
        figures,
        checks: [
          check(
            'refused',
            measured.reduce((sum, { values }) => sum + (values['refused'] ?? Number.NaN), 0),
            { atMost: 0 },
          ),
          check('the last submission of the class', reached('submit', 'p99'), { atMost: 20_000, unit: ' ms' }),
          check(`${LARGEST_WARNINGS} warnings and 16 MB of statistics`, reached('largest submission', 'p99'), {
            atMost: 3_000,
            unit: ' ms',
          }),
          check('healthz meanwhile, p99', worst('healthz p99'), { atMost: 250, unit: ' ms' }),
          check('GET of another exam meanwhile, p99', worst('read p99'), { atMost: 250, unit: ' ms' }),
        ],
      };
    } finally {
      close();
      await invigil.stop();
    }
  },
};
