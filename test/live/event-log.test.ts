import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole } from '../helpers/consoles.ts';
import { createExam, join, report } from '../helpers/exam.ts';
import { openClient, whileLocked } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let database: Client;
beforeAll(async () => {
  server = await startTestServer();
  database = await openClient(server.databaseUrl);
});
afterAll(async () => {
  await database.end();
  await server.stop();
});

const tell = (examId: string, userId: string, warnings: object[]) => server.post(`/exams/${examId}/warnings`, { userId, warnings });

async function examWith(...users: string[]): Promise<string> {
  const { id } = await createExam(server);
  for (const user of users) await join(server, id, user);
  return id;
}

async function log(examId: string): Promise<{ seq: number; kind: string }[]> {
  const { rows } = await database.query<{ seq: number; kind: string }>(
    'SELECT seq::int, kind::text FROM "Event" WHERE "examId" = $1 ORDER BY seq',
    [examId],
  );
  return rows;
}

async function lastSeq(examId: string): Promise<number> {
  return (await server.graphql().request<{ exam: { lastSeq: number } }>(`{ exam(id: "${examId}") { lastSeq } }`)).exam.lastSeq;
}

describe('many reports at the same time', () => {
  it('get contiguous positions in every exam', async () => {
    const exams = await Promise.all(Array.from({ length: 4 }, () => examWith('user_1', 'user_2', 'user_3', 'user_4')));
    const console = openConsole([server], exams[0] ?? '');
    const writers = exams.flatMap((examId) =>
      [1, 2, 3, 4].map(async (user) => {
        const seqs: number[] = [];
        for (let i = 0; i < 25; i++) seqs.push(...(await report(server, examId, `user_${user}`, ['noise', 'books'])).map(({ seq }) => seq));
        return { examId, seqs };
      }),
    );
    const written = await Promise.all(writers);
    for (const examId of exams) {
      const events = await log(examId);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i + 1));
      expect(await lastSeq(examId)).toBe(events.length);
      const answered = written.filter((it) => it.examId === examId).flatMap(({ seqs }) => seqs);
      expect(answered.toSorted((a, b) => a - b)).toEqual(events.filter(({ kind }) => kind === 'WARNING_ADDED').map(({ seq }) => seq));
      const counts = await database.query('SELECT sum("warningCount")::int AS sum FROM "Participant" WHERE "examId" = $1', [examId]);
      expect(counts.rows).toEqual([{ sum: 200 }]);
    }
    for (const { seqs } of written) expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    await console.until(200);
    const stored = await log(exams[0] ?? '');
    expect(console.seen.map(({ seq }) => seq)).toEqual(stored.filter(({ kind }) => kind === 'WARNING_ADDED').map(({ seq }) => seq));
    await console.close();
  });

  it('store an event once, however many repeat it', async () => {
    const examId = await examWith('user_1', 'user_2');
    const same = { type: 'tab_switch', clientEventId: 'event-1' };
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const response = await tell(examId, i === 0 ? 'user_2' : 'user_1', [same, { type: 'noise' }, same]);
        return (await response.json()) as { warnings: { id: string; seq: number }[] };
      }),
    );
    const [other, ...ofUser1] = answers.map(({ warnings }) => warnings);
    expect(new Set(ofUser1.flatMap((warnings) => [warnings[0]?.id, warnings[2]?.id])).size).toBe(1);
    expect(other?.[0]?.id).not.toBe(ofUser1[0]?.[0]?.id);
    expect((await log(examId)).filter(({ kind }) => kind === 'WARNING_ADDED')).toHaveLength(12 + 2);
  });

  it('succeed even if the database refuses the row of another report in the same batch', async () => {
    const examId = await examWith('user_1', 'user_2');
    await database.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON "Warning" FOR EACH ROW WHEN (NEW.type = 'poison') EXECUTE FUNCTION refuse()`);
    const statuses = await Promise.all(
      Array.from(
        { length: 30 },
        async (_, i) => (await tell(examId, `user_${1 + (i % 2)}`, [{ type: i % 10 === 4 ? 'poison' : 'noise' }])).status,
      ),
    );
    expect(statuses).toEqual(Array.from({ length: 30 }, (_, i) => (i % 10 === 4 ? 500 : 200)));
    const events = await log(examId);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i + 1));
    expect(events.filter(({ kind }) => kind === 'WARNING_ADDED')).toHaveLength(27);
  });

  it('succeed even if the exam of another report in the same batch was deleted', async () => {
    const [gone, there] = [await examWith('user_1'), await examWith('user_1')];
    // The server has seen both exams; only the deletion is behind its back.
    await database.query('DELETE FROM "Exam" WHERE id = $1', [gone]);
    const statuses = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => (await tell(i % 3 === 0 ? gone : there, 'user_1', [{ type: 'noise' }])).status),
    );
    expect(statuses).toEqual(Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 404 : 200)));
  });

  it('do not wait for another exam that a transaction has locked', async () => {
    const [held, free] = [await examWith('user_1'), await examWith('user_1')];
    await database.query('BEGIN');
    await database.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [held]);
    const warning = { type: 'noise', clientEventId: 'held-0' };
    let isHeld = true;
    // It waits for 2.5 s, and is told to try again if it is held for longer.
    const waiting = (async () => {
      for (;;) {
        const wasHeld = isHeld;
        const { status } = await tell(held, 'user_1', [warning]);
        if (status !== 500 || !wasHeld) return status;
      }
    })();
    for (let i = 0; i < 5; i++) expect((await tell(free, 'user_1', [{ type: 'noise' }])).status).toBe(200);
    await database.query('COMMIT');
    isHeld = false;
    expect(await waiting).toBe(200);
    expect((await log(held)).filter(({ kind }) => kind === 'WARNING_ADDED')).toHaveLength(1);
  });

  it('are answered with "try again" if their exam stays locked', async () => {
    const held = await examWith('user_1');
    await database.query('BEGIN');
    await database.query('SELECT 1 FROM "Exam" WHERE id = $1 FOR UPDATE', [held]);
    const warning = { type: 'noise', clientEventId: 'held-1' };
    expect((await tell(held, 'user_1', [warning])).status).toBe(500);
    await database.query('COMMIT');
    expect((await tell(held, 'user_1', [warning])).status).toBe(200);
    expect((await log(held)).filter(({ kind }) => kind === 'WARNING_ADDED')).toHaveLength(1);
  });
});

describe('many candidates who join at the same time', () => {
  it('are written to the log together, and only the one who may not join is refused', async () => {
    const examId = await examWith('user_0');
    await database.query(`UPDATE "Participant" SET status = 'SUBMITTED' WHERE "examId" = $1`, [examId]);
    const joined = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => join(server, examId, `user_${i}`)));
    expect(joined.map(({ status }) => status)).toEqual(['rejected', ...Array<string>(11).fill('fulfilled')]);
    const events = await log(examId);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, i) => i + 1));
    expect(events).toHaveLength(2 + 11);
  });
});

describe('an exam', () => {
  const control = (field: string, examId: string) => server.graphql().request(`mutation { ${field}(examId: "${examId}") { id lastSeq } }`);

  const changes = async (examId: string) => {
    const text = `SELECT seq::int, data->>'to' AS to FROM "Event" WHERE "examId" = $1 AND kind = 'EXAM_CHANGED' ORDER BY seq`;
    return (await database.query<{ seq: number; to: string }>(text, [examId])).rows;
  };

  it('ends once, however many requests end it at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const examId = await examWith('user_1');
      await whileLocked(database, examId, () => Promise.all(Array.from({ length: 8 }, () => control('endExam', examId))));
      expect((await changes(examId)).map(({ to }) => to)).toEqual(['IN_PROGRESS', 'COMPLETED']);
      const timedOut = await database.query(`SELECT 1 FROM "Event" WHERE "examId" = $1 AND data->>'to' = 'TIMED_OUT'`, [examId]);
      expect(timedOut.rowCount).toBe(1);
    }
  });

  it('starts once, however many requests start it at the same time', async () => {
    const { id } = await createExam(server);
    await whileLocked(database, id, () =>
      Promise.all([...Array.from({ length: 6 }, () => control('startExam', id)), join(server, id, 'user_1')]),
    );
    expect((await changes(id)).map(({ to }) => to)).toEqual(['IN_PROGRESS']);
  });

  it('accepts nothing more once it is cancelled, not even requests that arrive together with the cancellation', async () => {
    let refused = 0;
    for (let round = 0; round < 5; round++) {
      const examId = await examWith('user_1');
      const json = (path: string, body: object, method = 'POST') =>
        server.post(`/exams/${examId}${path}`, body, { method }).then(({ status }) => status);
      const start = (userId: string) => server.post('/recordings/live', { examId, userId, type: 'webcam' }).then(({ status }) => status);
      const adding = () => [
        join(server, examId, 'joins').then(
          () => 200,
          () => 400,
        ),
        json('/submit', { userId: 'submits', stats: {} }),
        json('/submit', { userId: 'user_1', stats: {} }),
        json('/warnings', { userId: 'reports', warnings: [{ type: 'noise' }] }),
        json('/participants/user_1/accommodations', { suppress: ['looking_away'], reason: 'a squint' }, 'PUT'),
        json('/participants/invited/accommodations', { suppress: ['looking_away'], reason: 'a squint' }, 'PUT'),
        start('records'),
        start('user_1'),
      ];
      // Together, and in the last round behind the cancellation.
      const others: Promise<number>[] = [];
      const send = () => void others.push(...adding());
      const cancel = () => {
        if (round < 4) send();
        return control('cancelExam', examId);
      };
      await whileLocked(database, examId, cancel, () => round === 4 && send());
      const statuses = await Promise.all(others);
      const cancelled = (await changes(examId)).find(({ to }) => to === 'CANCELLED');
      expect(cancelled?.seq).toBe(await lastSeq(examId));
      expect((await log(examId)).at(-1)?.seq).toBe(cancelled?.seq);
      expect(statuses.every((status) => status === 200 || status === 400)).toBe(true);
      refused += statuses.filter((status) => status === 400).length;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('that is ended is answered with the position of that change', async () => {
    const examId = await examWith('user_1');
    expect(await control('endExam', examId)).toMatchObject({ endExam: { lastSeq: 4 } });
    expect(await lastSeq(examId)).toBe(4);
  });
});

describe('a cursor', () => {
  const EVENTS = 'subscription ($examId: ID!, $after: SafeInt) { examEvents(examId: $examId, after: $after) { seq } }';

  it.each([
    { name: 'before the oldest kept event', after: 2, oldestSeq: 5 },
    { name: 'ahead of the log', after: 99, oldestSeq: 8 },
  ])('$name gets RESYNC_REQUIRED and the oldest position', async ({ after, oldestSeq }) => {
    const examId = await examWith('user_1');
    await report(server, examId, 'user_1', ['noise', 'noise', 'noise', 'noise', 'noise']);
    await database.query('DELETE FROM "Event" WHERE "examId" = $1 AND seq < 5', [examId]);
    const live = collect(server.subscribe(), EVENTS, { examId, after });
    await live.end();
    expect(live.items).toEqual([]);
    expect(JSON.parse(JSON.stringify(live.errors.flat()))).toMatchObject([{ extensions: { code: 'RESYNC_REQUIRED', oldestSeq } }]);
    const kept = collect<{ examEvents: { seq: number } }>(server.subscribe(), EVENTS, { examId, after: 4 });
    expect((await kept.take(3)).map(({ examEvents }) => examEvents.seq)).toEqual([5, 6, 7]);
  });

  it('from before a restore is told so, and continues only in the history that it comes from, also beside others', async () => {
    const QUERY = `subscription ($examId: ID!, $after: SafeInt, $afterAt: DateTime) {
      examEvents(examId: $examId, after: $after, afterAt: $afterAt) { seq at }
    }`;
    const examId = await examWith('user_1');
    const live = collect<{ examEvents: { seq: number; at: string } }>(server.subscribe(), QUERY, { examId, after: 0 });
    const [, seen] = (await live.take(2)).map(({ examEvents }) => examEvents);
    await report(server, examId, 'user_1', ['noise']);
    const cursor = { examId, after: seen?.seq, afterAt: seen?.at };
    const same = collect<{ examEvents: { seq: number } }>(server.subscribe(), QUERY, cursor);
    expect((await same.take(1))[0]?.examEvents.seq).toBe(3);
    // As a restore does it: the position now belongs to another event.
    await database.query(`UPDATE "Event" SET at = at + interval '1 minute' WHERE "examId" = $1 AND seq = 2`, [examId]);
    const other = collect(server.subscribe(), QUERY, cursor);
    await other.end();
    expect(other.items).toEqual([]);
    expect(JSON.parse(JSON.stringify(other.errors.flat()))).toMatchObject([{ extensions: { code: 'RESYNC_REQUIRED', oldestSeq: 1 } }]);
    await report(server, examId, 'user_1', ['books']);
    expect((await live.take(4)).map(({ examEvents }) => examEvents.seq)).toEqual([1, 2, 3, 4]);
  });

  it('ends when the exam is deleted', async () => {
    const examId = await examWith('user_1');
    const live = collect<{ examEvents: { seq: number } }>(server.subscribe(), EVENTS, { examId, after: 0 });
    await live.take(2);
    await database.query('DELETE FROM "Exam" WHERE id = $1', [examId]);
    await live.end();
    expect(live.items).toHaveLength(2);
  });
});
