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

  it('are applied in every test database', async () => {
    const copy = await createTestDatabase();
    try {
      expect(await applyMigrations(copy.url)).toEqual([]);
    } finally {
      await copy.drop();
    }
  });
});
