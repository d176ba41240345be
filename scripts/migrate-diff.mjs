// Writes a new migration with the difference between the migrations and the schema. Works offline, without a database.
//   node scripts/migrate-diff.mjs NAME      writes prisma/migrations/<time>_NAME/migration.sql
//   node scripts/migrate-diff.mjs --check   exits with 1 if the migrations do not produce the schema
// Needs the compiled server (`npm run build`), whose embedded PostgreSQL it starts in a temporary folder.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { pino } from 'pino';

const SCHEMA = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url));
const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url));
const CHAR = 18;
const CHAR_ARRAY = 1002;
const LOCKFILE = 'provider = "postgresql"\n';
const NO_FILTER = { externalTables: [], externalEnums: [] };

// A dependency of the adapter, not ours.
const { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } = createRequire(import.meta.resolve('@prisma/adapter-pg'))(
  '@prisma/driver-adapter-utils',
);

/**
 * Prisma's adapter does not know the type `"char"`, which the catalogue uses for the actions of constraints. Here it is passed
 * off as an array of it, which becomes the type that the engine expects. The server exists only for this script, so it also
 * serves as the shadow database.
 */
class CatalogueAdapter extends PrismaPg {
  /** @override */
  async connect() {
    const connection = await super.connect();
    const queryRaw = connection.queryRaw.bind(connection);
    connection.queryRaw = async (query) => {
      const result = await queryRaw(query);
      const columnTypes = result.columnTypes.map((type) => (type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type));
      return { ...result, columnTypes };
    };
    return connection;
  }

  /** @override */
  connectToShadowDb() {
    return this.connect();
  }
}

class CataloguePool extends Pool {
  /**
   * @override
   * @param {[any]} args
   * @returns {Promise<any>}
   */
  async query(...args) {
    const result = await super.query(...args);
    for (const field of result.fields ?? []) if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY;
    return result;
  }
}

const [argument] = process.argv.slice(2);
if (!argument || !/^(--check|\w+)$/.test(argument)) {
  console.error('usage: node scripts/migrate-diff.mjs NAME | --check');
  process.exit(2);
}
const sql = await withPostgres(diff);
if (argument !== '--check') writeMigration(argument, sql);
else if (sql) {
  console.error(`The migrations do not produce prisma/schema.prisma; node scripts/migrate-diff.mjs NAME writes what is missing:\n${sql}`);
  process.exitCode = 1;
}

async function withPostgres(work) {
  const { startEmbeddedPostgres } = await import('#built/adapters/embedded-postgres/embedded-postgres.js');
  const folder = mkdtempSync(join(tmpdir(), 'invigil-diff-'));
  chmodSync(folder, 0o711);
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: folder, log: pino({ level: 'silent' }) });
    return await work(postgres.url).finally(() => postgres.stop());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The SQL that leads from the migrations (applied to an empty database) to the schema; empty if they agree. */
async function diff(url) {
  const pool = new CataloguePool({ connectionString: url });
  const engine = await startEngine(new CatalogueAdapter(pool));
  const { stdout } = await engine.diff({
    from: { tag: 'migrations', ...readMigrations() },
    to: { tag: 'schemaDatamodel', files: [{ path: SCHEMA, content: readFileSync(SCHEMA, 'utf8') }] },
    script: true,
    exitCode: null,
    filters: NO_FILTER,
  });
  await pool.end();
  return stdout.includes('This is an empty migration') ? '' : stdout;
}

/** Prisma's schema engine as WebAssembly on the driver adapter. Its package is meant for bundlers, so we instantiate it here. */
async function startEngine(factory) {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => console.error(message) };
  /** @type {any} */
  const engine = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const bytes = readFileSync(new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': engine });
  // oxlint-disable-next-line no-underscore-dangle -- wasm-bindgen's names
  engine.__wbg_set_wasm(instance.exports);
  // oxlint-disable-next-line no-underscore-dangle
  /** @type {any} */ (instance.exports).__wbindgen_start();
  const adapter = bindMigrationAwareSqlAdapterFactory(factory);
  return engine.SchemaEngine.new({ datamodels: [[SCHEMA, readFileSync(SCHEMA, 'utf8')]] }, () => {}, adapter);
}

function readMigrations() {
  const names = readdirSync(MIGRATIONS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    baseDir: MIGRATIONS,
    lockfile: { path: './migration_lock.toml', content: LOCKFILE },
    shadowDbInitScript: '',
    migrationDirectories: names
      .map(({ name }) => name)
      .sort()
      .map((path) => ({
        path,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: /** @type {const} */ ('ok'), value: readFileSync(join(MIGRATIONS, path, 'migration.sql'), 'utf8') },
        },
      })),
  };
}

function writeMigration(name, sql) {
  if (!sql) return console.log('The migrations already produce the schema.');
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(MIGRATIONS, `${time}_${name}`);
  mkdirSync(folder, { recursive: true });
  // The engine wraps enum changes in transactions. Here every migration is one transaction, which an inner COMMIT would end early.
  writeFileSync(join(folder, 'migration.sql'), sql.replace(/^(BEGIN|COMMIT);\n/gm, ''));
  const lockfile = join(MIGRATIONS, 'migration_lock.toml');
  if (!existsSync(lockfile)) writeFileSync(lockfile, LOCKFILE);
  console.log(`prisma/migrations/${time}_${name}/migration.sql`);
}
