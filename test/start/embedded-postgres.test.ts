import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { createLogger } from '../../src/log.ts';
import { projectRoot } from '../../src/paths.ts';
import { openClient } from '../helpers/postgres.ts';

const run = promisify(execFile);
const log = createLogger('silent');
const isRoot = process.getuid?.() === 0;
const children: ChildProcess[] = [];
let folder: string;
let dataDir: string;

const start = (directory = dataDir) => startEmbeddedPostgres({ dataDir: directory, log });

/** A process that starts the embedded PostgreSQL, tells so and holds it until ctrl-C, which it obeys in order. */
function holder(): { child: ChildProcess; output: Promise<string> } {
  const script = `
    import { startEmbeddedPostgres } from './dist/src/adapters/embedded-postgres/embedded-postgres.js';
    import { createLogger } from './dist/src/log.js';
    import { Client } from 'pg';
    const postgres = await startEmbeddedPostgres({ dataDir: process.argv[1], log: createLogger('silent') }).catch((error) => {
      console.log(error.message);
      process.exit(1);
    });
    const client = new Client(postgres.url);
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS kept (word TEXT)');
    await client.query('TRUNCATE kept');
    await client.query("INSERT INTO kept VALUES ('held')");
    process.once('SIGINT', async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await client.query("INSERT INTO kept VALUES ('after ctrl-C')");
      await client.end();
      await postgres.stop();
      process.exit(0);
    });
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    cwd: projectRoot,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const output = once(child.stdout, 'data').then(([data]) => String(data).trim());
  return { child, output };
}

async function words(url: string): Promise<string[]> {
  const client = await openClient(url);
  const { rows } = await client.query<{ word: string }>('SELECT word FROM kept');
  await client.end();
  return rows.map(({ word }) => word);
}

/** A process that ended and waits for its new parent to notice has no command any more. */
async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout !== '' && !stdout.startsWith('Z');
}

const postmasterPid = async () => Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);

const isUnfinished = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

async function kill9(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'invigil-embedded-')));
  await chmod(folder, 0o711);
});

beforeEach(() => {
  dataDir = join(folder, 'data');
});

afterEach(async () => {
  await Promise.all(children.splice(0).filter(isUnfinished).map(kill9));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

describe('the embedded PostgreSQL', () => {
  it('is created at the first start, keeps its data for the second and is accessible to nobody else', async () => {
    const first = await start();
    expect(first).toMatchObject({ directory: join(dataDir, 'postgres'), relocated: false });
    const client = await openClient(first.url);
    await client.query("CREATE TABLE kept AS SELECT 'Zoë' AS word");
    const { rows } =
      await client.query(`SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('listen_addresses') AS tcp,
      current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('server_encoding') AS encoding`);
    expect(rows).toEqual([{ major: 18, tcp: '', fsync: 'on', commit: 'on', encoding: 'UTF8' }]);
    await client.end();
    await Promise.all([first.stop(), first.stop()]);
    await first.exited;
    const modes = ['postgres-password', 'postgres', 'lock'].map(async (name) => (await stat(join(dataDir, name))).mode & 0o777);
    expect(await Promise.all(modes)).toEqual([0o600, 0o700, 0o700]);

    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await words(second.url)).toEqual(['Zoë']);
    await second.stop();
  });

  it('refuses a second server on the same DATA_DIR and names the first', async () => {
    const { child, output } = holder();
    expect(await output).toBe('ready');
    await expect(start()).rejects.toThrow(`${dataDir} is in use by another Invigil (process ${child.pid})`);
  });

  it('is used by exactly one of several servers that start at the same moment', async () => {
    dataDir = join(folder, 'race');
    const outputs = await Promise.all([holder(), holder(), holder(), holder()].map(({ output }) => output));
    expect(outputs.filter((output) => output === 'ready')).toHaveLength(1);
    expect(outputs.filter((output) => /in use by another Invigil \(process \d+\)/.test(output))).toHaveLength(3);
  });

  it('restarts immediately after kill -9 of its server, with all data and no orphan', async () => {
    const { child, output } = holder();
    await output;
    const orphan = await postmasterPid();
    await kill9(child);
    const postgres = await start();
    expect(await isRunning(orphan)).toBe(false);
    expect(await words(postgres.url)).toEqual(['held']);
    await postgres.stop();
  });

  it('stops by itself soon after kill -9 of its server', async () => {
    const { child, output } = holder();
    await output;
    const orphan = await postmasterPid();
    await kill9(child);
    await expect.poll(() => isRunning(orphan)).toBe(false);
  });

  it('stays up after Ctrl-C in a terminal until the server has finished', async () => {
    const { child, output } = holder();
    await output;
    process.kill(-Number(child.pid), 'SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const postgres = await start();
    expect(await words(postgres.url)).toEqual(['held', 'after ctrl-C']);
    await postgres.stop();
  });

  it('starts even if another program now has the process id of the last one', async () => {
    const { child, output } = holder();
    await output;
    const note = join(dataDir, 'postgres/postmaster.pid');
    const content = await readFile(note, 'utf8');
    const owner = await stat(note);
    await kill9(child);
    await expect.poll(() => isRunning(Number.parseInt(content, 10))).toBe(false);
    const other = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid });
    children.push(other);
    await writeFile(note, content.replace(/^\d+/, String(other.pid)));
    const postgres = await start();
    expect(await words(postgres.url)).toEqual(['held']);
    await postgres.stop();
    expect(other.exitCode).toBeNull();
  });

  it('works in a folder whose path is too long for a socket', async () => {
    const deep = join(folder, 'x'.repeat(100), 'data');
    const postgres = await start(deep);
    await expect(start(deep)).rejects.toThrow(`in use by another Invigil (process ${process.pid})`);
    await postgres.stop();
  });

  it('says in one line why it cannot start', async () => {
    dataDir = join(folder, 'broken');
    await (await start()).stop();
    const reasons: string[] = [];
    const failOnce = async () => reasons.push(await start().then(String, (error: Error) => `${error.name}: ${error.message}`));

    await truncate(join(dataDir, 'postgres/global/pg_control'), 100);
    await failOnce();
    await writeFile(join(dataDir, 'postgres/PG_VERSION'), '17\n');
    await failOnce();
    await rm(join(dataDir, 'postgres'), { recursive: true });
    await mkdir(join(dataDir, 'postgres'));
    await failOnce();
    await writeFile(join(folder, 'file'), '');
    dataDir = join(folder, 'file');
    await failOnce();

    expect(reasons).toEqual([
      expect.stringMatching(/^StartupError: The embedded PostgreSQL did not start: .*pg_control.*/),
      expect.stringContaining('was written by PostgreSQL 17, this one is 18'),
      expect.stringContaining('holds no readable database'),
      expect.stringContaining('Cannot use DATA_DIR'),
    ]);
    expect(reasons.join()).not.toContain('\n');
  });

  it.runIf(isRoot)('goes where its user can reach it if only root can enter DATA_DIR, and is found there again', async () => {
    dataDir = join(folder, 'private/data');
    await mkdir(join(folder, 'private'), { mode: 0o700 });
    const first = await start();
    try {
      expect(first.relocated).toBe(true);
      expect(first.directory).toMatch(/^\/var\/lib\/invigil\/data-[0-9a-f]{8}$/);
      expect(await realpath(join(dataDir, 'postgres'))).toBe(first.directory);
      await first.stop();
      const second = await start();
      expect(second).toMatchObject({ directory: first.directory, relocated: true, url: first.url });
      await second.stop();
    } finally {
      await first.stop();
      await rm(first.directory, { recursive: true, force: true });
    }
    await expect(start()).rejects.toThrow('links to is gone');
  });

  describe.runIf(isRoot)('outside DATA_DIR', () => {
    const relocated: string[] = [];
    const lines: Record<string, unknown>[] = [];
    const noted = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
    const startNoted = async (directory: string) => {
      const postgres = await startEmbeddedPostgres({ dataDir: directory, log: noted });
      relocated.push(postgres.directory);
      return postgres;
    };
    let home: string;
    let original: string;
    const copy = async () => {
      const path = join(home, 'copy');
      await rm(path, { recursive: true, force: true });
      await run('cp', ['-a', original, path]);
      return path;
    };

    beforeEach(async () => {
      home = await mkdtemp(join(folder, 'root-only-'));
      await chmod(home, 0o700);
      original = join(home, 'data');
    });
    afterEach(async () => {
      for (const directory of relocated.splice(0)) await rm(directory, { recursive: true, force: true });
      lines.splice(0);
    });

    it('refuses a copy of DATA_DIR while the original runs, and leaves the PostgreSQL of the original alone', async () => {
      const running = await startNoted(original);
      await expect(startNoted(await copy())).rejects.toThrow(
        `The database ${running.directory}, to which ${home}/copy links, is in use by another Invigil (process ${process.pid})`,
      );
      const client = await openClient(running.url);
      await client.end();
      await running.stop();
    });

    it('refuses a copy of DATA_DIR, which does not hold the database, and says what to do', async () => {
      await (await startNoted(original)).stop();
      const fresh = await copy();
      await expect(startNoted(fresh)).rejects.toThrow(`${fresh} is a copy of the DATA_DIR ${original}, whose database is not in it`);
      await (await startNoted(original)).stop();
      // An older copy is one even in the place of the original.
      await rm(original, { recursive: true });
      await run('mv', [fresh, original]);
      const refusal = await startNoted(original).then(String, (error: Error) => error.message);
      const remedy = /If .* is to replace the original, remove (\S+)$/.exec(refusal)?.[1] ?? '';
      await rm(remedy);
      await (await startNoted(original)).stop();
    });

    it('follows a DATA_DIR that was moved, and names databases that no DATA_DIR uses any more', async () => {
      const first = await startNoted(original);
      await first.stop();
      const moved = join(home, 'moved');
      await run('mv', [original, moved]);
      const second = await startNoted(moved);
      expect(second.directory).toBe(first.directory);
      await second.stop();
      expect(lines).toContainEqual(expect.objectContaining({ from: original, to: moved }));
      await rm(moved, { recursive: true });
      const other = await startNoted(join(home, 'other'));
      await other.stop();
      expect(lines).toContainEqual(expect.objectContaining({ directory: first.directory, dataDir: moved }));
    });
  });
});
