import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, report, type RestExam, tokenIn } from '../helpers/exam.ts';
import { openClient } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
});
afterAll(() => server.stop());

interface Line {
  type: string;
  source: string;
  confirmed: number;
  dismissed: number;
}

/** The record, or the code of the error. */
async function recordFor(examId: string, credential?: string): Promise<Line[] | string> {
  try {
    const query = `{ warningRecord(examId: "${examId}") { type source confirmed dismissed } }`;
    return (await server.graphql(credential).request<{ warningRecord: Line[] }>(query)).warningRecord;
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}

async function decide(ids: readonly string[], decision: string, credential: string): Promise<void> {
  const query = `mutation ($ids: [ID!]!) { reviewWarnings(warningIds: $ids, decision: ${decision}, reason: "r") { id } }`;
  await server.graphql(credential).request(query, { ids });
}

/** An organisation with two exams, whose warnings are decided. */
async function school(tenant: string, confirmed: number, dismissed: number): Promise<{ exams: RestExam[]; lms: string; proctor: string }> {
  const { key: lms } = await createKey(server, 'LMS', tenant);
  const { key: proctor } = await createKey(server, 'PROCTOR', tenant);
  const exams = [await createExam(server, {}, lms), await createExam(server, {}, lms)];
  for (const { id, adminUrl } of exams) {
    const types = Array<string>(confirmed + dismissed + 1).fill('tab_switch');
    const ids = (await report(server, id, 'user_1', types, lms)).map((one) => one.id);
    await decide(ids.slice(0, confirmed), 'CONFIRMED', lms);
    await decide(ids.slice(confirmed, confirmed + dismissed), 'DISMISSED', proctor);
    const [seen] = await report(server, id, 'user_1', ['tab_switch'], tokenIn(adminUrl));
    await decide([seen?.id ?? ''], 'CONFIRMED', proctor);
  }
  return { exams, lms, proctor };
}

it('staff read what was decided in all exams of the organisation of theirs and in no other, while all ask at once', async () => {
  const schools = [
    { tenant: 'north', ...(await school('north', 3, 1)), right: [6, 2] },
    { tenant: 'south', ...(await school('south', 1, 4)), right: [2, 8] },
  ];
  const asks: Promise<void>[] = [];
  for (const [
    at,
    {
      exams,
      lms,
      proctor,
      right: [confirmed = 0, dismissed = 0],
    },
  ] of schools.entries()) {
    const foreign = schools[1 - at];
    const expected: Line[] = [
      { type: 'tab_switch', source: 'CLIENT', confirmed, dismissed },
      { type: 'tab_switch', source: 'PROCTOR', confirmed: 2, dismissed: 0 },
    ];
    for (const exam of exams) {
      const token = await join(server, exam.id, 'user_2');
      for (let round = 0; round < 10; round++) {
        for (const credential of [undefined, lms, proctor, tokenIn(exam.adminUrl)])
          asks.push(recordFor(exam.id, credential).then((found) => expect(found).toEqual(expected)));
        for (const credential of [foreign?.lms, foreign?.proctor, tokenIn(foreign?.exams[0]?.adminUrl ?? '')])
          asks.push(recordFor(exam.id, credential).then((found) => expect(found).toBe('NOT_FOUND')));
        for (const credential of [token, tokenIn(exam.accessUrl)])
          asks.push(recordFor(exam.id, credential).then((found) => expect(found).toBe('FORBIDDEN')));
      }
    }
  }
  await Promise.all(asks);
  expect(asks).toHaveLength(360);
});

it('a decision that is taken back or changed is counted as it is now', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'west');
  const { id: examId } = await createExam(server, {}, lms);
  const ids = (await report(server, examId, 'user_1', ['noise', 'noise', 'noise'], lms)).map((one) => one.id);
  expect(await recordFor(examId)).toEqual([]);
  await decide(ids, 'DISMISSED', lms);
  await decide(ids.slice(0, 1), 'CONFIRMED', lms);
  await server.graphql(lms).request(`mutation { reopenWarnings(warningIds: ["${ids[1]}"]) { id } }`);
  expect(await recordFor(examId)).toEqual([{ type: 'noise', source: 'CLIENT', confirmed: 1, dismissed: 1 }]);
});

interface FullLine extends Line {
  overturned: number;
  precision: number | null;
}

const FULL = 'type source confirmed dismissed overturned precision';

async function fullRecordFor(examId: string, credential?: string): Promise<FullLine[]> {
  const { warningRecord } = await server
    .graphql(credential)
    .request<{ warningRecord: FullLine[] }>(`{ warningRecord(examId: "${examId}") { ${FULL} } }`);
  return warningRecord;
}

it('gives a share only from five decisions on', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'east');
  const { id: examId } = await createExam(server, {}, lms);
  const ids = (await report(server, examId, 'user_1', Array<string>(9).fill('noise'), lms)).map((one) => one.id);
  await decide(ids.slice(0, 4), 'CONFIRMED', lms);
  expect(await fullRecordFor(examId)).toMatchObject([{ confirmed: 4, dismissed: 0, precision: null }]);
  await decide(ids.slice(4, 5), 'DISMISSED', lms);
  expect(await fullRecordFor(examId)).toMatchObject([{ confirmed: 4, dismissed: 1, precision: 0.8 }]);
});

it('what a contest overturned counts as wrong, until somebody confirms it again', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'contested');
  const { key: proctor } = await createKey(server, 'PROCTOR', 'contested');
  const { id: examId } = await createExam(server, {}, lms);
  const token = await join(server, examId, 'user_1', lms);
  const own = (await report(server, examId, 'user_1', Array<string>(5).fill('noise'), lms)).map((one) => one.id);
  const others = (await report(server, examId, 'user_2', ['noise'], lms)).map((one) => one.id);
  await decide([...own, ...others], 'CONFIRMED', proctor);
  const before = [{ type: 'noise', source: 'CLIENT', confirmed: 6, dismissed: 0, overturned: 0, precision: 1 }];
  const review = async (status: string, credential: string) => {
    const answer = await server.post(`/exams/${examId}/participants/user_1/review`, { status, reason: 'heard' }, { credential });
    expect(answer.status).toBe(200);
  };
  await review('suspicious', proctor);
  expect((await server.post(`/exams/${examId}/contest`, { text: 'A dog' }, { credential: token })).status).toBe(200);
  expect(await fullRecordFor(examId)).toEqual(before);
  await review('overturned', lms);
  expect(await fullRecordFor(examId)).toEqual([
    { type: 'noise', source: 'CLIENT', confirmed: 1, dismissed: 5, overturned: 5, precision: 1 / 6 },
  ]);
  await decide(own.slice(0, 1), 'CONFIRMED', lms);
  expect(await fullRecordFor(examId)).toMatchObject([{ confirmed: 2, dismissed: 4, overturned: 4 }]);
});

it('no organisation reads or moves the figures of another, while all decide and ask at once', async () => {
  const tenants = ['plain', 'plain-', 'plai'];
  const seats = await Promise.all(
    tenants.map(async (tenant, at) => {
      const { key: lms } = await createKey(server, 'LMS', tenant);
      const { key: proctor } = await createKey(server, 'PROCTOR', tenant);
      const { id: examId } = await createExam(server, {}, lms);
      const token = await join(server, examId, 'user_1', lms);
      const ids = (await report(server, examId, 'user_1', Array<string>(10).fill('tab_switch'), lms)).map((one) => one.id);
      return { lms, proctor, examId, token, ids, confirmed: 3 + 2 * at };
    }),
  );
  const hostile = seats[1];
  if (!hostile) throw new Error('three organisations');
  const codeOf = (asking: Promise<unknown>) =>
    asking.then(
      () => 'allowed',
      (error: { response: { errors: { extensions: { code: string } }[] } }) => error.response.errors[0]?.extensions.code,
    );
  /** Its own exam and another one in one operation: the reads share a statement. */
  const askBoth = async (key: string, victim: (typeof seats)[number]) => {
    const query = `{ own: warningRecord(examId: "${hostile.examId}") { confirmed } other: warningRecord(examId: "${victim.examId}") { confirmed } }`;
    const refused = await server
      .graphql(key)
      .request(query)
      .catch((error: unknown) => (error as { response: { errors: { path: string[] }[]; data: unknown } }).response);
    expect(refused).toMatchObject({ errors: [{ path: ['other'] }] });
    expect(JSON.stringify(refused)).not.toContain('"other":[{');
  };
  const decideForeign = async (credential: string, victim: (typeof seats)[number]) =>
    expect(['FORBIDDEN', 'NOT_FOUND']).toContain(await codeOf(decide(victim.ids.slice(-1), 'DISMISSED', credential)));
  const foreign = (victim: (typeof seats)[number]) => [
    ...[hostile.lms, hostile.proctor].map((key) => askBoth(key, victim)),
    // A candidate, also the one whom the warnings are about, decides nothing.
    ...[hostile.lms, hostile.proctor, hostile.token, victim.token].map((credential) => decideForeign(credential, victim)),
  ];
  const work = seats.flatMap(({ lms, proctor, ids, confirmed }) => [
    ...ids.slice(0, confirmed).map((id, at) => decide([id], 'CONFIRMED', at % 2 === 0 ? lms : proctor)),
    decide(ids.slice(confirmed, 9), 'DISMISSED', proctor),
  ]);
  await Promise.all([
    ...work,
    ...seats.filter((seat) => seat !== hostile).flatMap(foreign),
    ...seats.map(({ examId }) => fullRecordFor(examId)),
  ]);
  for (const { examId, lms, confirmed } of seats) {
    const expected = [
      { type: 'tab_switch', source: 'CLIENT', confirmed, dismissed: 9 - confirmed, overturned: 0, precision: confirmed / 9 },
    ];
    expect(await fullRecordFor(examId, lms)).toEqual(expected);
    expect(await fullRecordFor(examId)).toEqual(expected);
  }
});

it('is read from the index of decided warnings, however many are not decided', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'crowded');
  const { id: examId } = await createExam(server, {}, lms);
  const client = await openClient(server.databaseUrl);
  try {
    await client.query(
      `INSERT INTO "Warning" (id, "examId", seq, type, severity, source, timestamp, "reviewDecision")
       SELECT 'warn_' || n, $1, n, 'noise', 'LOW', 'CLIENT', now(), CASE WHEN n % 100 = 0 THEN 'DISMISSED'::"WarningDecision" END
         FROM generate_series(1, 200000) n`,
      [examId],
    );
    await client.query('ANALYZE "Warning"; ANALYZE "Exam"');
    expect(await recordFor(examId, lms)).toEqual([{ type: 'noise', source: 'CLIENT', confirmed: 0, dismissed: 2_000 }]);
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT e.tenant, w.type, count(*) FROM "Exam" e JOIN "Warning" w ON w."examId" = e.id AND w."reviewDecision" IS NOT NULL
        WHERE e.tenant = ANY('{crowded}') GROUP BY 1, 2`,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('Warning_decided');
  } finally {
    await client.end();
  }
});
