import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectPostgresBus } from '../../src/adapters/signals/bus-postgres.ts';
import { connectRedisBus } from '../../src/adapters/signals/bus-redis.ts';
import { type Bus, LocalTopics } from '../../src/adapters/signals/bus.ts';
import { createLogger } from '../../src/log.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { createTestDatabase, openPool } from '../helpers/postgres.ts';
import { startFreezableProxy } from '../helpers/proxy.ts';
import { hasRedis, startTestRedis } from '../helpers/redis.ts';

const log = createLogger('silent');

/** What carries a bus, and what may befall it. */
interface Carrier {
  open(): Promise<Bus>;
  /** Ends all connections of the buses; new ones are refused until `restore`. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Leaves connections open that nobody answers on. */
  freeze(): void;
  thaw(): void;
  end(): Promise<void>;
}

/** PostgreSQL is shared by all tests, so what befalls it befalls a proxy before it. */
async function postgres(): Promise<Carrier> {
  const database = await createTestDatabase();
  const proxy = await startFreezableProxy(database.url);
  return {
    async open() {
      const pool = openPool({ connectionString: proxy.url, connectionTimeoutMillis: 1_000, query_timeout: 2_000 });
      const bus = await connectPostgresBus({ url: proxy.url, pool, log });
      return {
        ...bus,
        async close() {
          await bus.close();
          void pool.end();
        },
      };
    },
    cut: () => proxy.cut(),
    restore: () => proxy.restore(),
    freeze: () => proxy.freeze(),
    thaw: () => proxy.thaw(),
    async end() {
      await proxy.stop();
      await database.drop();
    },
  };
}

const redis = (cluster: boolean) => async (): Promise<Carrier> => {
  const server = await startTestRedis({ cluster });
  return {
    open: () => connectRedisBus({ url: server.url, log }),
    cut: () => server.kill(),
    restore: () => server.start(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    end: () => server.stop(),
  };
};

const carriers = [
  { name: 'PostgreSQL', start: postgres },
  ...(hasRedis
    ? [
        { name: 'Redis', start: redis(false) },
        { name: 'a Redis cluster', start: redis(true) },
      ]
    : []),
];

/** Counts wake-ups and lets a test wait for the next one. */
function listen(bus: Pick<Bus, 'subscribe'>, topic: string) {
  const heard = { count: 0 };
  let notify = () => {};
  const leave = bus.subscribe(topic, () => {
    heard.count += 1;
    notify();
  });
  return {
    heard,
    leave,
    next: () =>
      new Promise<void>((resolve) => {
        notify = resolve;
      }),
  };
}

async function expectToHear({ heard, next }: ReturnType<typeof listen>, publish: () => void): Promise<void> {
  const before = heard.count;
  const woken = next();
  publish();
  await woken;
  expect(heard.count).toBeGreaterThan(before);
}

describe.each(carriers)('wake-up calls by $name', ({ start }) => {
  let carrier: Carrier;
  beforeAll(async () => {
    carrier = await start();
  });
  afterAll(() => carrier.end());

  async function open(): Promise<Bus> {
    const bus = await carrier.open();
    onTestFinished(() => bus.close());
    return bus;
  }

  test('wake a listener in the same process before the publication returns, and only once', async () => {
    const [bus, other] = [await open(), await open()];
    const here = listen(bus, 'exam:a');
    const there = listen(other, 'exam:a');
    const echo = listen(bus, 'exam:b');
    const woken = there.next();
    bus.publish('exam:a');
    expect(here.heard.count).toBe(1);
    await woken;
    // The other process answers after all that came before, so an echo of one's own would have been heard by now.
    const answered = echo.next();
    other.publish('exam:b');
    await answered;
    expect(here.heard.count).toBe(1);
    expect(there.heard.count).toBe(1);
  });

  test('reach the other process for all 500 exams of a burst, and for no others', async () => {
    const [bus, other] = [await open(), await open()];
    const topics = Array.from({ length: 500 }, (_, index) => `exam:burst_${index}`);
    const listeners = topics.map((topic) => listen(other, topic));
    const stranger = listen(other, 'exam:not-published');
    const all = Promise.all(listeners.map(({ next }) => next()));
    for (const topic of topics) for (let times = 0; times < 4; times += 1) bus.publish(topic);
    await all;
    expect(stranger.heard.count).toBe(0);
    // Four publications of one turn are one call.
    expect(listeners.map(({ heard }) => heard.count)).toEqual(topics.map(() => 1));
  });

  test('arrive even if they are published while others are in transit', async () => {
    const [bus, other] = [await open(), await open()];
    for (let round = 0; round < 50; round += 1) {
      const listener = listen(other, `exam:round_${round}`);
      const woken = listener.next();
      bus.publish(`exam:noise_${round}`);
      setImmediate(() => bus.publish(`exam:round_${round}`));
      await woken;
      expect(listener.heard.count).toBe(1);
      listener.leave();
    }
  });

  test('do not wake a listener that has unsubscribed', async () => {
    const [bus, other] = [await open(), await open()];
    const gone = listen(other, 'exam:left');
    const stays = listen(other, 'exam:left');
    gone.leave();
    const woken = stays.next();
    bus.publish('exam:left');
    await woken;
    expect(gone.heard.count).toBe(0);
  });

  test('wake all listeners after an outage, which publishing survives, and then work as before', async () => {
    const [bus, other] = [await open(), await open()];
    const [mine, theirs] = [listen(bus, 'exam:outage'), listen(other, 'exam:outage-too')];
    await carrier.cut();
    for (let index = 0; index < 1_000; index += 1) bus.publish(`exam:lost_${index}`);
    const woken = Promise.all([mine.next(), theirs.next()]);
    await carrier.restore();
    await woken;
    await expectToHear(theirs, () => bus.publish('exam:outage-too'));
  });

  test('wake all listeners after connections were open but dead', async () => {
    const [bus, other] = [await open(), await open()];
    const [mine, theirs] = [listen(bus, 'exam:frozen'), listen(other, 'exam:frozen')];
    carrier.freeze();
    const before = mine.heard.count;
    const started = performance.now();
    for (let index = 0; index < 10_000; index += 1) bus.publish('exam:frozen');
    expect(mine.heard.count).toBe(before + 10_000);
    expect(performance.now() - started).toBeLessThan(LATE_MS);
    // Longer than any answer is waited for.
    await new Promise((resolve) => {
      setTimeout(resolve, 5_000);
    });
    const woken = Promise.all([mine.next(), theirs.next()]);
    carrier.thaw();
    await woken;
    await expectToHear(theirs, () => bus.publish('exam:frozen'));
  });

  test('stop quickly on close, even if the other side does not answer', async () => {
    const bus = await carrier.open();
    await bus.close();
    const frozen = await carrier.open();
    carrier.freeze();
    onTestFinished(() => carrier.thaw());
    const started = performance.now();
    frozen.publish('exam:late');
    await frozen.close();
    expect(performance.now() - started).toBeLessThan(1_500 + LATE_MS);
    // What is published on the way down is nobody's problem.
    frozen.publish('exam:later');
  });
});

test('a listener that is woken for nothing or twice, or unsubscribes while it is woken, disturbs no other', () => {
  const topics = new LocalTopics();
  const [first, second] = [listen(topics, 'exam:a'), listen(topics, 'exam:a')];
  const leaves = topics.subscribe('exam:a', () => leaves());
  topics.wake('exam:a');
  topics.wake('exam:a');
  topics.wakeAll();
  topics.wake('exam:nobody');
  expect([first.heard.count, second.heard.count]).toEqual([3, 3]);
});
