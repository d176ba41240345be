import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { applyMigrations } from '#built/adapters/database/migrations.js';
import { startEmbeddedPostgres } from '#built/adapters/embedded-postgres/embedded-postgres.js';
import { createLogger } from '#built/log.js';

/** Without these, a benchmark of durable writes would be meaningless. */
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** A separate PostgreSQL with the settings of the server's embedded one. */
export async function startPostgres() {
  const dataDir = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
  // If we are root, PostgreSQL runs as another user, who must be able to pass.
  await chmod(dataDir, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger('silent') });
  const template = new URL(postgres.url).pathname.slice(1);
  const urlOf = (name) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;

  async function query(sql) {
    const client = new Client({ connectionString: urlOf('postgres') });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }
  async function stop() {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }

  try {
    await applyMigrations(postgres.url);
    const settings = await query(`SELECT name, setting FROM pg_settings WHERE name IN ('${Object.keys(DURABLE).join("','")}')`);
    for (const { name, setting } of settings) if (setting !== DURABLE[name]) throw new Error(`PostgreSQL runs with ${name}=${setting}`);
    const [{ version }] = await query("SELECT current_setting('server_version') AS version");
    return {
      version,
      settings: DURABLE,
      dataDir,
      stop,
      /** An empty database with all migrations applied. */
      async createDatabase() {
        const name = `bench_${randomBytes(6).toString('hex')}`;
        await query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
        return { url: urlOf(name), drop: () => query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
