import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyMigrations } from '../../src/adapters/database/migrations.ts';
import { projectRoot } from '../../src/paths.ts';
import { createEmptyDatabase, createTestDatabase, runSql, type TestDatabase } from '../helpers/postgres.ts';

const run = promisify(execFile);
const shipped = join(projectRoot, 'prisma/migrations');
let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createEmptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'invigil-migrations-'));
  await cp(shipped, folder, { recursive: true });
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const query = <Row extends object>(sql: string) => runSql<Row>({ databaseUrl: database.url }, sql);

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

describe('migrations', () => {
  it('produce exactly the schema', async () => {
    const check = run(process.execPath, [join(projectRoot, 'scripts/migrate-diff.mjs'), '--check']);
    await expect(check).resolves.toMatchObject({ stderr: '' });
  });

  it('are applied once by two servers that start at the same moment', async () => {
    const applied = await Promise.all([applyMigrations(database.url), applyMigrations(database.url)]);
    const names = (await readdir(shipped)).filter((name) => /^\d/.test(name)).sort();
    expect(applied).toContainEqual([]);
    expect(applied.flat()).toEqual(names);
    expect(await query('SELECT migration_name AS name FROM _prisma_migrations ORDER BY started_at')).toEqual(
      names.map((name) => ({ name })),
    );
    expect(await applyMigrations(database.url)).toEqual([]);
  });

  it('that were edited after they were applied make the start fail', async () => {
    await applyMigrations(database.url, { folder });
    const [first = ''] = (await readdir(folder)).filter((name) => /^\d/.test(name)).sort();
    await appendFile(join(folder, first, 'migration.sql'), '\n-- edited\n');
    await expect(applyMigrations(database.url, { folder })).rejects.toThrow(`Migration ${first} was edited after it was applied`);
  });

  it('that fail are rolled back completely and tried again at the next start', async () => {
    await addMigration('90000000000000_bad', 'CREATE TABLE half (id INT); SELECT 1 / 0;');
    await expect(applyMigrations(database.url, { folder })).rejects.toThrow(
      'Migration 90000000000000_bad failed and was rolled back: division by zero',
    );
    expect(await query("SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
    await writeFile(join(folder, '90000000000000_bad/migration.sql'), 'CREATE TABLE half (id INT);');
    expect(await applyMigrations(database.url, { folder })).toEqual(['90000000000000_bad']);
  });

  it('of a newer Invigil make the start of an older one fail', async () => {
    await addMigration('90000000000000_newer', 'SELECT 1;');
    await applyMigrations(database.url, { folder });
    await expect(applyMigrations(database.url)).rejects.toThrow('90000000000000_newer of a newer Invigil');
  });

  it('keep every decision about a participant, of a key, of a link and of one whose name two keys have', async () => {
    const names = await readdir(folder);
    const added = names.find((name) => name.endsWith('_verdicts')) ?? '';
    for (const name of names.filter((name) => /^\d/.test(name) && name >= added)) await rm(join(folder, name), { recursive: true });
    await applyMigrations(database.url, { folder });
    await query(
      `INSERT INTO "Exam" (id, tenant, title, duration, settings, "lastSeq") VALUES ('exam_1', 'default', 'Algebra', 60, '{}', 5)`,
    );
    await query(`INSERT INTO "Participant" (id, "examId", "userId", review) VALUES ('part_1', 'exam_1', 'user_1', 'VIOLATION')`);
    await query(`INSERT INTO "ApiKey" (id, name, role, tenant, hash, prefix)
      SELECT 'key_' || n, name, 'PROCTOR', 'default', 'hash' || n, '' FROM (VALUES (1, 'Jane'), (2, 'Twin'), (3, 'Twin')) AS key(n, name)`);
    await query(`INSERT INTO "Event" ("examId", seq, kind, "subjectId", "userId", data) VALUES
      ('exam_1', 1, 'PARTICIPANT_CHANGED', 'part_1', 'user_1', '{"to": "ACTIVE"}'),
      ('exam_1', 2, 'PARTICIPANT_CHANGED', 'part_1', 'user_1', '{"by": "Jane", "review": "IN_REVIEW", "reason": null}'),
      ('exam_1', 3, 'PARTICIPANT_CHANGED', 'part_1', 'user_1', '{"by": "Twin", "review": "PASSED", "reason": "A dog"}'),
      ('exam_1', 4, 'PARTICIPANT_CHANGED', 'part_1', 'user_1', '{"by": "proctor link", "review": "VIOLATION", "reason": "A phone"}'),
      ('exam_1', 5, 'PARTICIPANT_CHANGED', 'part_gone', 'user_2', '{"by": "Jane", "review": "PASSED"}')`);
    await applyMigrations(database.url);
    const kept = await query(`SELECT status, reason, by, reviewer, final FROM "Verdict" WHERE "participantId" = 'part_1' ORDER BY seq`);
    expect(kept).toEqual([
      { status: 'IN_REVIEW', reason: null, by: 'Jane', reviewer: 'key:key_1', final: false },
      { status: 'PASSED', reason: 'A dog', by: 'Twin', reviewer: 'link:twin', final: true },
      { status: 'VIOLATION', reason: 'A phone', by: 'proctor link', reviewer: 'shared:', final: true },
    ]);
  });

  it('are applied in every test database', async () => {
    const copy = await createTestDatabase();
    try {
      expect(await applyMigrations(copy.url)).toEqual([]);
    } finally {
      await copy.drop();
    }
  });
});
