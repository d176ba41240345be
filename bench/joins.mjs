import { askJson, createConnector, requestBytes } from './lib/http-client.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { check } from './lib/report.mjs';
import { percentile } from './lib/stats.mjs';

const CANDIDATES = 1_000;
/** Of one exam, for decisions about everybody. */
const CROWD = 5_000;
const JOIN = 'mutation ($examId: ID!, $userId: ID!) { joinExam(examId: $examId, userId: $userId) { token participant { status } } }';

const post = (path, token, body) => requestBytes({ method: 'POST', path, token, body });

export const joins = {
  name: 'joins',
  title: `${CANDIDATES} candidates join by their personal links in one second, with and without a waiting room; decisions about ${CROWD}; ms`,
  async run({ postgres, quick, say }) {
    const count = quick ? 100 : CANDIDATES;
    const crowd = quick ? 500 : CROWD;
    const invigil = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const { port, token: key } = invigil;
    const { connect, connectMany, close } = createConnector(port);
    try {
      const staff = await connect();
      const connections = await connectMany(count);

      /** An exam with so many invited: their ids and the tokens of their links. */
      async function invited(settings, people) {
        const { id } = await askJson(staff, post('/api/exams', key, { title: 'Joins', duration: 60, settings }));
        const participants = Array.from({ length: people }, (_, n) => ({ userId: `user_${n}` }));
        const answer = await askJson(staff, post(`/api/exams/${id}/participants`, key, { participants }));
        return {
          id,
          seats: answer.participants.map(({ id: userId, accessUrl }) => ({ userId, link: new URL(accessUrl).hash.replace('#t=', '') })),
        };
      }

      async function joinAll({ id, seats }) {
        const requests = seats.map(({ userId, link }) => post('/graphql', link, { query: JOIN, variables: { examId: id, userId } }));
        const begun = performance.now();
        const answers = await Promise.all(
          requests.map(async (bytes, n) => {
            const { body } = await connections[n].request(bytes);
            return { ms: performance.now() - begun, isRefused: !body.includes('"token"') };
          }),
        );
        const times = answers.map(({ ms }) => ms);
        return { refused: answers.filter(({ isRefused }) => isRefused).length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
      }

      /** One decision of staff, and how many it concerned. */
      async function decide(examId, what, body) {
        const begun = performance.now();
        const { participants } = await askJson(staff, post(`/api/exams/${examId}/${what}`, key, body));
        return { ms: performance.now() - begun, concerned: participants.length };
      }

      const straight = await joinAll(await invited({}, count));
      const room = await invited({ admission: 'proctor' }, count);
      const waiting = await joinAll(room);
      const admitted = await decide(room.id, 'admit', {});
      const { id: large } = await invited({}, crowd);
      const time = await decide(large, 'time', { minutes: 5, reason: 'Fire alarm' });

      const measured = { 'join, straight in': straight, 'join, waiting room': waiting, 'admit all': admitted, [`time for ${crowd}`]: time };
      for (const [name, values] of Object.entries(measured))
        say(`${name}: ${JSON.stringify(values, (_, value) => (typeof value === 'number' ? Math.round(value) : value))}`);
      const of = (value) => ({ median: value, values: [value] });
      return {
        figures: Object.fromEntries(
          Object.entries(measured).map(([name, values]) => [
            name,
            Object.fromEntries(Object.entries(values).map(([figure, value]) => [figure, of(value)])),
          ]),
        ),
        checks: [
          check('refused', straight.refused + waiting.refused, { atMost: 0 }),
          check('the last of the class is in, p99', straight.p99, { atMost: 5_000, unit: ' ms' }),
          check('the last of the class waits, p99', waiting.p99, { atMost: 5_000, unit: ' ms' }),
          check('not admitted by one click', count - admitted.concerned, { atMost: 0 }),
          check('without the time that was added for all', crowd - time.concerned, { atMost: 0 }),
        ],
      };
    } finally {
      close();
      await invigil.stop();
    }
  },
};
