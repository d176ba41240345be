import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/adapters/database/migrations.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { createLogger } from '../../src/log.ts';
import { projectRoot } from '../../src/paths.ts';
import { closeRunFolder, openRunFolder } from './leftovers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database that nobody writes to; `createTestDatabase` copies it. */
    templateUrl: string;
  }
}

const programs = [['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], ['scripts/build-pages.mjs']];

/** Most tests start the program in `dist`: it must never be older than the source, however the tests were started. */
async function build(): Promise<void> {
  try {
    await Promise.all(programs.map((args) => promisify(execFile)(process.execPath, args, { cwd: projectRoot })));
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`The source does not build:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Builds what has changed since the last build, meanwhile starts one PostgreSQL for all test files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = openRunFolder();
  project.onTestsRerun(build);
  const [built, started] = await Promise.allSettled([build(), startPostgres(join(folder, 'shared'))]);
  const teardown = async () => {
    if (started.status === 'fulfilled') await started.value.stop();
    await closeRunFolder(folder);
  };
  if (started.status === 'fulfilled' && built.status === 'fulfilled') {
    project.provide('templateUrl', started.value.url);
    return teardown;
  }
  await teardown();
  throw started.status === 'rejected' ? started.reason : (built as PromiseRejectedResult).reason;
}

async function startPostgres(dataDir: string) {
  await mkdir(dataDir);
  // If we are root, PostgreSQL runs as another user, who must be able to pass.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger('silent') });
  await withoutDisk(postgres.url);
  await applyMigrations(postgres.url);
  await withoutOutages(postgres.url);
  return postgres;
}

/**
 * Servers of a machine that stands still for five seconds were down for them, and credit that to every participant: with a time of the
 * last pulse that never passes they do not. Tests of outages delete it.
 */
async function withoutOutages(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(`INSERT INTO "ServerPulse" (id, at) VALUES (1, 'infinity')`);
  await client.end();
}

/** Nothing of it is needed after the run, and no test ends it by force: it need not wait for the disk. */
async function withoutDisk(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) await client.query(`ALTER SYSTEM SET ${setting} = off`);
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}
