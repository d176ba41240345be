import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openClient, runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { film, photographs, seat, snap, unhurried, watchLog } from '../helpers/snapshots.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(unhurried);
});
afterAll(() => server.stop());

interface Row {
  reviewDecision: string | null;
  endedAt: Date | null;
}

it('a warning on which somebody decides while its sign begins to last again stays ended, and another one is raised', async () => {
  const { exam, token } = await seat(server);
  const log = watchLog(server, exam.id);
  await film(server, exam.id, token, ['oneFace', 'twoPeople', 'twoPeople', 'twoPeople', 'oneFace', 'oneFace', 'oneFace']);
  const { id } = await log.closed('multiple_faces');
  const sendAnother = async () => {
    expect((await snap(server, exam.id, photographs.twoPeople, token)).status).toBe(200);
    await setTimeout(1_000);
  };
  const client = await openClient(server.databaseUrl);
  try {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [exam.id]);
    // The picture with which it lasts again waits for the exam; those before it do not.
    const waiting = `SELECT 1 FROM pg_locks held JOIN pg_locks waiting USING (transactionid)
      WHERE held.pid = pg_backend_pid() AND held.granted AND NOT waiting.granted`;
    while ((await client.query(waiting)).rowCount === 0) await sendAnother();
    await client.query(`UPDATE "Warning" SET "reviewDecision" = 'DISMISSED', "reviewBy" = 'Ada', "reviewAt" = now() WHERE id = $1`, [id]);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
  // If that picture had waited in vain, a later one opens it.
  while (log.count('WarningAdded', 'multiple_faces') < 2) await sendAnother();
  expect(log.count('WarningAdded', 'multiple_faces')).toBe(2);
  const rows = `SELECT "reviewDecision", "endedAt" FROM "Warning" WHERE "examId" = $1 AND type = 'multiple_faces' ORDER BY seq`;
  const [decided, again] = await runSql<Row>(server, rows, [exam.id]);
  expect(decided).toMatchObject({ reviewDecision: 'DISMISSED', endedAt: expect.any(Date) });
  expect(again).toMatchObject({ reviewDecision: null, endedAt: null });
});
