import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyMigrations } from '../../src/adapters/database/migrations.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { createLogger } from '../../src/log.ts';
import { projectRoot } from '../../src/paths.ts';
import { createExam, createKey, join as joinExam, report } from '../helpers/exam.ts';
import { createEmptyDatabase, openClient, runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const run = promisify(execFile);
const cli = join(projectRoot, 'dist/src/cli.js');

interface Line {
  organisation: string;
  source: string;
  detector: string | null;
  type: string;
  sensitivity: string;
  raised: number;
  reviewed: number;
  confirmed: number;
  dismissed: number;
  overturned: number;
  precision: number | null;
  interval: { low: number; high: number } | null;
}

const fromReviews = (settings: Record<string, string>, ...args: string[]) => {
  const { DATABASE_URL: _own, ...env } = process.env;
  const maxBuffer = 64 * 1024 * 1024;
  return run(process.execPath, [cli, 'evaluate', '--from-reviews', ...args], { env: { ...env, ...settings }, maxBuffer });
};

async function linesOf(settings: Record<string, string>): Promise<Line[]> {
  const { stdout } = await fromReviews(settings, '--json');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** Warnings of the analysis, of which so many were confirmed and dismissed and the rest not looked at. */
const insertWarnings = (of: { databaseUrl: string }, examId: string, id: string, [raised, confirmed, dismissed]: readonly number[]) =>
  runSql(
    of,
    `INSERT INTO "Warning" (id, "examId", seq, type, severity, source, timestamp, "recordingId", "reviewDecision", "reviewAt")
     SELECT $2 || n, $1, 1000 + n + length($2) * 100, 'phone_usage', 'HIGH', 'ANALYSIS', now(), $6,
            CASE WHEN n <= $4 THEN 'CONFIRMED'::"WarningDecision" WHEN n <= $4 + $5 THEN 'DISMISSED'::"WarningDecision" END, now()
       FROM generate_series(1, $3) n`,
    [examId, id, raised, confirmed, dismissed, null],
  );

describe('invigil evaluate --from-reviews', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ INLINE_WORKER: 'false' });
  });
  afterAll(() => server.stop());

  it('tells by organisation and sensitivity how often people agreed, while the server runs and people decide', async () => {
    const { key: north } = await createKey(server, 'LMS', 'north');
    const { key: south } = await createKey(server, 'LMS', 'south');
    const high = await createExam(server, { settings: { aiDetection: { sensitivity: 'HIGH' } } }, north);
    const usual = await createExam(server, {}, north);
    const other = await createExam(server, {}, south);
    await insertWarnings(server, high.id, 'a', [60, 9, 31]);
    await insertWarnings(server, usual.id, 'bb', [8, 3, 1]);
    await insertWarnings(server, other.id, 'ccc', [6, 6, 0]);
    const ids = (await report(server, other.id, 'user_1', ['noise', 'noise'], south)).map(({ id }) => id);
    const deciding = ids.map((id) =>
      server.graphql(south).request('mutation ($id: ID!) { reviewWarning(warningId: $id, decision: CONFIRMED) { id } }', { id }),
    );
    const [first] = await Promise.all([linesOf({ DATABASE_URL: server.databaseUrl }), ...deciding]);
    const found = (lines: readonly Line[], organisation: string, sensitivity: string) =>
      lines.find((line) => line.organisation === organisation && line.sensitivity === sensitivity && line.type === 'phone_usage');
    expect(found(first, 'north', 'HIGH')).toMatchObject({
      ...{ source: 'ANALYSIS', detector: null, raised: 60, reviewed: 40, confirmed: 9, dismissed: 31, overturned: 0, precision: 0.225 },
      interval: { low: expect.closeTo(0.1232, 3), high: expect.closeTo(0.3754, 3) },
    });
    expect(found(first, 'north', 'MEDIUM')).toMatchObject({ raised: 8, reviewed: 4, precision: null, interval: null });
    expect(found(first, 'south', 'MEDIUM')).toMatchObject({
      reviewed: 6,
      precision: 1,
      interval: { low: expect.closeTo(0.5407, 3), high: 1 },
    });
    const after = await linesOf({ DATABASE_URL: server.databaseUrl });
    expect(after.find(({ type }) => type === 'noise')).toMatchObject({ source: 'CLIENT', raised: 2, reviewed: 2, precision: null });
    const { stdout } = await fromReviews({ DATABASE_URL: server.databaseUrl });
    expect(stdout).toMatch(/"north"\n.*\n +live pictures +phone_usage +HIGH +60 +40 +9 +31 +0 +0\.225 +0\.123 – 0\.375\n/);
    expect(stdout).toMatch(/live pictures +phone_usage +MEDIUM +8 +4 +3 +1 +0 +–\n/);
    expect(stdout).toContain('nobody has decided are not counted');
  });

  it('counts what a contest overturned as wrong, and neither samples nor what proctors made', async () => {
    const { key: lms } = await createKey(server, 'LMS', 'west');
    const { id } = await createExam(server, {}, lms);
    const token = await joinExam(server, id, 'user_1', lms);
    await insertWarnings(server, id, 'dddd', [5, 5, 0]);
    await runSql(
      server,
      `UPDATE "Warning" SET "participantId" = (SELECT id FROM "Participant" WHERE "examId" = $1) WHERE "examId" = $1 AND type = 'phone_usage'`,
      [id],
    );
    const post = async (path: string, body: object, credential: string) =>
      expect((await server.post(`/exams/${id}/${path}`, body, { credential })).status).toBe(200);
    const { key: proctor } = await createKey(server, 'PROCTOR', 'west');
    await report(server, id, 'user_1', ['books'], proctor);
    await post('participants/user_1/review', { status: 'suspicious', reason: 'seen' }, proctor);
    await post('contest', { text: 'A calculator' }, token);
    await post('participants/user_1/review', { status: 'overturned', reason: 'it was' }, lms);
    const own = async () => (await linesOf({ DATABASE_URL: server.databaseUrl })).filter(({ organisation }) => organisation === 'west');
    expect(await own()).toMatchObject([{ type: 'phone_usage', confirmed: 0, dismissed: 5, overturned: 5, precision: 0 }]);
    await runSql(server, `UPDATE "Exam" SET "isSample" = true WHERE id = $1`, [id]);
    expect(await own()).toEqual([]);
  });

  it('names the detector of a recording', async () => {
    const { key: lms } = await createKey(server, 'LMS', 'east');
    const { id } = await createExam(server, {}, lms);
    await joinExam(server, id, 'user_1', lms);
    await insertWarnings(server, id, 'eeeee', [5, 4, 1]);
    await runSql(
      server,
      `WITH r AS (INSERT INTO "Recording" (id, "examId", "participantId", "userId", type, status, "storageKey", format, size, sha256)
         SELECT 'rec_east', $1, id, 'user_1', 'WEBCAM', 'PROCESSED', 'none', 'webm', 1, '' FROM "Participant" WHERE "examId" = $1 RETURNING id)
       INSERT INTO "Analysis" ("recordingId", detector, "sampledFrames") SELECT id, 'local/9', 1 FROM r`,
      [id],
    );
    await runSql(server, `UPDATE "Warning" SET "recordingId" = 'rec_east' WHERE "examId" = $1`, [id]);
    const lines = await linesOf({ DATABASE_URL: server.databaseUrl });
    expect(lines.find(({ organisation }) => organisation === 'east')).toMatchObject({ detector: 'local/9', precision: 0.8 });
  });

  it('prints as many types as clients can invent', async () => {
    const { key: lms } = await createKey(server, 'LMS', 'noisy');
    const { id } = await createExam(server, {}, lms);
    const count = 150_000;
    await runSql(
      server,
      `INSERT INTO "Warning" (id, "examId", seq, type, severity, source, timestamp)
       SELECT 'noisy_' || n, $1, 1000 + n, 'type_' || n, 'MEDIUM', 'CLIENT', now() FROM generate_series(1, $2) n`,
      [id, count],
    );
    const { stdout } = await fromReviews({ DATABASE_URL: server.databaseUrl });
    expect(stdout.match(/ type_\d+ /g)).toHaveLength(count);
    await runSql(server, `DELETE FROM "Warning" WHERE "examId" = $1`, [id]);
  });

  it('says what is wrong in one line: no database, one of another version, one that does not answer', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'invigil-test-'));
    await expect(fromReviews({ DATA_DIR: empty })).rejects.toMatchObject({ code: 1, stdout: '', stderr: /^There is no database in .*\n$/ });
    const other = await createEmptyDatabase();
    await expect(fromReviews({ DATABASE_URL: other.url })).rejects.toMatchObject({
      code: 1,
      stderr: /^The database is of another version.*\n$/,
    });
    await other.drop();
    const nobody = 'postgresql://invigil:secret@127.0.0.1:9/invigil';
    const failure = await fromReviews({ DATABASE_URL: nobody }).catch((error: unknown) => error as { code: number; stderr: string });
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Cannot read the database at 127\.0\.0\.1:9.*\n$/) });
    expect(failure.stderr).not.toContain('secret');
    await expect(fromReviews({}, '--data', empty)).rejects.toMatchObject({ code: 2 });
    await rm(empty, { recursive: true });
  });
});

describe('invigil evaluate --from-reviews with the embedded database', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
    await chmod(folder, 0o711);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads it while the server runs, and starts it itself when none runs', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir: folder, log: createLogger('silent') });
    try {
      await applyMigrations(postgres.url);
      const client = await openClient(postgres.url);
      await client.query(`INSERT INTO "Exam" (id, tenant, title, duration, settings) VALUES ('exam_1', 'home', 'Algebra', 60, '{}')`);
      await client.end();
      await insertWarnings({ databaseUrl: postgres.url }, 'exam_1', 'a', [7, 5, 1]);
      expect(await linesOf({ DATA_DIR: folder })).toMatchObject([{ organisation: 'home', raised: 7, reviewed: 6, sensitivity: 'MEDIUM' }]);
    } finally {
      await postgres.stop();
    }
    expect(await linesOf({ DATA_DIR: folder })).toMatchObject([{ organisation: 'home', raised: 7, reviewed: 6 }]);
    const again = await startEmbeddedPostgres({ dataDir: folder, log: createLogger('silent') });
    await again.stop();
  });
});
