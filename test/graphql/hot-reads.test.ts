import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { eventually } from '../helpers/patience.ts';
import { createTestDatabase, openClient, type TestDatabase } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { startStatementCounter, type StatementCounter } from '../helpers/statements.ts';

let copy: TestDatabase;
let database: Client;
let counter: StatementCounter;
let server: TestServer;
beforeAll(async () => {
  copy = await createTestDatabase();
  database = await openClient(copy.url);
  counter = await startStatementCounter(copy.url);
  server = await startTestServer({ DATABASE_URL: counter.url });
});
afterAll(async () => {
  await server.stop();
  await counter.stop();
  await database.end();
  await copy.drop();
});

/** As the analysis leaves it. */
async function addRecording(examId: string, userId: string): Promise<string> {
  const { rows } = await database.query<{ id: string }>(
    `INSERT INTO "Recording" (id, "examId", "participantId", "userId", type, status, size, format, sha256, "storageKey", duration)
      SELECT 'rec_of_' || id, "examId", id, "userId", 'WEBCAM', 'PROCESSED', 8589934592, 'webm', 'ab', id, 12.5
      FROM "Participant" WHERE "examId" = $1 AND "userId" = $2 RETURNING id`,
    [examId, userId],
  );
  const id = rows[0]?.id ?? '';
  await database.query(
    `INSERT INTO "Analysis" ("recordingId", detector, "sampledFrames", "facePresent", "multipleFaces", "noFace", "phoneUsage", "lookingAway")
      VALUES ($1, 'test', 10, 0.5, 0.25, 0.25, 0, 0.125)`,
    [id],
  );
  await database.query(`INSERT INTO "AnalysisSegment" SELECT $1, n, 'no_face', n, n + 1, 0.9 FROM generate_series(0, 2) AS n`, [id]);
  return id;
}

const read = async (path: string, credential?: string) => server.rest(path, credential ? { credential } : {});
const WHOLE = `query ($id: ID!) { exam(id: $id) { id
  participants(first: 500) { edges { node { userId } } } warnings(first: 500) { edges { node { id } } } } }`;

describe('a request that consoles and LMSs send often', () => {
  let examId: string;
  let recordingId: string;
  beforeAll(async () => {
    examId = (await createExam(server)).id;
    const many = Array.from({ length: 100 }, () => 'noise');
    for (const user of ['user_1', 'user_2', 'user_3']) for (let i = 0; i < 3; i++) await report(server, examId, user, many);
    recordingId = await addRecording(examId, 'user_1');
  });

  it('about who handed in does not read the statistics, however large they are', async () => {
    const { id } = await createExam(server);
    // Random, because the database compresses repetitions.
    const stats = { log: randomBytes(500_000).toString('base64') };
    const handedIn = (await (await server.post(`/exams/${id}/submit`, { userId: 'user_1', stats })).json()) as { id: string };
    for (const query of [
      `{ exam(id: "${id}") { participants { edges { node { submission { id } } } } } }`,
      `{ exam(id: "${id}") { participant(userId: "user_1") { submission { submittedAt } } } }`,
      `{ node(id: "${handedIn.id}") { id } }`,
    ]) {
      const { bytes } = await counter.least(() => server.graphql().request(query));
      expect(bytes, query).toBeGreaterThan(0);
      expect(bytes, query).toBeLessThan(100_000);
    }
  });

  it('takes one statement as GET of an exam', async () => {
    const { statements } = await counter.least(() => read(`/exams/${examId}`));
    expect(statements).toHaveLength(1);
  });

  it('takes one statement as GET of a recording', async () => {
    const { statements } = await counter.least(() => read(`/recordings/${recordingId}`));
    expect(statements).toHaveLength(1);
    expect(await (await read(`/recordings/${recordingId}`)).json()).toMatchObject({
      id: recordingId,
      type: 'webcam',
      status: 'processed',
      size: 8_589_934_592,
      duration: 12.5,
      createdAt: expect.stringMatching(/Z$/),
      analysis: {
        faceDetection: { facePresent: 0.5, multipleFaces: 0.25, noFace: 0.25 },
        suspiciousActivity: { phoneUsage: 0, lookingAway: 0.125, talking: null },
      },
    });
  });

  it.each([
    [
      'an exam with participants and warnings',
      '{ exam(id: EXAM) { title participants(first: 50) { edges { node { userId } } } warnings(first: 5) { edges { node { id } } } } }',
    ],
    [
      "an exam with each participant's warnings",
      '{ exam(id: EXAM) { participants(first: 50) { edges { node { userId warnings(first: 2) { edges { node { id } } } } } } } }',
    ],
    [
      'an exam with the verdicts about all participants and what they contest',
      '{ exam(id: EXAM) { participants(first: 50) { edges { node { warningCount contest { text } verdicts { status by } } } } } }',
    ],
    ['a recording with its analysis', '{ recording(id: REC) { url analysis { detector segments { type } } } }'],
  ])('takes one statement as a GraphQL query for %s, and reads no more than was selected', async (_what, query) => {
    const text = query.replace('EXAM', JSON.stringify(examId)).replace('REC', JSON.stringify(recordingId));
    const { statements, bytes } = await counter.least(() => server.graphql().request(text));
    expect(statements).toHaveLength(1);
    expect(bytes).toBeLessThan(16 * 1024);
  });

  it('takes two or three statements where it asks of every warning whether its candidate sees it', async () => {
    const text = `{ exam(id: "${examId}") { warnings(first: 500) { edges { node { visibleToCandidate review { by } } } } } }`;
    const { statements } = await counter.least(() => server.graphql().request(text));
    // Those that are asked for while the first ones are read share another one.
    expect([2, 3]).toContain(statements.length);
  });

  it('the query that opens a console is recognised, and answered by the statement that is written by hand', async () => {
    const byHand = expect.stringMatching(/^SELECT e\."id".* AS participants.* AS warnings.* FROM "Exam" e WHERE/s) as string;
    for (const rows of ['first: 5) {', 'last: 5) { totalCount']) {
      const lists = `participants(first: 50) { edges { node { userId } } } warnings(${rows} edges { node { id } } }`;
      const { statements } = await counter.least(() => server.graphql().request(`{ exam(id: "${examId}") { title ${lists} } }`));
      expect(statements, rows).toEqual([byHand]);
    }
  });

  it('takes one transaction as a report of warnings, and no statement before it', async () => {
    const { statements } = await counter.least(() => report(server, examId, 'user_1', ['noise']));
    expect(statements[0]).toBe('BEGIN');
    expect(statements.filter((text) => text.includes('"ApiKey"'))).toEqual([]);
  });

  it('takes a few statements as a review of hundreds of warnings', async () => {
    const { id } = await createExam(server);
    const many = Array.from({ length: 100 }, () => 'noise');
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(...(await report(server, id, 'user_1', many)).map((warning) => warning.id));
    let times = 0;
    const { statements } = await counter.least(() =>
      server.post(`/exams/${id}/warnings/review`, { warningIds: ids, decision: 'dismissed', reason: `Heard it ${(times += 1)} times` }),
    );
    expect(statements.length).toBeLessThan(20);
  });
});

describe('every role', () => {
  it('gets the same from REST, whose statements are written by hand, as from GraphQL', async () => {
    const owner = await createKey(server, 'LMS', 'north');
    const exam = await createExam(server, { settings: { candidateView: 'live' } }, owner.key);
    for (const user of ['user_1', 'user_2']) await report(server, exam.id, user, ['noise', 'books'], owner.key);
    const recordingId = await addRecording(exam.id, 'user_1');
    const other = await createExam(server, {}, owner.key);
    const credentials = {
      admin: undefined,
      'its LMS': owner.key,
      'its proctor': (await createKey(server, 'PROCTOR', 'north')).key,
      "another tenant's LMS": (await createKey(server, 'LMS', 'south')).key,
      'the admin link': tokenIn(exam.adminUrl),
      'the access link': tokenIn(exam.accessUrl),
      'a candidate': await join(server, exam.id, 'user_1', owner.key),
      'a candidate with nothing': await join(server, exam.id, 'user_3', owner.key),
      "another exam's admin link": tokenIn(other.adminUrl),
      "another exam's candidate": await join(server, other.id, 'user_1', owner.key),
    };
    const sees = { participants: 0, warnings: 0, hidden: 0, recordings: 0 };
    for (const [who, credential] of Object.entries(credentials)) {
      const rest = await read(`/exams/${exam.id}`, credential);
      const recording = await read(`/recordings/${recordingId}`, credential);
      const graphql = await server.graphql(credential).request<{
        exam: { participants: { edges: { node: { userId: string } }[] }; warnings: { edges: { node: { id: string } }[] } } | null;
        recording: { id: string } | null;
      }>(WHOLE.replace(/}$/, `recording(id: "${recordingId}") { id } }`), { id: exam.id });
      expect(recording.status, who).toBe(graphql.recording ? 200 : 404);
      expect(rest.status, who).toBe(graphql.exam ? 200 : 404);
      sees.recordings += graphql.recording ? 1 : 0;
      if (!graphql.exam) {
        sees.hidden += 1;
        continue;
      }
      const shown = (await rest.json()) as { participants: { id: string }[]; warnings: { id: string }[] };
      expect(
        shown.participants.map(({ id }) => id),
        who,
      ).toEqual(graphql.exam.participants.edges.map(({ node }) => node.userId));
      expect(
        shown.warnings.map(({ id }) => id),
        who,
      ).toEqual(graphql.exam.warnings.edges.map(({ node }) => node.id));
      sees.participants += shown.participants.length;
      sees.warnings += shown.warnings.length;
    }
    // Four of the staff see all three and all four; each of the two candidates itself, one of them two warnings.
    expect(sees).toEqual({ participants: 4 * 3 + 2, warnings: 4 * 4 + 2, hidden: 3, recordings: 5 });
  });

  it.each([
    ['first', 'participants(first: 2) {', 'warnings(first: 3) {'],
    ['last', 'participants(last: 2) {', 'warnings(last: 2) {'],
    ['first rows of one list and the number of the other', 'participants(first: 1) {', 'warnings { totalCount } all: warnings(last: 5) {'],
    ['last, all of them, with their numbers', 'participants(last: 50) { totalCount', 'warnings(last: 50) { totalCount'],
  ])('gets the same rows, down to the last field, whichever path its query takes: the %s', async (_which, participants, warnings) => {
    const exam = await createExam(server, { settings: { calculator: true } });
    const [first] = await report(server, exam.id, 'user_1', ['noise', 'books', 'tab_switch']);
    await report(server, exam.id, 'user_2', ['noise']);
    await server.graphql().request(`mutation { inviteParticipants(examId: "${exam.id}", participants: [{ userId: "user_3" }]) { id } }`);
    await server.graphql().request(`mutation { reviewWarning(warningId: "${first?.id}", decision: DISMISSED, reason: "A dog") { id } }`);
    const fields = `id title duration status createdAt startedAt endedAt lastSeq accessUrl adminUrl settings { webcam extra aiDetection { sensitivity } }
      ${participants} pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node {
        id userId name status joinedAt lastSeenAt extraMinutes review warningCount } } }
      ${warnings} pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node {
        id seq examId userId type severity source timestamp recordedAt details confidence offsetSeconds review { decision reason by at } } } }`;
    for (const credential of [undefined, await join(server, exam.id, 'user_1'), tokenIn(exam.adminUrl), tokenIn(exam.accessUrl)]) {
      const ask = async (more: string) => {
        const { exam: shown } = await server
          .graphql(credential)
          .request<{ exam: Record<string, unknown> }>(`{ exam(id: "${exam.id}") { ${fields} ${more} } }`);
        delete shown['recordings'];
        return shown;
      };
      // A sign of life may be written between the two.
      await eventually(async () => {
        const byHand = await ask('');
        expect(byHand).toEqual(await ask('recordings(first: 1) { edges { node { id } } }'));
        expect(byHand).toMatchObject({ id: exam.id, title: 'Algebra' });
      });
    }
  });
});
