import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { describeRedis, type RedisAddress } from './redis-url.ts';

export type RedisClient = Redis | Cluster;

const OLDEST_VERSION = 7;
const CONNECT_MS = 3_000;
const RETRY_MS = 1_000;

interface ClientOptions {
  /** Whether commands wait for the connection; otherwise they fail immediately while there is none. */
  offlineQueue: boolean;
  /** Whether to reconnect when the connection is lost. */
  reconnect?: boolean;
  /** Options of each connection. */
  redis?: Pick<
    RedisOptions,
    'connectionName' | 'commandTimeout' | 'socketTimeout' | 'maxRetriesPerRequest' | 'autoResubscribe' | 'autoResendUnfulfilledCommands'
  >;
  cluster?: Pick<ClusterOptions, 'shardedSubscribers' | 'enableAutoPipelining' | 'autoPipeliningIgnoredCommands'>;
}

/** A client that is not connected yet. */
export function createRedisClient(address: RedisAddress, { offlineQueue, reconnect = true, redis, cluster }: ClientOptions): RedisClient {
  const retryStrategy = reconnect ? (times: number) => Math.min(100 * times, RETRY_MS) : () => null;
  const connection = {
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: {} }),
    db: address.db,
    connectTimeout: CONNECT_MS,
    keepAlive: CONNECT_MS,
    ...redis,
  };
  if (!address.cluster) {
    return new Redis({ ...connection, ...address.hosts[0], lazyConnect: true, enableOfflineQueue: offlineQueue, retryStrategy });
  }
  return new Cluster(address.hosts, {
    lazyConnect: true,
    enableOfflineQueue: offlineQueue,
    clusterRetryStrategy: retryStrategy,
    // A node's certificate is for its host name, which a DNS lookup here would lose.
    ...(address.tls && { dnsLookup: (host, callback) => callback(null, host) }),
    redisOptions: connection,
    ...cluster,
  });
}

/** Logs once that a connection is lost and once that it is back, however many attempts are made in between. */
export function logOutages(client: RedisClient, what: string, log: Logger): void {
  let lost = false;
  client.on('error', (err: unknown) => {
    if (lost) log.debug({ err }, `still no connection to Redis for ${what}`);
    else log.warn({ err }, `lost the connection to Redis for ${what}; connecting again`);
    lost = true;
  });
  client.on('ready', () => {
    if (lost) log.info(`connected to Redis again for ${what}`);
    lost = false;
  });
}

/** @throws StartupError with one line, without credentials, if this Redis cannot be used. */
export async function assertRedisUsable(address: RedisAddress, log: Logger): Promise<void> {
  const target = `the Redis at ${describeRedis(address)}`;
  const info = await readInfo(address).catch((error: unknown) => {
    throw new StartupError(`Cannot use ${target}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const version = info['redis_version'] ?? 'unknown';
  if (Number.parseInt(version, 10) < OLDEST_VERSION) {
    throw new StartupError(`Cannot use ${target}: it is Redis ${version}, ${OLDEST_VERSION} or newer is needed`);
  }
  if (info['redis_mode'] === 'cluster' && !address.cluster) {
    throw new StartupError(`Cannot use ${target}: it is a node of a cluster, whose URL starts with redis+cluster://`);
  }
  const policy = info['maxmemory_policy'];
  if (policy && policy !== 'noeviction') {
    log.warn(`Redis may evict analysis jobs when its memory is full: set maxmemory-policy to noeviction (it is ${policy})`);
  }
}

async function readInfo(address: RedisAddress): Promise<Record<string, string>> {
  const client = createRedisClient(address, {
    offlineQueue: false,
    reconnect: false,
    redis: { commandTimeout: CONNECT_MS, maxRetriesPerRequest: 0 },
  });
  // The rejection of `connect` only says that it is closed; the reason comes in an event.
  let reason: unknown;
  for (const event of ['error', 'node error']) {
    client.on(event, (error: unknown) => {
      reason ??= error;
    });
  }
  try {
    await client.connect();
    const lines = (await client.info()).split('\r\n');
    return Object.fromEntries(lines.filter((line) => line.includes(':')).map((line) => line.split(':', 2) as [string, string]));
  } catch (error) {
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}
