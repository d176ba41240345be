import { createRedisBackend } from 'bullmq';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { parseRedisUrl } from './redis-url.ts';
import { createRedisClient, logOutages } from './redis.ts';

/** A cluster runs a script only on keys in one slot; the hash tag keeps the whole queue in one. */
const PREFIX = '{invigil}';
/** Maximum time that an upload waits for its job to be queued. */
const ADD_MS = 2_000;
const SILENCE_MS = 3_000;
/** A worker waits for jobs with a command that takes up to 10 s. */
const WORKER_SILENCE_MS = 15_000;

/** Adding jobs must not hang while Redis is unreachable; working on jobs must not give up. */
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
