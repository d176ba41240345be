import { Client, type Pool } from 'pg';
import { newId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { type Bus, LocalTopics } from './bus.ts';

const CHANNEL = 'invigil_wake';
const RECONNECT_MS = 500;

/**
 * Wakes listeners of this process at once and those of other processes by LISTEN/NOTIFY. Topics published in one turn
 * of the event loop go out in one statement.
 */
export async function createPostgresBus({ url, pool, log }: { url: string; pool: Pool; log: Logger }): Promise<Bus> {
  const instance = newId('key');
  const topics = new LocalTopics();
  const outgoing = new Set<string>();
  let closed = false;
  let listener: Client | undefined;
  let reconnect: NodeJS.Timeout | undefined;

  async function listen(): Promise<void> {
    const client = new Client({ connectionString: url, application_name: 'invigil-bus', keepAlive: true });
    client.on('error', (error) => onLost(client, error));
    client.on('end', () => onLost(client, new Error('connection ended')));
    client.on('notification', ({ payload }) => {
      const [from, topic] = payload?.split(' ', 2) ?? [];
      if (topic && from !== instance) topics.wake(topic);
    });
    listener = client;
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    topics.wakeAll();
  }

  function onLost(client: Client, error: Error): void {
    if (closed || listener !== client) return;
    listener = undefined;
    client.end().catch(() => {});
    log.warn({ err: error }, 'lost the wake-up connection to PostgreSQL; connecting again');
    retryLater();
  }

  function retryLater(): void {
    if (closed) return;
    clearTimeout(reconnect);
    reconnect = setTimeout(() => void listen().catch(retryLater), RECONNECT_MS);
    reconnect.unref();
  }

  function flush(): void {
    const payloads = [...outgoing].map((topic) => `${instance} ${topic}`);
    outgoing.clear();
    if (closed) return;
    pool
      .query(`SELECT pg_notify('${CHANNEL}', payload) FROM unnest($1::text[]) AS payload`, [payloads])
      .catch((error) => log.debug({ err: error }, 'a wake-up call was lost'));
  }

  await listen();
  return {
    publish(topic) {
      topics.wake(topic);
      if (outgoing.size === 0) setImmediate(flush);
      outgoing.add(topic);
    },
    subscribe: (topic, wake) => topics.subscribe(topic, wake),
    async close() {
      closed = true;
      clearTimeout(reconnect);
      await listener?.end();
    },
  };
}
