import { afterAll, beforeAll, expect, it } from 'vitest';
import { DOORS, type Entrance, openEntrance } from '../helpers/at-once/doors.ts';
import { bearersOf, isStaff, openSchool, type SchoolExam, seesExam, seesUser, type Viewer } from '../helpers/at-once/school.ts';
import { atOnce, type Checked, expectOverlap, expectRight } from '../helpers/at-once/storm.ts';
import { isOver, watchByEvents, watchBySocket, type Watcher } from '../helpers/at-once/watchers.ts';
import { writesIn } from '../helpers/at-once/writes.ts';
import { openClient } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

// As at-once.test.ts, of subscriptions: everybody watches the same two exams by the same words at once, and those with the
// same rights share what is sent.

interface Logged {
  seq: number;
  kind: string;
  userId: string | null;
}

let server: TestServer;
let exams: SchoolExam[];
let watchers: Watcher[];
let acted: Checked[];
/** By the exam's id. */
const logs = new Map<string, Logged[]>();

const isPermitted = ({ viewer, exam }: Watcher) => seesExam(viewer, exam) && (isStaff(viewer) || viewer.userId !== null);
const nameOf = ({ viewer, exam, by }: Watcher) => `${viewer.name} at ${exam.title} by ${by}`;

function eventsFor(watcher: Watcher): Logged[] {
  const { viewer, exam, ofWarnings } = watcher;
  if (!isPermitted(watcher)) return [];
  const log = (logs.get(exam.id) ?? []).filter(({ kind }) => !ofWarnings || kind === 'WARNING_ADDED');
  return log.filter(({ kind, userId }) => isStaff(viewer) || kind === 'EXAM_CHANGED' || userId === viewer.userId);
}

async function readLogs(): Promise<void> {
  const database = await openClient(server.databaseUrl);
  const text = 'SELECT seq::int AS seq, kind::text AS kind, "userId" FROM "Event" WHERE "examId" = $1 ORDER BY seq';
  for (const { id } of exams) logs.set(id, (await database.query<Logged>(text, [id])).rows);
  await database.end();
}

function watch(entrance: Entrance, exam: SchoolExam, viewer: Viewer): Watcher[] {
  return [
    watchBySocket(entrance, { viewer, exam, ofWarnings: false }),
    watchBySocket(entrance, { viewer, exam, ofWarnings: true }),
    watchByEvents(entrance, { viewer, exam, ofWarnings: false }),
  ];
}

beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false', LOG_LEVEL: 'debug' });
  const school = await openSchool(server);
  const entrance = openEntrance(server);
  exams = [await school.open('Watched in the north', 'north', 5), await school.open('Watched in the south', 'south', 3)];
  const viewers = [...school.viewers, ...exams.flatMap(bearersOf)];
  watchers = exams.flatMap((exam) => viewers.flatMap((viewer) => watch(entrance, exam, viewer)));
  // Nobody only replays what follows.
  await Promise.all(watchers.map((watcher) => watcher.until(({ length }) => length > 0)));
  const acting = DOORS.filter(({ name }) => ['POST of JSON', 'multipart form', 'WebSocket'].includes(name));
  const jobs = acting.flatMap((door) => exams.flatMap((exam) => writesIn(exam, viewers, door.name).map((ask) => ({ door, ask }))));
  acted = await atOnce(entrance, jobs);
  for (const { id } of exams) await server.graphql().request('mutation ($id: ID!) { endExam(examId: $id) { id } }', { id });
  await readLogs();
  await Promise.all(
    watchers.map((watcher) =>
      watcher.until((items) => (watcher.ofWarnings ? items.length >= eventsFor(watcher).length : items.some(isOver))),
    ),
  );
});
afterAll(async () => {
  watchers.forEach((watcher) => watcher.stop());
  await server.stop();
});

it('every viewer gets all events that they may see, and no others', () => {
  for (const watcher of watchers) {
    const seqs = watcher.items.map(({ seq }) => seq);
    expect(seqs, nameOf(watcher)).toEqual(eventsFor(watcher).map(({ seq }) => seq));
  }
  for (const log of logs.values()) expect(log.length).toBeGreaterThan(75);
});

it('every viewer sees inside an event only what they may see, and nothing that is for staff only', () => {
  let seen = 0;
  for (const watcher of watchers) {
    const { viewer, exam, items } = watcher;
    JSON.stringify(items, (name, value: unknown) => {
      if (name === 'adminUrl') expect(value, nameOf(watcher)).toBe(isStaff(viewer) ? exam.adminUrl : null);
      if (name === 'userId') expect(seesUser(viewer, exam, String(value)), `${String(value)} to ${nameOf(watcher)}`).toBe(true);
      if (name === 'adminUrl' || name === 'userId') seen += 1;
      return value;
    });
  }
  expect(seen).toBeGreaterThan(2_000);
});

it('a viewer who may not watch an exam is refused while others watch it', () => {
  const refused = watchers.filter((watcher) => !isPermitted(watcher));
  expect(refused.length).toBeGreaterThan(100);
  for (const watcher of refused) {
    const code = seesExam(watcher.viewer, watcher.exam) ? 'FORBIDDEN' : 'NOT_FOUND';
    expect(watcher.codes, nameOf(watcher)).toEqual([watcher.viewer.role === 'nobody' ? 'UNAUTHORIZED' : code]);
  }
  for (const watcher of watchers.filter(isPermitted)) expect(watcher.codes, nameOf(watcher)).toEqual([]);
});

it('viewers on WebSockets share messages only with viewers who have the same rights', () => {
  const shared = watchers.filter((watcher) => watcher.by === 'WebSocket' && isPermitted(watcher));
  const rights = shared.map(({ viewer: { role, tenant, examId, userId }, exam, ofWarnings }) =>
    JSON.stringify([exam.id, ofWarnings, role, tenant, examId, userId]),
  );
  const begun = server
    .log()
    .split('\n')
    .filter((line) => line.includes('a shared execution begins')).length;
  expect(begun).toBe(new Set(rights).size);
  expect(begun).toBeLessThan(shared.length);
});

it('every change in the meantime is recorded under the name of the viewer who made it', () => {
  expectRight(acted, 150);
  expectOverlap(acted);
});
