import { Client, type Pool } from 'pg';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import { type Bus, LocalTopics, Outbox } from './bus.ts';

const CHANNEL = 'invigil_wake';
const RECONNECT_MS = 500;
/** An idle connection does not notice that its other end is gone, so it is probed, and cut if there is no answer. */
const CHECK_MS = 2_000;
const SILENCE_MS = 3_000;
/** At the start, a busy machine needs more time. */
const FIRST_CONNECT_MS = 15_000;
const CLOSE_MS = 500;

/** Wakes listeners in this process immediately and those in other processes with LISTEN/NOTIFY. */
export async function connectPostgresBus({ url, pool, log }: { url: string; pool: Pool; log: Logger }): Promise<Bus> {
  const instance = newId('key');
  const topics = new LocalTopics();
  let closed = false;
  let listener: Client | undefined;
  let reconnect: NodeJS.Timeout | undefined;

  async function listen(connectMs = SILENCE_MS): Promise<void> {
    const client = new Client({
      connectionString: url,
      application_name: 'invigil-bus',
      keepAlive: true,
      connectionTimeoutMillis: connectMs,
      query_timeout: SILENCE_MS,
    });
    client.on('error', (error) => onLost(client, error));
    client.on('end', () => onLost(client, new Error('connection ended')));
    client.on('notification', ({ payload }) => {
      const [from, topic] = payload?.split(' ', 2) ?? [];
      if (topic && from !== instance) topics.wake(topic);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      void hangUp(client);
      throw error;
    }
    if (closed) return hangUp(client);
    listener = client;
    topics.wakeAll();
  }

  function onLost(client: Client, error: Error): void {
    if (listener !== client) return;
    listener = undefined;
    void hangUp(client);
    log.warn({ err: error }, 'lost the wake-up connection to PostgreSQL; connecting again');
    listenLater();
  }

  function listenLater(): void {
    if (closed) return;
    const again = () =>
      listen().catch((error: unknown) => {
        log.debug({ err: error }, 'still no wake-up connection to PostgreSQL');
        listenLater();
      });
    reconnect = setTimeout(() => void again(), RECONNECT_MS);
    reconnect.unref();
  }

  const checks = setInterval(() => {
    const client = listener;
    client?.query('SELECT').catch((error: Error) => onLost(client, error));
  }, CHECK_MS);
  checks.unref();

  const outbox = new Outbox(async (batch) => {
    if (closed) return;
    const payloads = batch.map((topic) => `${instance} ${topic}`);
    await pool
      .query(`SELECT pg_notify('${CHANNEL}', payload) FROM unnest($1::text[]) AS payload`, [payloads])
      .catch((error) => log.debug({ err: error }, 'a wake-up call was lost'));
  });

  await listen(FIRST_CONNECT_MS).catch((error: unknown) => {
    clearInterval(checks);
    throw error;
  });
  return {
    publish(topic) {
      topics.wake(topic);
      outbox.add(topic);
    },
    subscribe: (topic, wake) => topics.subscribe(topic, wake),
    async close() {
      const client = listener;
      listener = undefined;
      closed = true;
      clearInterval(checks);
      clearTimeout(reconnect);
      if (client) await hangUp(client);
    },
  };
}

/** Ends the connection cleanly, and cuts it if the other side does not answer. */
async function hangUp(client: Client): Promise<void> {
  const limit = setTimeout(() => client.connection.stream.destroy(), CLOSE_MS);
  await client.end().catch(() => {});
  clearTimeout(limit);
}
