import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { createExam, join, report } from '../helpers/exam.ts';
import { film, pictures, tempDir } from '../helpers/media.ts';
import { openClient } from '../helpers/postgres.ts';
import { analysed, form } from '../helpers/recordings.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer();
  database = await openClient(server.databaseUrl);
});
afterAll(async () => {
  await database.end();
  await server.stop();
});

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Told {
  userId: string;
  timestamp: string;
}

/** The warnings of an exam as every door tells them. */
async function toldWarnings(examId: string): Promise<Record<string, Told[]>> {
  const fields = 'userId timestamp endedAt';
  const { exam } = await server.graphql().request<{
    exam: { warnings: { edges: { node: Told }[] }; participants: { edges: { node: { warnings: { edges: { node: Told }[] } } }[] } };
  }>(
    `{ exam(id: "${examId}") {
        warnings(first: 50) { edges { node { ${fields} } } }
        participants { edges { node { warnings { edges { node { ${fields} } } } } } }
      } }`,
  );
  const whole = (await (await server.rest(`/exams/${examId}`)).json()) as { warnings: Told[] };
  const page = (await (await server.rest(`/exams/${examId}/warnings`)).json()) as { warnings: Told[] };
  const live = collect<{ warningAdded: Told }>(
    server.subscribe(),
    `subscription { warningAdded(examId: "${examId}", after: 0) { ${fields} } }`,
    {},
  );
  const replayed = await live.take(whole.warnings.length);
  live.unsubscribe();
  return {
    'the exam by GraphQL': exam.warnings.edges.map(({ node }) => node),
    'its participants by GraphQL': exam.participants.edges.flatMap(({ node }) => node.warnings.edges.map((edge) => edge.node)),
    'the exam by REST': whole.warnings,
    'a page by REST': page.warnings,
    'a subscription': replayed.map(({ warningAdded }) => warningAdded),
  };
}

async function expectReadable(examId: string, users: string[]): Promise<void> {
  for (const [door, warnings] of Object.entries(await toldWarnings(examId))) {
    expect([door, warnings.map(({ userId }) => userId).sort()]).toEqual([door, users]);
    for (const { timestamp } of warnings) expect(timestamp, door).toMatch(RFC_3339);
  }
}

describe('a start time that a candidate claims for a recording', () => {
  it.each([
    '+010000-01-01T00:00:00Z',
    '-000044-03-15T00:00:00Z',
    '9999-12-31T23:59:59.500Z',
    '1969-12-31T23:59:59Z',
    'never',
    '275760-09-13',
  ])('and that is %s breaks neither the analysis nor any list', async (startTime) => {
    const examId = (await createExam(server, { settings: { aiDetection: { enabled: true, sensitivity: 'high' } } })).id;
    await report(server, examId, 'honest', ['tab_switch']);
    const token = await join(server, examId, 'cheat');
    const webcam = { path: `${tempDir()}/empty.webm` };
    await film(webcam.path, [{ picture: pictures.noFace, seconds: 5 }]);
    const body = await form({ stats: JSON.stringify({ startTime }), webcam });
    const submitted = await server.rest(`/exams/${examId}/submit`, { method: 'POST', body, credential: token });
    const { recordings } = (await submitted.json()) as { recordings: { id: string }[] };
    expect(await analysed(server, recordings[0]?.id ?? '')).toMatchObject({ status: 'processed' });
    await expectReadable(examId, ['cheat', 'honest']);
  });
});

describe('an invalid row that is already stored', () => {
  it.each(['10000-01-01T00:00:00Z', '294276-12-31T23:59:59Z', '1900-01-01T00:00:00Z', '0044-03-15T00:00:00Z BC', 'infinity'])(
    'with a time of %s breaks no list, and shows its time of storage instead',
    async (time) => {
      const { id: examId } = await createExam(server);
      await report(server, examId, 'bad', ['no_face']);
      await report(server, examId, 'good', ['no_face']);
      const { rows } = await database.query<{ at: Date }>(
        `UPDATE "Warning" SET timestamp = $2, "endedAt" = $2 WHERE "examId" = $1 AND "userId" = 'bad' RETURNING "recordedAt" AS at`,
        [examId, time],
      );
      await expectReadable(examId, ['bad', 'good']);
      for (const warnings of Object.values(await toldWarnings(examId)))
        expect(warnings.find(({ userId }) => userId === 'bad')?.timestamp).toBe(rows[0]?.at.toISOString());
    },
  );

  it('with statistics that are nested too deeply fails alone', async () => {
    const { id: examId } = await createExam(server);
    for (const userId of ['deep', 'flat'])
      expect((await server.post(`/exams/${examId}/submit`, { userId, stats: { a: 1 } })).status).toBe(200);
    const deep = `{"x":${'['.repeat(2_000)}${']'.repeat(2_000)}}`;
    await database.query(`UPDATE "Submission" SET stats = $2::jsonb WHERE "examId" = $1 AND "userId" = 'deep'`, [examId, deep]);
    const query = `{ exam(id: "${examId}") { participants { edges { node { userId submission { stats } } } } } }`;
    expect(
      await server
        .graphql()
        .rawRequest(query)
        .catch(({ response }: { response: object }) => response),
    ).toMatchObject({
      data: {
        exam: {
          participants: {
            edges: [{ node: { userId: 'deep', submission: null } }, { node: { userId: 'flat', submission: { stats: { a: 1 } } } }],
          },
        },
      },
      errors: [{ message: expect.stringMatching(/too deeply/) }],
    });
  });
});

describe('the migration of stored times', () => {
  it('replaces times that cannot be represented by the time of storage', async () => {
    const { id: examId } = await createExam(server);
    await report(server, examId, 'bad', ['no_face']);
    await report(server, examId, 'good', ['no_face']);
    const set = (userId: string, time: string) =>
      database.query(`UPDATE "Warning" SET timestamp = $3 WHERE "examId" = $1 AND "userId" = $2`, [examId, userId, time]);
    await set('bad', '10000-01-01T00:00:00Z');
    await set('good', '9999-12-31T23:59:59Z');
    const migration = joinPath(projectRoot, 'prisma/migrations/20261128013000_warning_times/migration.sql');
    await database.query(await readFile(migration, 'utf8'));
    const { rows } = await database.query(
      `SELECT "userId", timestamp = "recordedAt" AS mended FROM "Warning" WHERE "examId" = $1 ORDER BY "userId"`,
      [examId],
    );
    expect(rows).toEqual([
      { userId: 'bad', mended: true },
      { userId: 'good', mended: false },
    ]);
  });
});
