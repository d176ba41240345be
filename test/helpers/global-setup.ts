import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/adapters/database/migrations.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { createLogger } from '../../src/log.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** A database with the migrations applied that nobody writes to; `createTestDatabase` copies it. */
    templateUrl: string;
  }
}

/** Most tests start the program in `dist`: it must never be older than the source, however the tests were started. */
function build(): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'tsconfig.json')], { stdio: 'inherit' });
}

/** Builds what the source has changed since the last time, and starts one PostgreSQL for all test files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  build();
  project.onTestsRerun(build);
  const dataDir = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  // As root PostgreSQL runs as another user, who has to pass.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger('silent') });
  await applyMigrations(postgres.url);
  project.provide('templateUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
