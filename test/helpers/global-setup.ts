import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/adapters/database/migrations.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { createLogger } from '../../src/log.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database that nobody writes to; `createTestDatabase` copies it. */
    templateUrl: string;
  }
}

/** One PostgreSQL for all test files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  // If we are root, PostgreSQL runs as another user, who must be able to pass.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger('silent') });
  await applyMigrations(postgres.url);
  project.provide('templateUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
