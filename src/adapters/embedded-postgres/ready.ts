import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { StartupError } from '../../errors.ts';
import type { Postmaster } from './postmaster.ts';

const POLL_MS = 10;
/** After a crash with much unwritten work, the replay takes time. */
const PATIENCE_MS = 120_000;
const STARTING_UP = '57P03';
const NO_SUCH_DATABASE = '3D000';

export interface Address {
  user: string;
  password: string;
  /** Folder of the socket. */
  host: string;
  port: number;
  database: string;
  ssl: false;
}

/** Waits until PostgreSQL serves the database, and creates the database if it is missing. */
export async function awaitDatabase(postmaster: Postmaster, address: Address): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (postmaster.isRunning() && Date.now() < deadline) {
    const failure = await tryConnect(address);
    if (failure === undefined) return;
    if (failure === NO_SUCH_DATABASE) await createDatabase(address);
    else await delay(POLL_MS);
  }
  throw new StartupError(`The embedded PostgreSQL did not start: ${postmaster.lastWords()}`);
}

/** Whether it serves the database now. */
export const isServing = async (address: Address): Promise<boolean> => (await tryConnect(address)) === undefined;

/** The code of a failure that waiting or `createDatabase` may fix; undefined on success. */
async function tryConnect(address: Address): Promise<string | undefined> {
  const client = new Client({ ...address, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code || ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', STARTING_UP, NO_SUCH_DATABASE].includes(code)) return code ?? message;
    throw new StartupError(`The embedded PostgreSQL refuses the connection: ${message}`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(address: Address): Promise<void> {
  const client = new Client({ ...address, database: 'postgres' });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(address.database)}`);
  } finally {
    await client.end();
  }
}
