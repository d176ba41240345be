import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../helpers/patience.ts';
import { openClient, runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { film, goOn, seat, unhurried, watchLog } from '../helpers/snapshots.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(unhurried);
});
afterAll(() => server.stop());

const pictures = async () => (await server.storedFiles()).filter((file) => file.endsWith('.jpg'));

/** As if the time were over that a request may take to name its files. */
const letTimePass = () => runSql(server, `UPDATE "ObsoleteFile" SET since = now() - interval '1 s'`);

describe('the picture of a warning', () => {
  it('does not stay in storage if the server is killed before the warning is stored', async () => {
    const { exam, token } = await seat(server);
    const before = await pictures();
    const database = await openClient(server.databaseUrl);
    try {
      await database.query('BEGIN');
      await database.query('LOCK TABLE "WarningFrame" IN ACCESS EXCLUSIVE MODE');
      // It waits for what cannot be stored.
      void film(server, exam.id, token, ['oneFace', 'nobody', 'nobody', 'nobody']).catch(() => {});
      await eventually(async () => expect(await pictures()).toHaveLength(before.length + 1));
      await server.kill();
      await database.query('COMMIT');
    } finally {
      await database.end();
    }
    await server.restart();
    expect(await runSql(server, 'SELECT 1 FROM "WarningFrame"')).toEqual([]);
    await letTimePass();
    await eventually(async () => expect(await pictures()).toEqual(before));

    const log = watchLog(server, exam.id);
    await goOn(server, exam.id, token, ['nobody', 'nobody', 'nobody', 'nobody']);
    const { id, frameUrl } = await log.opened('no_face');
    expect((await fetch(frameUrl ?? '')).status).toBe(200);
    expect(await runSql(server, 'SELECT 1 FROM "ObsoleteFile" WHERE "storageKey" = $1', [`${id}.jpg`])).toEqual([]);
  });

  it('that is stored stays, also if another server has announced the same file and died', async () => {
    const { exam, token } = await seat(server);
    const log = watchLog(server, exam.id);
    await film(server, exam.id, token, ['oneFace', 'nobody', 'nobody', 'nobody']);
    const { id, frameUrl } = await log.opened('no_face');
    await runSql(server, `INSERT INTO "ObsoleteFile" ("storageKey", since) VALUES ($1, now() - interval '1 s')`, [`${id}.jpg`]);
    await eventually(async () => expect(await runSql(server, 'SELECT 1 FROM "ObsoleteFile"')).toEqual([]));
    expect((await fetch(frameUrl ?? '')).status).toBe(200);
  });
});
