import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createExam } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const run = promisify(execFile);
const disposal: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const dispose of disposal.splice(0).reverse()) await dispose();
});

/** A folder that the user `postgres` can reach. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invigil-lost-'));
  disposal.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
  await chmod(folder, 0o711);
  return folder;
}

async function startWithOwnDatabase(dataDir: string): Promise<TestServer> {
  const server = await startTestServer({ DATABASE_URL: '', DATA_DIR: dataDir, INLINE_WORKER: 'false' });
  disposal.push(() => server.stop());
  return server;
}

const send = (server: TestServer, examId: string, clientEventId: string, details = 'x') =>
  server
    .post(`/exams/${examId}/warnings`, {
      userId: 'user_1',
      warnings: Array.from({ length: 50 }, (_, n) => ({ type: 'noise', details, clientEventId: `${clientEventId}-${n}` })),
    })
    .catch(() => null);

async function storedIn(server: TestServer, examId: string): Promise<number> {
  let stored = 0;
  for (let after: number | null = 0; after !== null;) {
    const page = (await (await server.rest(`/exams/${examId}/warnings?after=${after}&limit=1000`)).json()) as {
      warnings: unknown[];
      nextAfter: number | null;
    };
    stored += page.warnings.length;
    after = page.nextAfter;
  }
  return stored;
}

/** A small disk of its own, which only root can make. */
async function mountSmallDisk(at: string, megabytes: number): Promise<boolean> {
  await mkdir(at, { mode: 0o711 });
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=711`, 'tmpfs', at]).then(
    () => true,
    () => false,
  );
  if (mounted) disposal.push(() => run('umount', ['-l', at]));
  return mounted;
}

describe('a server with a PostgreSQL of its own', () => {
  it('goes on when PostgreSQL ends by itself, and nothing that was acknowledged is lost', async () => {
    const dataDir = join(await makeFolder(), 'data');
    const server = await startWithOwnDatabase(dataDir);
    const { id } = await createExam(server);
    expect((await send(server, id, 'before'))?.status).toBe(200);
    const [pid] = (await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await expect.poll(async () => (await send(server, id, 'after'))?.status).toBe(200);
    expect(await storedIn(server, id)).toBe(100);
  });

  it('says that its disk is full, and goes on when there is space', async ({ skip }) => {
    const folder = await makeFolder();
    const dataDir = join(folder, 'data');
    const disk = join(folder, 'disk');
    if (!(await mountSmallDisk(disk, 96))) skip('needs to mount a small disk');
    const first = await startTestServer({ DATABASE_URL: '', DATA_DIR: dataDir, INLINE_WORKER: 'false' });
    await first.shutDown();
    // PostgreSQL's log moves to the small disk.
    await run('cp', ['-a', join(dataDir, 'postgres/pg_wal'), disk]);
    await rm(join(dataDir, 'postgres/pg_wal'), { recursive: true });
    await symlink(join(disk, 'pg_wal'), join(dataDir, 'postgres/pg_wal'));
    await first.restart();
    disposal.push(() => first.stop());
    const { id } = await createExam(first);
    const filler = join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(200 * 1024 * 1024)).catch(() => {});
    let acknowledged = 0;
    let reason = '';
    for (let n = 0; n < 2_000 && !reason; n++) {
      const answer = await send(first, id, `fill-${n}`, 'x'.repeat(1_900));
      if (answer?.ok) acknowledged += 50;
      else reason = (await answer?.text()) ?? '';
    }
    expect(reason).toContain('disk is full');
    await rm(filler);
    await expect.poll(async () => (await send(first, id, 'after'))?.status).toBe(200);
    expect(await storedIn(first, id)).toBe(acknowledged + 50);
  });
});
