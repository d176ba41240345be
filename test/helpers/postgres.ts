import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  url: string;
  /** Also disconnects remaining clients. */
  drop(): Promise<void>;
}

/** A new database with all migrations applied, in less than 0.1 s. */
export const createTestDatabase = (): Promise<TestDatabase> => createDatabase(databaseOf(inject('templateUrl')));

/** A new empty database. */
export const createEmptyDatabase = (): Promise<TestDatabase> => createDatabase('template0');

async function createDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: withDatabase(name), drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function administer(sql: string): Promise<void> {
  const client = new Client(withDatabase('postgres'));
  await client.connect();
  await client.query(sql);
  await client.end();
}

const databaseOf = (url: string) => new URL(url).pathname.slice(1);

function withDatabase(name: string): string {
  const url = new URL(inject('templateUrl'));
  url.pathname = `/${name}`;
  return url.href;
}
