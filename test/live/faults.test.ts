import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { createLogger } from '../../src/log.ts';
import { type Console, openConsole } from '../helpers/consoles.ts';
import { createExam, join } from '../helpers/exam.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { openPool } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const disposal: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const dispose of disposal.splice(0).reverse()) await dispose();
});

function own<T>(thing: T, dispose: (thing: T) => Promise<unknown>): T {
  disposal.push(() => dispose(thing));
  return thing;
}

const startServer = async (settings: Record<string, string> = {}) => own(await startTestServer(settings), (it) => it.stop());
const startAnother = async (server: TestServer, settings: Record<string, string> = {}) =>
  own(await server.another(settings), (it) => it.stop());
const watch = (servers: TestServer[], examId: string) => own(openConsole(servers, examId), (it) => it.close());

/** A request is answered within 3 s, whatever has failed. */
const ANSWER_MS = 3_000 + LATE_MS;

/**
 * A candidate's client: reports one warning after the other, each again by the same `clientEventId` until a server has
 * acknowledged it.
 */
async function writeThrough(servers: readonly TestServer[], examId: string, userId: string, count: number, onAcknowledged = () => {}) {
  const acknowledged: { seq: number; id: string }[] = [];
  let slowest = 0;
  let turn = 0;
  while (acknowledged.length < count) {
    const begun = performance.now();
    const warning = await tryToReport(servers[turn % servers.length], examId, userId, acknowledged.length);
    slowest = Math.max(slowest, performance.now() - begun);
    if (warning) {
      acknowledged.push(warning);
      onAcknowledged();
    } else {
      turn += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return { acknowledged, slowest };
}

async function tryToReport(server: TestServer | undefined, examId: string, userId: string, n: number) {
  const body = { userId, warnings: [{ type: 'noise', clientEventId: `${userId}-${n}` }] };
  const response = await server?.post(`/exams/${examId}/warnings`, body).catch(() => null);
  if (!response?.ok) return null;
  return ((await response.json()) as { warnings: { seq: number; id: string }[] }).warnings[0];
}

/** Each acknowledged warning exactly once, in order. */
function expectWhole({ seen }: Console, acknowledged: readonly { seq: number; id: string }[]): void {
  const inOrder = acknowledged.toSorted((a, b) => a.seq - b.seq);
  expect(seen.map(({ id }) => id)).toEqual(inOrder.map(({ id }) => id));
}

describe('a server with 50 consoles', () => {
  it('can be killed: the consoles continue on the other server from the last position they saw', async () => {
    const first = await startServer();
    const second = await startAnother(first);
    const { id } = await createExam(first);
    await Promise.all([1, 2, 3, 4].map((user) => join(first, id, `user_${user}`)));
    const consoles = Array.from({ length: 50 }, () => watch([first, second], id));
    let count = 0;
    let kill: Promise<void> | undefined;
    const written = await Promise.all(
      [1, 2, 3, 4].map((user) =>
        writeThrough([first, second], id, `user_${user}`, 60, () => {
          count += 1;
          if (count === 80) kill = first.kill();
        }),
      ),
    );
    await kill;
    await Promise.all(consoles.map((it) => it.until(240)));
    const acknowledged = written.flatMap((it) => it.acknowledged);
    for (const console of consoles) expectWhole(console, acknowledged);
    for (const { slowest } of written) expect(slowest).toBeLessThan(ANSWER_MS);
  });
});

describe('two servers', () => {
  it('with clocks 20 s apart accept 16 writers, and every console on both sees everything in order', async () => {
    const first = await startServer();
    const skewed = { SKEW_MS: '20000', NODE_OPTIONS: `--import=${fileURLToPath(new URL('../helpers/skewed-clock.mjs', import.meta.url))}` };
    const second = await startAnother(first, skewed);
    const { id } = await createExam(first);
    const consoles = [watch([first], id), watch([second], id)];
    const written = await Promise.all(
      Array.from({ length: 16 }, (_, i) => writeThrough([i % 2 === 0 ? first : second], id, `user_${i}`, 20)),
    );
    const acknowledged = written.flatMap((it) => it.acknowledged);
    await Promise.all(consoles.map((it) => it.until(320)));
    for (const console of consoles) expectWhole(console, acknowledged);
    // Times are the database's, so that they rise with the positions.
    const { warnings } = (await (await first.rest(`/exams/${id}/warnings?limit=1000`)).json()) as { warnings: { timestamp: string }[] };
    expect(warnings).toHaveLength(320);
    expect(Math.max(...warnings.map((it) => Date.parse(it.timestamp))) - Date.now()).toBeLessThan(10_000);
  });

  it('deliver an event once, even if the bus announces it many times', async () => {
    const first = await startServer();
    const second = await startAnother(first);
    const { id } = await createExam(first);
    const console = watch([second], id);
    const pool = own(openPool({ connectionString: first.databaseUrl }), (it) => it.end());
    const announcements: Promise<unknown>[] = [];
    const { acknowledged } = await writeThrough([first], id, 'user_1', 30, () => {
      for (let i = 0; i < 5; i++) announcements.push(pool.query(`SELECT pg_notify('invigil_wake', $1)`, [`key_else exam:${id}`]));
    });
    await Promise.all(announcements);
    await console.until(30);
    expectWhole(console, acknowledged);
  });
});

describe('PostgreSQL', () => {
  it('can be restarted: requests are still answered, and nothing that was acknowledged is lost', async () => {
    const dataDir = own(await mkdtemp(joinPath(tmpdir(), 'invigil-test-')), (it) => rm(it, { recursive: true, force: true }));
    await chmod(dataDir, 0o711);
    const start = () => startEmbeddedPostgres({ dataDir, log: createLogger('silent') });
    let postgres: EmbeddedPostgres = await start();
    disposal.push(() => postgres.stop());
    const first = await startServer({ DATABASE_URL: postgres.url });
    const second = await startAnother(first);
    const { id } = await createExam(first);
    const consoles = [watch([first], id), watch([second], id)];
    let count = 0;
    let restart: Promise<void> | undefined;
    const restartPostgres = async () => {
      await postgres.stop();
      postgres = await start();
    };
    const written = await Promise.all(
      [1, 2, 3, 4].map((user) =>
        writeThrough([user % 2 === 0 ? first : second], id, `user_${user}`, 40, () => {
          count += 1;
          if (count === 50) restart = restartPostgres();
        }),
      ),
    );
    await restart;
    await Promise.all(consoles.map((it) => it.until(160)));
    const acknowledged = written.flatMap((it) => it.acknowledged);
    for (const console of consoles) expectWhole(console, acknowledged);
    for (const { slowest } of written) expect(slowest).toBeLessThan(ANSWER_MS);
  });
});
