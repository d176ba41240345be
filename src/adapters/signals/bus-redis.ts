import { createHash } from 'node:crypto';
import { Cluster } from 'ioredis';
import { StartupError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { type Bus, LocalTopics, Outbox } from './bus.ts';
import { parseRedisUrl } from './redis-url.ts';
import { assertRedisUsable, createRedisClient, logOutages, type RedisClient } from './redis.ts';

/**
 * Topics share a fixed number of channels. Each has a hash tag, so it is in its own slot, and they are spread over the masters of
 * a cluster. A burst over 500 exams is then at most this many messages, and watching one more exam costs Redis nothing.
 */
const CHANNELS = Array.from({ length: 16 }, (_, index) => `invigil:wake:{${index}}`);
/** A channel without publications in the slot of the given one, so that a command for it uses the same connection. */
const silentTwin = (channel: string) => `${channel}:silent`;

const CHECK_MS = 1_000;
/** Timeout of a command. */
const COMMAND_MS = 2_000;
/** A connection that has not answered for this long is cut and reopened. */
const SILENCE_MS = 3_000;
const CLOSE_MS = 500;

/**
 * Wakes listeners in this process immediately and those in other processes with sharded publications. While Redis is
 * unreachable, publications are dropped; once it is back, all listeners are woken, because they may have missed some.
 * @throws StartupError if Redis cannot be reached or is too old.
 */
export async function connectRedisBus({ url, log }: { url: string; log: Logger }): Promise<Bus> {
  const address = parseRedisUrl(url);
  if (!address) throw new StartupError('REDIS_URL is not a valid Redis URL');
  await assertRedisUsable(address, log);

  const instance = newId('key');
  const topics = new LocalTopics();
  const client = createRedisClient(address, {
    offlineQueue: false,
    // ioredis would resubscribe by itself without handling a failure, which would crash the process.
    redis: {
      connectionName: 'invigil-bus',
      commandTimeout: COMMAND_MS,
      socketTimeout: SILENCE_MS,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
    },
    cluster: { shardedSubscribers: true, enableAutoPipelining: true, autoPipeliningIgnoredCommands: ['ssubscribe', 'sunsubscribe'] },
  });
  logOutages(client, 'wake-up calls', log);

  client.on('smessage', (_channel: string, message: string) => {
    const [from, ...published] = message.split('\n');
    if (from !== instance) for (const topic of published) topics.wake(topic);
  });

  const outbox = new Outbox(async (batch) => {
    if (client.status !== 'ready') return;
    await send(client, instance, batch).catch((error) => log.debug({ err: error }, 'a wake-up call was lost'));
  });
  const watch = watchSubscriptions(client, { onRestored: () => topics.wakeAll(), log });
  await client.connect();
  await watch.begin();

  return {
    publish(topic) {
      topics.wake(topic);
      outbox.add(topic);
    },
    subscribe: (topic, wake) => topics.subscribe(topic, wake),
    async close() {
      watch.stop();
      await disconnect(client);
    },
  };
}

const channelOf = (topic: string) => CHANNELS[createHash('sha1').update(topic).digest().readUInt8() % CHANNELS.length] ?? '';

/** One message per channel, with one write per connection. */
async function send(client: RedisClient, instance: string, batch: string[]): Promise<void> {
  const messages = new Map<string, string>();
  for (const topic of batch) {
    const channel = channelOf(topic);
    messages.set(channel, `${messages.get(channel) ?? instance}\n${topic}`);
  }
  if (client instanceof Cluster) {
    await Promise.all([...messages].map(([channel, message]) => client.spublish(channel, message)));
    return;
  }
  const pipeline = client.pipeline();
  for (const [channel, message] of messages) pipeline.spublish(channel, message);
  await pipeline.exec();
}

/**
 * Maintains the subscriptions, and probes their connections every second. Calls `onRestored` whenever all of them work again
 * after one may have failed.
 */
function watchSubscriptions(client: RedisClient, { onRestored, log }: { onRestored(): void; log: Logger }) {
  const hear = client instanceof Cluster ? hearCluster(client) : (channel: string) => client.ssubscribe(channel);
  let losses = 1;
  let restored = 0;
  let checking: Promise<void> | undefined;

  async function checkOnce(): Promise<void> {
    if (client.status !== 'ready') return;
    const seen = losses;
    try {
      await Promise.all(CHANNELS.map(hear));
    } catch (error) {
      losses += 1;
      log.debug({ err: error }, 'not all subscriptions stand');
      return;
    }
    // A loss during the check is handled by the next one.
    if (restored === seen) return;
    restored = seen;
    onRestored();
  }
  const check = () =>
    (checking ??= checkOnce().finally(() => {
      checking = undefined;
    }));
  const lost = () => {
    losses += 1;
  };
  const lostAndBack = () => {
    losses += 1;
    void (checking ?? Promise.resolve()).then(check);
  };
  client.on('close', lost);
  client.on('ready', lostAndBack);
  client.on('subscribersReady', lostAndBack);
  const timer = setInterval(() => void check(), CHECK_MS);
  timer.unref();
  return {
    /** Subscribes. Events from the connection's start may have come in between, so it checks twice. */
    async begin() {
      await check();
      if (restored !== losses) await check();
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * ioredis maintains a cluster's sharded subscriptions itself, even when the cluster changes, but a channel that is subscribed
 * twice is listed twice. So each is subscribed once, and later probed with a command that changes nothing.
 */
function hearCluster(cluster: Cluster): (channel: string) => Promise<unknown> {
  const subscribed = new Set<string>();
  return async (channel) => {
    if (subscribed.has(channel)) return cluster.sunsubscribe(silentTwin(channel));
    await cluster.ssubscribe(channel);
    return subscribed.add(channel);
  };
}

/** ioredis itself cuts, a little later, a connection that cannot be closed. */
async function disconnect(client: RedisClient): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve);
    setTimeout(resolve, CLOSE_MS).unref();
  });
  client.disconnect();
  await ended;
}
