import { asksOf, EVENTS, isRightEvent, mistakeIn } from './lib/asks.mjs';
import { openSchool, seesExam } from './lib/crowd.mjs';
import { DOORS, openVisit } from './lib/doors.mjs';
import { startInvigil } from './lib/invigil.mjs';
import { check } from './lib/report.mjs';
import { percentile } from './lib/stats.mjs';

const SHOWN_MISTAKES = 5;

const emptyTally = () => ({ latencies: [], wrong: 0, refused: 0, busy: 0, overlapped: 0 });
const sum = (tallies, what) => tallies.reduce((total, tally) => total + tally[what], 0);

/** @returns {any} */
const doorOf = (n) => DOORS[n % DOORS.length];
const passes = (door, { query, isFile }) => (isFile ? door.takesFiles : door.takesMutations || query.startsWith('query'));

/** Sends requests through one transport after the other, starting with the n-th, one request at a time; checks every answer. */
async function visit({ viewer, asks, first, connection, until, running, tallies, tell }) {
  const asksBy = new Map(DOORS.map((door) => [door, asks.filter((ask) => passes(door, ask))]));
  for (let n = first; performance.now() < until; n++) {
    const door = doorOf(n);
    const able = asksBy.get(door);
    const chosen = able[Math.floor(Math.random() * able.length)];
    const ask = chosen.renew?.() ?? chosen;
    const tally = tallies.get(door);
    const mine = { door, overlapped: false };
    for (const other of running) {
      if (other.door === door) mine.overlapped = other.overlapped = true;
    }
    running.add(mine);
    const begun = performance.now();
    const answer = await connection.ask(door, ask).catch((error) => ({ data: null, errors: [{ message: error.message }] }));
    tally.latencies.push(performance.now() - begun);
    running.delete(mine);
    if (mine.overlapped) tally.overlapped += 1;
    const mistake = mistakeIn(ask, answer);
    if (!mistake) continue;
    tally[mistake] += 1;
    tell(`${mistake}: ${viewer.name} (${viewer.role}) by ${door.name}: ${ask.query.split('(')[0]}: ${JSON.stringify(answer)}`);
  }
}

/** Counts the events pushed to viewers of the halls, and those that are not for them. */
function watchHalls({ viewer, halls, connection, pushed, tell }) {
  for (const hall of halls.filter((exam) => seesExam(viewer, exam) && (viewer.role !== 'participant' || viewer.userId !== null))) {
    let last = 0;
    connection.watch(EVENTS, { examId: hall.id }, ({ data, errors }) => {
      pushed.events += 1;
      const event = data?.examEvents;
      if (!errors && event.seq > last && isRightEvent(viewer, hall, event)) last = event.seq;
      else {
        pushed.wrong += 1;
        tell(`event for ${viewer.name} (${viewer.role}): ${JSON.stringify({ data, errors })}`);
      }
    });
  }
}

/** Whether any viewer gets an answer with the rights of another viewer who sends requests at the same time. */
export const atOnce = {
  name: 'at-once',
  title: 'At once: more than 50 viewers with different rights, over every transport; answers per second and p99 in ms for each',
  async run({ postgres, quick, say }) {
    const ms = quick ? 10_000 : 120_000;
    const target = await startInvigil({ postgres, settings: { INLINE_WORKER: 'false' } });
    const connections = [];
    try {
      const school = await openSchool(target);
      const { halls, viewers } = school;
      const tallies = new Map(DOORS.map((door) => [door, emptyTally()]));
      const running = new Set();
      const pushed = { events: 0, wrong: 0 };
      let mistakes = 0;
      const tell = (line) => ++mistakes <= SHOWN_MISTAKES && say(line.slice(0, 500));
      for (const viewer of viewers) connections.push(await openVisit({ port: target.port, viewer }));
      for (const [at, viewer] of viewers.entries()) watchHalls({ viewer, halls, connection: connections[at], pushed, tell });
      const until = performance.now() + ms;
      const asking = viewers.map((viewer, at) =>
        visit({ viewer, asks: asksOf(viewer, school, at), first: at, connection: connections[at], until, running, tallies, tell }),
      );
      await Promise.all(asking);
      const all = [...tallies.values()];
      const answers = all.reduce((total, { latencies }) => total + latencies.length, 0);
      say(`${answers} answers to ${viewers.length} viewers, ${pushed.events} events`);
      const of = (value) => ({ median: value, values: [value] });
      const figures = [...tallies].map(([{ name }, { latencies, wrong, refused }]) => [
        name,
        { 'per second': of(latencies.length / (ms / 1_000)), p99: of(percentile(latencies, 0.99)), wrong: of(wrong + refused) },
      ]);
      return {
        figures: Object.fromEntries(figures),
        checks: [
          check('wrong answers', sum(all, 'wrong'), { atMost: 0 }),
          check('refused where it is allowed', sum(all, 'refused'), { atMost: 0 }),
          check('answers that the database is busy', sum(all, 'busy'), { atMost: 0 }),
          check('events that were not for their viewer, or twice', pushed.wrong, { atMost: 0 }),
          check('viewers with different rights', viewers.length, { atLeast: 50 }),
          check('answers of the transport with the fewest', Math.min(...all.map(({ latencies }) => latencies.length)), {
            atLeast: ms / 100,
          }),
          check('answers while another viewer used the same transport', (100 * sum(all, 'overlapped')) / answers, {
            atLeast: 90,
            unit: ' %',
          }),
          check('events', pushed.events, { atLeast: ms / 100 }),
        ],
      };
    } finally {
      await Promise.all(connections.map((connection) => connection.close()));
      await target.stop();
    }
  },
};
