import { createRedisBackend } from 'bullmq';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { parseRedisUrl } from './redis-url.ts';
import { createRedisClient, logOutages } from './redis.ts';

/** A cluster runs a script only over keys of one slot: the hash tag keeps all of the queue there. */
const PREFIX = '{invigil}';
/** An upload waits no longer for its job to be queued. */
const ADD_MS = 2_000;
const SILENCE_MS = 3_000;
/** A worker waits for jobs in one command that takes up to 10 s. */
const WORKER_SILENCE_MS = 15_000;

/** Who adds jobs must not hang while Redis is away; who works on them must not give up. */
export function redisBackend({ url, log }: { url: string; log: Logger }) {
  const address = parseRedisUrl(url);
  if (!address) throw new StartupError('REDIS_URL is not a valid Redis URL');
  const producer = createRedisClient(address, {
    offlineQueue: false,
    redis: {
      connectionName: 'invigil-queue',
      commandTimeout: ADD_MS,
      socketTimeout: SILENCE_MS,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    },
  });
  const consumer = createRedisClient(address, {
    offlineQueue: true,
    redis: { connectionName: 'invigil-worker', socketTimeout: WORKER_SILENCE_MS, maxRetriesPerRequest: null },
  });
  logOutages(producer, 'the analysis queue', log);
  logOutages(consumer, 'the analysis worker', log);
  return {
    factory: createRedisBackend,
    prefix: PREFIX,
    producer,
    consumer,
    onRestored(callback: () => void) {
      producer.on('ready', callback);
    },
    disconnect() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}
