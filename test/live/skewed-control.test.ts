import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, join } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

/** Servers whose clocks are 20 s ahead and 20 s behind. */
let ahead: TestServer;
let behind: TestServer;
const preload = fileURLToPath(new URL('../helpers/skewed-clock.mjs', import.meta.url));
beforeAll(async () => {
  ahead = await startTestServer({
    SKEW_MS: '20000',
    NODE_OPTIONS: `--import=${preload}`,
    PRESENCE_GRACE_SECONDS: '1',
    INLINE_WORKER: 'false',
  });
  behind = await ahead.another({ SKEW_MS: '-20000' });
});
afterAll(async () => {
  await behind.stop();
  await ahead.stop();
});

interface Seat {
  status: string;
  startedAt: string | null;
  endsAt: string | null;
  remainingSeconds: number | null;
}
const SEAT = 'status startedAt endsAt remainingSeconds';
const read = async (of: TestServer, examId: string, userId: string, credential?: string): Promise<Seat> => {
  const query = `{ exam(id: "${examId}") { participant(userId: "${userId}") { ${SEAT} } } }`;
  return (await of.graphql(credential).request<{ exam: { participant: Seat } }>(query)).exam.participant;
};
/** By the clock of the database, in milliseconds since 1970. */
const dbNow = async () =>
  (await runSql<{ now: number }>(ahead, 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now'))[0]?.now ?? 0;
/** What both servers tell, to staff and to the candidate: the same, but for the time that went by meanwhile. */
async function readBoth(examId: string, userId: string, token: string): Promise<Seat> {
  const from = await dbNow();
  const [first, ...others] = await Promise.all(
    [ahead, behind].flatMap((of) => [read(of, examId, userId), read(of, examId, userId, token)]),
  );
  const to = await dbNow();
  if (!first) throw new Error('no answer');
  for (const one of [first, ...others]) {
    expect({ ...one, remainingSeconds: null }).toEqual({ ...first, remainingSeconds: null });
    if (one.endsAt === null) expect(one.remainingSeconds).toBe(first.remainingSeconds);
    else {
      const left = (now: number) => Math.max(0, (Date.parse(one.endsAt ?? '') - now) / 1_000);
      expect(one.remainingSeconds).toBeLessThanOrEqual(left(from) + 1);
      expect(one.remainingSeconds).toBeGreaterThanOrEqual(left(to) - 1);
    }
  }
  return first;
}
const act = async (of: TestServer, path: string, body: object = {}, credential?: string) => {
  const response = await of.post(`/exams/${path}`, body, credential ? { credential } : {});
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as { token?: string };
};
const beat = (of: TestServer, examId: string, token: string) =>
  of.graphql(token).request<{ heartbeat: { status: string } }>(`mutation { heartbeat(examId: "${examId}") { status serverTime } }`);
/** The statuses that the log tells, with who did it. */
const logged = (examId: string, userId: string) =>
  runSql<{ at: Date; from: string | null; to: string; by: string | null; time: number | null }>(
    ahead,
    `SELECT at, data->>'from' AS from, data->>'to' AS to, data->>'by' AS by, (data->>'time')::float8 AS time FROM "Event"
      WHERE "examId" = $1 AND "userId" = $2 AND kind = 'PARTICIPANT_CHANGED' AND NOT data ? 'what' ORDER BY seq`,
    [examId, userId],
  );
const movesOf = async (examId: string, userId: string) =>
  (await logged(examId, userId)).flatMap(({ from, to }) => (to ? [from ? `${from} → ${to}` : to] : []));
/** As if so many seconds had gone by. */
const shift = (examId: string, column: string, seconds: number) =>
  runSql(ahead, `UPDATE "Participant" SET "${column}" = "${column}" - $2::float8 * interval '1 s' WHERE "examId" = $1`, [examId, seconds]);
const minutes = ({ startedAt, endsAt }: Seat) => Math.round((Date.parse(endsAt ?? '') - Date.parse(startedAt ?? '')) / 60_000);

describe('two servers whose clocks are 40 s apart', () => {
  it('control an exam in turn: one event per change, one clock for the candidate, and each takes the tokens of the other', async () => {
    const reason = 'A fire alarm';
    const since = await dbNow();
    /** Seconds of this test, and one by which they are rounded: so much less of the time may be left. */
    const spent = async () => (await dbNow()) / 1_000 - since / 1_000 + 1;
    const { id } = await createExam(ahead, { duration: 60, settings: { admission: 'proctor', creditDisconnectedMinutes: 3 } });
    const user = `${id}/participants/user_1`;
    const token = await join(behind, id, 'user_1');
    await Promise.all([act(ahead, `${user}/admit`), act(behind, `${user}/admit`)]);
    const begun = await readBoth(id, 'user_1', token);
    expect(minutes(begun)).toBe(60);
    expect(begun.remainingSeconds).toBeGreaterThan(3_600 - (await spent()));
    expect(begun.remainingSeconds).toBeLessThanOrEqual(3_600);

    await Promise.all([act(behind, `${user}/pause`, { reason }), act(ahead, `${user}/pause`, { reason })]);
    const paused = await readBoth(id, 'user_1', token);
    expect(paused).toMatchObject({ status: 'PAUSED', endsAt: null });
    expect(paused.remainingSeconds).toBeGreaterThan(3_600 - (await spent()));
    await act(behind, `${user}/time`, { minutes: 5, reason });
    await Promise.all([act(ahead, `${user}/resume`), act(behind, `${user}/resume`)]);
    await act(ahead, `${user}/time`, { minutes: 5, reason });
    const more = await readBoth(id, 'user_1', token);
    expect(more.remainingSeconds).toBeGreaterThan(4_200 - (await spent()));
    expect(more.remainingSeconds).toBeLessThanOrEqual(4_200);

    // Two minutes of silence, noticed by whichever sweep is first and credited by whichever server hears the candidate first.
    await beat(behind, id, token);
    await expect.poll(async () => (await read(ahead, id, 'user_1')).status).toBe('DISCONNECTED');
    await shift(id, 'offlineSince', 120);
    await shift(id, 'endsAt', 120);
    // Soon after it they are silent again.
    const beats = await Promise.all([beat(ahead, id, token), beat(behind, id, token)]);
    expect(beats.map(({ heartbeat }) => heartbeat.status)).toEqual(['ACTIVE', 'ACTIVE']);
    const credits = (await logged(id, 'user_1')).filter(({ time }) => time !== null);
    expect(credits.slice(0, 3).map(({ by }) => by)).toEqual(['bootstrap', 'bootstrap', 'system']);
    expect(credits[2]?.time).toBeGreaterThan(12);
    // Of the two minutes, and the silence before and after them.
    expect(credits[2]?.time).toBeLessThan(12 + (await spent()) / 60);
    const back = await readBoth(id, 'user_1', token);
    expect(back.remainingSeconds).toBeGreaterThan(4_200 - (await spent()));
    expect(back.remainingSeconds).toBeLessThanOrEqual(4_200);

    await act(ahead, `${id}/submit`, { stats: { part: 1 } }, token);
    const readmitted = await act(behind, `${user}/readmit`, { reason });
    // The token of either server, at either server.
    for (const one of [token, readmitted.token ?? '']) for (const of of [ahead, behind]) await read(of, id, 'user_1', one);
    expect((await readBoth(id, 'user_1', readmitted.token ?? '')).remainingSeconds).toBeGreaterThan(4_200 - (await spent()));
    const before = await dbNow();
    await act(behind, `${id}/submit`, { stats: { part: 2 } }, readmitted.token);
    const after = await dbNow();

    // Who is silent again may hand in, too.
    const moves = (await movesOf(id, 'user_1')).map((move) => move.replace('DISCONNECTED → SUBMITTED', 'ACTIVE → SUBMITTED'));
    const others = moves.filter((move) => !['ACTIVE → DISCONNECTED', 'DISCONNECTED → ACTIVE'].includes(move));
    expect(others).toEqual([
      'WAITING',
      'WAITING → ACTIVE',
      'ACTIVE → PAUSED',
      'PAUSED → ACTIVE',
      'ACTIVE → SUBMITTED',
      'SUBMITTED → ACTIVE',
      'ACTIVE → SUBMITTED',
    ]);
    const times = (await logged(id, 'user_1')).map(({ at }) => at.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(before - 10);
    expect(times.at(-1)).toBeLessThan(after + 10);
  });

  it('end the time of a participant once, neither 20 s early nor twice', async () => {
    const { id } = await createExam(behind, { duration: 60 });
    const [token] = await Promise.all(['user_1', 'user_2'].map((user, i) => join(i === 0 ? ahead : behind, id, user)));
    // By the clock that is ahead it would be over at once.
    const ends = await runSql<{ userId: string; endsAt: Date }>(
      ahead,
      `UPDATE "Participant" SET "endsAt" = now() + CASE "userId" WHEN 'user_1' THEN interval '2 s' ELSE interval '15 s' END
        WHERE "examId" = $1 RETURNING "userId", "endsAt"`,
      [id],
    );
    await expect.poll(async () => (await read(behind, id, 'user_1')).status).toBe('TIMED_OUT');
    const changes = await runSql<{ userId: string; at: Date }>(
      ahead,
      `SELECT "userId", at FROM "Event" WHERE "examId" = $1 AND data->>'to' = 'TIMED_OUT'`,
      [id],
    );
    expect(changes.map(({ userId }) => userId)).toContain('user_1');
    for (const { userId, at } of changes) {
      const end = ends.find((one) => one.userId === userId)?.endsAt;
      expect(at.getTime(), userId).toBeGreaterThanOrEqual(end?.getTime() ?? Infinity);
    }
    expect(await movesOf(id, 'user_1')).toEqual(['ACTIVE', 'ACTIVE → TIMED_OUT']);
    expect(await readBoth(id, 'user_1', token ?? '')).toMatchObject({ status: 'TIMED_OUT', endsAt: null, remainingSeconds: 0 });
  });

  it('open and close an exam at the same moment', async () => {
    const joining = (of: TestServer, examId: string, userId: string) =>
      join(of, examId, userId).then(
        () => 'joined',
        () => 'refused',
      );
    const at = async (seconds: number) =>
      (await runSql<{ at: Date }>(ahead, `SELECT now() + $1::float8 * interval '1 s' AS at`, [seconds]))[0]?.at.toISOString();
    const opensAt = await at(15);
    const early = await createExam(ahead, { opensAt });
    const came = await Promise.all([joining(ahead, early.id, 'a'), joining(behind, early.id, 'b')]);
    // On a machine that takes so long for it, it has opened meanwhile.
    if ((await dbNow()) < Date.parse(opensAt ?? '')) expect(came).toEqual(['refused', 'refused']);
    const late = await createExam(ahead, { closesAt: await at(-15) });
    expect(await Promise.all([joining(ahead, late.id, 'a'), joining(behind, late.id, 'b')])).toEqual(['refused', 'refused']);
    const open = await createExam(ahead, { opensAt: await at(-15), closesAt: await at(3_600) });
    expect(await Promise.all([joining(ahead, open.id, 'a'), joining(behind, open.id, 'b')])).toEqual(['joined', 'joined']);
  });

  it('tell the same time', async () => {
    const { id } = await createExam(ahead);
    const tell = async (of: TestServer) => {
      const { exam } = await of.graphql().request<{ exam: { serverTime: string } }>(`{ exam(id: "${id}") { serverTime } }`);
      const { serverTime } = (await (await of.rest('/time', { credential: null })).json()) as { serverTime: string };
      return [exam.serverTime, serverTime];
    };
    const from = await dbNow();
    const told = (await Promise.all([tell(ahead), tell(behind)])).flat().map((time) => Date.parse(time));
    expect(Math.min(...told)).toBeGreaterThan(from - 5_000);
    expect(Math.max(...told)).toBeLessThan((await dbNow()) + 5_000);
  });
});
