import { once } from 'node:events';
import { createServer, connect as connectSocket, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/adapters/database/database.ts';
import { createLogger } from '../../src/log.ts';
import { LATE_MS } from '../helpers/patience.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';

const log = createLogger('silent');

/** Stands between the server and its PostgreSQL, to fall silent on request without closing anything. */
class Line {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #frozen = false;

  constructor(socketPath: string) {
    this.#server = createServer((client) => {
      const upstream = connectSocket(socketPath);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => {});
        from.on('close', () => to.destroy());
        from.pipe(to);
        if (this.#frozen) from.pause();
      }
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen;
    for (const socket of this.#sockets) socket[frozen ? 'pause' : 'resume']();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('the connection to the database', () => {
  it.each([
    [
      'to a port where nothing listens',
      'postgresql://me:hidden@127.0.0.1:1/exams',
      /^Cannot use the database at 127\.0\.0\.1:1\/exams: .*ECONNREFUSED.*$/,
    ],
    ['to an unknown host', 'postgresql://me:hidden@nowhere.invalid/exams', /^Cannot use the database at nowhere\.invalid:5432\/exams: .+$/],
  ])('%s fails with one line that does not show the password', async (_case, url, message) => {
    const failure = await connectDatabase(url, { log }).then(String, (error: Error) => error);
    expect(failure).toMatchObject({ name: 'StartupError', message: expect.stringMatching(message) as string });
    expect(String(failure)).not.toContain('hidden');
  });

  it('with a wrong password fails with one line that does not show the password', async () => {
    const url = new URL(inject('templateUrl'));
    url.password = 'hidden';
    await expect(connectDatabase(url.href, { log })).rejects.toThrow(
      /^Cannot use the database at .*: password authentication failed for user "invigil"$/,
    );
  });
});

describe('a PostgreSQL that freezes', () => {
  let copy: TestDatabase;
  let line: Line;
  let database: Database;

  beforeEach(async () => {
    copy = await createTestDatabase();
    const url = new URL(copy.url);
    line = new Line(`${url.searchParams.get('host')}/.s.PGSQL.5432`);
    url.searchParams.delete('host');
    url.hostname = '127.0.0.1';
    url.port = String(await line.listen());
    database = await connectDatabase(url.href, { log });
  });

  afterEach(async () => {
    await database.close();
    line.close();
    await copy.drop();
  });

  const write = (id: string) => database.prisma.apiKey.create({ data: { id, name: id, role: 'ADMIN', tenant: 't', hash: id, prefix: id } });

  it('makes queries fail within 3 s, and later writes succeed', async () => {
    await write('before');
    const begun = performance.now();
    const during = database.prisma.$transaction(
      async (tx) => {
        await tx.apiKey.count();
        line.freeze(true);
        await tx.apiKey.count();
      },
      { timeout: 60_000 },
    );
    await expect(during).rejects.toThrow('has not answered for 3 s');
    await expect(database.prisma.apiKey.count()).rejects.toThrow('timeout');
    expect(performance.now() - begun).toBeLessThan(3_000 + LATE_MS);
    line.freeze(false);
    await write('after');
    const direct = await connectDatabase(copy.url, { log });
    expect(await direct.prisma.apiKey.findMany({ select: { id: true }, orderBy: { id: 'asc' } })).toEqual([
      { id: 'after' },
      { id: 'before' },
    ]);
    await direct.close();
  });
});
