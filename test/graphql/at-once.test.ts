import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOORS, type Door, type Entrance, MUTATION_DOORS, openEntrance } from '../helpers/at-once/doors.ts';
import { submissionOf, uploadsTo } from '../helpers/at-once/files.ts';
import { readsOf } from '../helpers/at-once/reads.ts';
import { refusalsOf } from '../helpers/at-once/refusals.ts';
import { openSchool, type School, type Viewer } from '../helpers/at-once/school.ts';
import { type Ask, atOnce, type Checked, expectOverlap, expectRight } from '../helpers/at-once/storm.ts';
import { writesIn } from '../helpers/at-once/writes.ts';
import { createExam, join } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

// What a request leaves where another finds it shows only while both are under way. So here many viewers with different
// rights ask at once, by every door, and each single answer is held to what that viewer may see.

let server: TestServer;
let school: School;
let entrance: Entrance;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
  school = await openSchool(server);
  entrance = openEntrance(server);
});
afterAll(() => server.stop());

const doorNamed = (name: string): Door => {
  const door = DOORS.find((door) => door.name === name);
  if (!door) throw new Error(`no door ${name}`);
  return door;
};

describe('while many viewers with different rights send requests at the same time', () => {
  let checked: Checked[];
  beforeAll(async () => {
    const { halls, viewers } = school;
    const jobs = DOORS.flatMap((door) => {
      const asks = [...readsOf(school), ...refusalsOf(school), ...halls.flatMap((hall) => writesIn(hall, viewers, door.name))];
      // GET has half as many, so that it asks twice.
      const own = door.takesMutations ? asks : [...asks, ...asks].filter(({ query }) => query.startsWith('query'));
      return own.map((ask) => ({ door, ask }));
    });
    checked = await atOnce(entrance, jobs);
  });
  const by = (door: Door, kind: Ask['kind']) => checked.filter((job) => job.door === door && job.ask.kind === kind);

  it.each(DOORS)('every viewer gets through $name what they may see and nothing else', (door) => {
    expectRight(by(door, 'read'), 200);
    expectOverlap(checked.filter((job) => job.door === door));
  });

  it.each(DOORS)('forbidden requests through $name are refused every time', (door) => expectRight(by(door, 'refusal'), 70));

  it.each(MUTATION_DOORS)('every change through $name is recorded under the name of its own viewer', (door) =>
    expectRight(by(door, 'write'), 50),
  );
});

describe('candidates who submit at the same time', () => {
  /** By our own reading of a POST most of all: that is how nearly all of them submit. */
  const seats = MUTATION_DOORS.flatMap((door) => Array.from({ length: door.name === 'POST of JSON' ? 20 : 4 }, () => door));

  it('are each accepted once, with their own data', async () => {
    const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
    const jobs: { door: Door; ask: Ask }[] = [];
    for (const [at, door] of seats.entries()) {
      const userId = `user_${at}`;
      const credential = await join(server, examId, userId);
      const viewer: Viewer = { name: userId, role: 'participant', credential, tenant: 'default', examId, userId };
      jobs.push({ door, ask: submissionOf(viewer, examId, { withFile: door.name === 'multipart form' }) });
    }
    const submitted = await atOnce(entrance, jobs, { width: jobs.length });
    expectRight(submitted, 40);
    expectOverlap(submitted);

    const again = jobs.map(({ door, ask }): { door: Door; ask: Ask } => ({ door, ask: { ...ask, expected: { code: 'CONFLICT' } } }));
    expectRight(await atOnce(entrance, again), 40);

    const query =
      'query ($id: ID!) { exam(id: $id) { participants(first: 500) { edges { node { userId submission { userId stats } } } } } }';
    const { exam } = await server.graphql().request<{ exam: { participants: { edges: { node: object }[] } } }>(query, { id: examId });
    const stored = exam.participants.edges.map(({ node }) => node);
    const sent = jobs.map(({ ask: { viewer, variables } }) => {
      const { userId } = viewer;
      return { userId, submission: { userId, stats: variables['stats'] } };
    });
    expect(stored).toEqual(expect.arrayContaining(sent));
    expect(stored).toHaveLength(sent.length);
  });
});

describe('candidates who send pictures, chunks and recordings at the same time', () => {
  it('each send only their own, and nobody can send any for somebody else', async () => {
    const exams = [await school.open('Files of the north', 'north', 5), await school.open('Files of the south', 'south', 4)];
    const checked = await atOnce(
      entrance,
      uploadsTo(exams, school).map((ask) => ({ door: doorNamed('multipart form'), ask })),
    );
    expectRight(checked, 150);
    expectRight(
      checked.filter(({ ask }) => ask.kind === 'write'),
      27,
    );
    expectOverlap(checked);
  });
});
