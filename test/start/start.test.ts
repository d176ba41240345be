import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';
import { createEmptyDatabase, createTestDatabase, openClient } from '../helpers/postgres.ts';
import { startFreezableProxy } from '../helpers/proxy.ts';
import { freePort } from '../helpers/redis.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  // As root, PostgreSQL runs as another user, who must get through.
  await chmod(folder, 0o711);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program as `npm start` does, in the folder CWD, by another program if `prefix` names one. */
function start({ CWD = tmpdir(), ...settings }: Record<string, string>, prefix: readonly string[] = []) {
  const [program, ...args] = [...prefix, process.execPath, join(projectRoot, 'dist/src/index.js')];
  const child = spawn(program, args, {
    cwd: CWD,
    env: { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'silent', VISION_PRELOAD: 'false', ...settings },
  });
  let output = '';
  let errors = '';
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('Content-Type')) resolve(output);
    });
    void exit.then((code) => reject(new Error(`ended with ${code}: ${errors}`)));
  });
  ready.catch(() => {});
  return { child, ready, exit, errors: () => errors };
}

/** What a start that cannot succeed prints. */
async function failure(settings: Record<string, string>): Promise<string> {
  const { exit, errors } = start(settings);
  expect(await exit).toBe(1);
  return errors();
}

describe('a first start without any settings', () => {
  it('starts its own database, shows the key once and a curl command that works, and stops on Ctrl-C', async () => {
    const DATA_DIR = join(folder, 'first');
    const first = start({ DATA_DIR });
    const greeting = await first.ready;
    const key = /Admin key (invigil_\S+)/.exec(greeting)?.[1];
    const api = /REST\s+(\S+)/.exec(greeting)?.[1]?.replace('localhost', '127.0.0.1');
    expect(key).toBeDefined();
    const curl = /-H '(Authorization: [^']+)'[^]*-H '(Content-Type: [^']+)' -d '([^']+)'/.exec(greeting);
    const headers = [curl?.[1], curl?.[2]].map((header) => header?.split(': ') as [string, string]);
    const created = await fetch(`${api}/exams`, { method: 'POST', headers, body: curl?.[3] ?? '' });
    expect(created.status).toBe(200);
    const { id } = (await created.json()) as { id: string };

    const second = await failure({ DATA_DIR });
    expect(second).toMatch(new RegExp(`^[^\\n]*${first.child.pid}[^\\n]*\\n$`));
    first.child.kill('SIGINT');
    expect(await first.exit).toBe(0);

    const again = start({ DATA_DIR });
    const shown = await again.ready;
    expect(shown).not.toContain('Admin key');
    const url = /REST\s+(\S+)/.exec(shown)?.[1]?.replace('localhost', '127.0.0.1');
    expect((await fetch(`${url}/exams/${id}`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    again.child.kill('SIGKILL');
    await again.exit;

    const recovered = start({ DATA_DIR });
    const after = /REST\s+(\S+)/.exec(await recovered.ready)?.[1]?.replace('localhost', '127.0.0.1');
    expect((await fetch(`${after}/exams/${id}`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    recovered.child.kill('SIGTERM');
    expect(await recovered.exit).toBe(0);
  });
});

describe('a start that cannot succeed prints one clear line', () => {
  it('for invalid settings, with all mistakes at once', async () => {
    const errors = await failure({ PORT: 'abc', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://x', INLINE_WORKER: 'maybe' });
    expect(errors.trim().split('\n')).toHaveLength(1);
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL', 'INLINE_WORKER']) expect(errors).toContain(name);
  });

  it('for an unreachable database, without its password', async () => {
    const errors = await failure({ DATABASE_URL: 'postgresql://someone:hush@127.0.0.1:1/exams', DATA_DIR: join(folder, 'none') });
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors).toContain('127.0.0.1:1');
    expect(errors).not.toContain('hush');
  });

  it('for a port in use, and leaves nothing running', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    try {
      const address = other.address();
      const port = typeof address === 'object' && address ? String(address.port) : '';
      const errors = await failure({ PORT: port, DATA_DIR: join(folder, 'port') });
      expect(errors.trim().split('\n')).toHaveLength(1);
      expect(errors).toContain(`port ${port} is in use`);
      // Noticed before a database is created and a key is shown.
      expect(existsSync(join(folder, 'port'))).toBe(false);
    } finally {
      other.close();
    }
  });

  it('for a DATA_DIR that cannot be used', async () => {
    await writeFile(join(folder, 'file'), '');
    const errors = await failure({ DATA_DIR: join(folder, 'file/data') });
    expect(errors).toMatch(/^Cannot write to DATA_DIR .*\/file\/data \(ENOTDIR\): .*\n$/);
  });

  it('for a database user who may not create tables', async () => {
    const database = await createEmptyDatabase();
    const owner = await openClient(database.url);
    try {
      await owner.query(`DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'hush'`);
      const url = new URL(database.url);
      url.username = 'guest';
      url.password = 'hush';
      const errors = await failure({ DATABASE_URL: url.href, DATA_DIR: join(folder, 'guest') });
      expect(errors).toMatch(/^Cannot migrate the database at .*permission denied.*make the user guest the owner of the database .*\n$/);
      expect(errors).not.toContain('hush');
    } finally {
      await owner.end();
      await database.drop();
    }
  });

  it.runIf(process.getuid?.() === 0)('for a container with little shared memory', async ({ skip }) => {
    const script = 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$0" "$1"';
    const { exit, errors } = start({ DATA_DIR: join(folder, 'shm') }, ['unshare', '-m', 'sh', '-c', script]);
    const code = await exit;
    skip(/unshare|mount:/.test(errors()), 'may not mount');
    expect(code).toBe(1);
    expect(errors()).toMatch(/^The database could not be created: .*\/dev\/shm is too small; .*\n$/);
  });
});

describe('a start', () => {
  it('reads .env in the current folder, but a variable of the environment wins', async () => {
    const home = join(folder, 'home');
    await mkdir(home);
    await writeFile(join(home, '.env'), `PORT=0\nLOG_LEVEL=info\nDATA_DIR=${join(folder, 'file/from-env-file')}\n`);
    await writeFile(join(folder, 'file'), '');
    const { exit, errors } = start({ CWD: home, LOG_LEVEL: 'info' });
    expect(await exit).toBe(1);
    expect(errors()).toContain(`"file":"${join(home, '.env')}"`);
    expect(errors()).toContain('from-env-file (ENOTDIR)');
  });

  it('answers its probes from the beginning, and everything else with 503 until it is ready', async () => {
    const database = await createTestDatabase();
    const proxy = await startFreezableProxy(database.url);
    proxy.freeze();
    const port = await freePort();
    const { child, ready, exit } = start({ DATABASE_URL: proxy.url, DATA_DIR: join(folder, 'slow'), PORT: String(port) });
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`).then(
        (answer) => answer.status,
        () => null,
      );
    await expect.poll(() => ask('/healthz')).toBe(200);
    expect([await ask('/readyz'), await ask('/api/exams'), await ask('/graphql')]).toEqual([503, 503, 503]);
    proxy.thaw();
    await ready;
    expect([await ask('/readyz'), await ask('/api/exams/exam_x')]).toEqual([200, 401]);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    await proxy.stop();
    await database.drop();
  });
});

describe('the greeting of a start', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it.each([
    ['http://192.168.1.20:4000', true],
    ['http://exams.example.org', true],
    ['https://exams.example.org', false],
    ['http://localhost:4000', false],
    ['http://127.0.0.1:4000', false],
    ['http://[::1]:4000', false],
  ])('with the PUBLIC_URL %s says whether browsers give a page there no camera: %s', async (PUBLIC_URL, warns) => {
    const { child, ready, exit } = start({ DATABASE_URL: database.url, DATA_DIR: join(folder, 'greeting'), PUBLIC_URL });
    const greeting = await ready;
    child.kill('SIGTERM');
    await exit;
    expect(/^ {2}Warning {3}browsers give no camera.*https$/m.test(greeting)).toBe(warns);
    expect(greeting).not.toContain('not built');
  });
});
