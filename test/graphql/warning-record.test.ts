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
