import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../src/paths.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  // As root, PostgreSQL runs as another user, who must get through.
  await chmod(folder, 0o711);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program as `npm start` does; `until` ends the wait for its output. */
function start(settings: Record<string, string>) {
  const child = spawn(process.execPath, [join(projectRoot, 'dist/src/index.js')], {
    env: { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'silent', ...settings },
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
  }, 60_000);
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
    } finally {
      other.close();
    }
  });
});
