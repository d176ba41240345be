import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, report } from '../helpers/exam.ts';
import { makeMedia, VP8 } from '../helpers/media.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { analysed, uploadRecording, watchProgress } from '../helpers/recordings.ts';
import { hasRedis, startOldRedis, startTestRedis, type TestRedis } from '../helpers/redis.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

interface Added {
  warningAdded: { seq: number; type: string };
}

const WARNINGS = /* GraphQL */ `
  subscription Watch($examId: ID!) {
    warningAdded(examId: $examId, after: 0) {
      seq
      type
    }
  }
`;
/** A request that cannot be served is refused within 3 s; none hangs. */
const PATIENCE_MS = 3_000 + LATE_MS;
/** Between two reports: what is tested is patience, not throughput. */
const PACE_MS = 20;

/** A second process on the same database and files, as behind a balancer. */
const startBeside = (first: TestServer, settings: Record<string, string> = {}): Promise<TestServer> =>
  startTestServer({ DATABASE_URL: first.databaseUrl, DATA_DIR: first.dataDir, ...settings });

async function timed<T>(request: Promise<T>): Promise<T> {
  const started = performance.now();
  const answer = await request;
  expect(performance.now() - started).toBeLessThan(PATIENCE_MS);
  return answer;
}

/** A console on each of the servers. */
const watchOn = (servers: readonly TestServer[], examId: string) =>
  servers.map((server) => collect<Added>(server.subscribe(), WARNINGS, { examId }));

/** Every console has exactly what was acknowledged, in order, and nothing after it. */
async function expectSameOn(servers: readonly TestServer[], consoles: ReturnType<typeof watchOn>, examId: string, seqs: number[]) {
  const [last] = await report(servers[0] as TestServer, examId, 'user_1', ['face_not_visible']);
  const expected = [...seqs, last?.seq];
  for (const live of consoles) {
    await live.find(({ warningAdded }) => warningAdded.seq === last?.seq);
    expect(live.items.map(({ warningAdded }) => warningAdded.seq)).toEqual(expected);
  }
}

/** Reports one warning after the other, to the servers in turn, until `stopped`. */
async function reportUntil(servers: readonly TestServer[], examId: string, stopped: Promise<unknown>): Promise<number[]> {
  const seqs: number[] = [];
  let running = true;
  void stopped.finally(() => {
    running = false;
  });
  const more = () => running;
  for (let turn = 0; more(); turn += 1) {
    const server = servers[turn % servers.length] as TestServer;
    const warnings = await timed(report(server, examId, 'user_1', ['tab_switch']));
    seqs.push(...warnings.map(({ seq }) => seq));
    await after(PACE_MS);
  }
  return seqs;
}

const after = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

let folder: string;
let video: string;
let long: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invigil-test-'));
  video = join(folder, 'screen.webm');
  await makeMedia('-f', 'lavfi', '-i', 'testsrc=duration=2:size=320x240:rate=10', ...VP8, video);
  long = join(folder, 'long.webm');
  await makeMedia('-f', 'lavfi', '-i', 'testsrc2=duration=120:size=640x360:rate=5', ...VP8, long);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('two servers on one database show each other’s warnings without Redis', async () => {
  const first = await startTestServer();
  const second = await startBeside(first);
  try {
    const exam = await createExam(first);
    const consoles = watchOn([first, second], exam.id);
    const seqs: number[] = [];
    for (const server of [first, second, first])
      seqs.push(...(await report(server, exam.id, 'user_1', ['tab_switch'])).map(({ seq }) => seq));
    await expectSameOn([first, second], consoles, exam.id, seqs);
  } finally {
    await second.stop();
    await first.stop();
  }
});

describe.skipIf(!hasRedis).each([
  { name: 'Redis', cluster: false },
  { name: 'a Redis cluster', cluster: true },
])('two servers with $name', ({ cluster }) => {
  let redis: TestRedis;
  /** Owns the database and the files of all. */
  let owner: TestServer;
  let servers: TestServer[];
  const first = () => servers[0] as TestServer;

  beforeAll(async () => {
    redis = await startTestRedis({ cluster });
    owner = await startTestServer({ REDIS_URL: redis.url });
    servers = [owner, await startBeside(owner, { REDIS_URL: redis.url, INLINE_WORKER: 'false' })];
  });
  afterAll(async () => {
    for (const server of servers) if (server !== owner) await server.stop();
    await owner.stop();
    await redis.stop();
  });

  const upload = (examId: string, path = video) => uploadRecording(first(), { examId, userId: 'user_1', type: 'screen', path });

  it('wake each other through Redis, and their consoles see the warnings of both', async () => {
    const exam = await createExam(first());
    const consoles = watchOn(servers, exam.id);
    const seqs: number[] = [];
    for (const server of [...servers, ...servers])
      seqs.push(...(await report(server, exam.id, 'user_1', ['tab_switch'])).map(({ seq }) => seq));
    await expectSameOn(servers, consoles, exam.id, seqs);
    const stats = String(await redis.command('INFO', 'commandstats'));
    expect(stats).toMatch(/cmdstat_spublish:calls=[1-9]/);
    // Each of the two listens.
    const channels = (await redis.command('PUBSUB', 'SHARDCHANNELS', 'invigil:*')) as string[];
    const listeners = (await redis.command('PUBSUB', 'SHARDNUMSUB', ...channels)) as (string | number)[];
    expect(listeners.filter((_, index) => index % 2 === 1)).toEqual(channels.map(() => 2));
  });

  it('analyse a recording from a job in Redis', async () => {
    const exam = await createExam(first());
    const { id } = await upload(exam.id);
    expect(await analysed(first(), id)).toMatchObject({ status: 'processed' });
    expect(await redis.command('EXISTS', '{invigil}:analysis:meta')).toBe(1);
  });

  it('accept warnings and recordings while Redis is killed and restarted, without losing or duplicating any', async () => {
    const exam = await createExam(first());
    const consoles = watchOn(servers, exam.id);
    const outage = (async () => {
      await after(300);
      await redis.kill();
      await after(2_000);
      await redis.start();
      await after(300);
    })();
    const seqs = reportUntil(servers, exam.id, outage);
    await after(1_000);
    const { id } = await timed(upload(exam.id));
    await outage;
    await expectSameOn(servers, consoles, exam.id, await seqs);
    // Queued when Redis is back, long before anybody starts a server again.
    expect(await analysed(first(), id)).toMatchObject({ status: 'processed' });
  });

  it('accept warnings and recordings while Redis is frozen for 5 s, without losing or duplicating any', async () => {
    const exam = await createExam(first());
    const consoles = watchOn(servers, exam.id);
    const outage = (async () => {
      await after(300);
      redis.freeze();
      await after(5_000);
      redis.thaw();
      await after(300);
    })();
    const seqs = reportUntil(servers, exam.id, outage);
    await after(1_000);
    const { id } = await timed(upload(exam.id));
    await outage;
    await expectSameOn(servers, consoles, exam.id, await seqs);
    expect(await analysed(first(), id)).toMatchObject({ status: 'processed' });
  });

  const ends = [
    { end: 'shutDown', held: 0 },
    { end: 'kill', held: 1 },
  ] as const;
  // The lock of who is killed takes its time to end, and is the same for both.
  it.each(cluster ? ends.slice(0, 1) : ends)('hand a running analysis over to another server after a $end', async ({ end, held }) => {
    const exam = await createExam(first());
    const { id } = await upload(exam.id, long);
    await watchProgress(first(), id).find(({ recordingProgress }) => recordingProgress.stage === 'watching');
    await first()[end]();
    // Who is shut down lets go of its job; who is killed holds it until its lock ends.
    expect(await redis.command('LLEN', '{invigil}:analysis:active')).toBe(held);
    const other = await startBeside(first(), { REDIS_URL: redis.url });
    servers[0] = other;
    expect(await analysed(other, id)).toMatchObject({ status: 'processed' });
  });

  it('shut down in time while Redis is frozen', async () => {
    redis.freeze();
    const started = performance.now();
    await Promise.all(servers.map((server) => server.shutDown()));
    expect(performance.now() - started).toBeLessThan(9_000 + LATE_MS);
  });
});

describe.skipIf(!hasRedis)('a start with an unusable Redis says so in one line', () => {
  const start = (url: string) => startTestServer({ REDIS_URL: url }).then((server) => server.stop());

  it('if nothing listens there, without showing the password', async () => {
    // Below those that the system gives away: a free one may be another test's by the time of the call.
    const failure = await start('redis://user:secret@127.0.0.1:1').catch((error: Error) => error.message);
    expect(failure).toMatch(/^the server ended with 1: Cannot use the Redis at 127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/);
    expect(failure).not.toContain('secret');
  });

  it('if it is frozen', async () => {
    const redis = await startTestRedis();
    redis.freeze();
    await expect(start(redis.url)).rejects.toThrow(/ended with 1: Cannot use the Redis at .*timed out\n$/);
    await redis.stop();
  });

  it('if a cluster is addressed as a single Redis, or the other way round', async () => {
    const [single, cluster] = [await startTestRedis(), await startTestRedis({ cluster: true })];
    await expect(start(cluster.url.replace('+cluster', ''))).rejects.toThrow(/ended with 1: .*starts with redis\+cluster:\/\/\n$/);
    await expect(start(single.url.replace('redis:', 'redis+cluster:'))).rejects.toThrow(/ended with 1: .*cluster support disabled\n$/);
    await single.stop();
    await cluster.stop();
  });

  it('if it is too old', async () => {
    const old = await startOldRedis();
    await expect(start(old.url)).rejects.toThrow(/ended with 1: Cannot use the Redis at .*: it is Redis 6\.2\.14, 7 or newer is needed\n$/);
    await old.stop();
  });

  it('if the URL is invalid', async () => {
    await expect(start('redis://a:1,b:2')).rejects.toThrow(/ended with 1: Bad settings: REDIS_URL must be a URL like/);
  });
});
