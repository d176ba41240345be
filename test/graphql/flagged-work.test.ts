import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { startLive } from '../helpers/live.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
});
afterAll(() => server.stop());

interface Flagged {
  recordings: number;
  seconds: number;
}
async function flagged(examId: string, credential?: string): Promise<Flagged | string> {
  try {
    const query = `{ exam(id: "${examId}") { counts { flagged { recordings seconds } } } }`;
    const { exam } = await server.graphql(credential).request<{ exam: { counts: { flagged: Flagged } } | null }>(query);
    return exam?.counts.flagged ?? 'null';
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}

/** Warnings as the analysis of a recording stores them: type or severity, from second, for seconds. */
async function found(examId: string, recordingId: string | null, warnings: [severity: string, from: number, length: number | null][]) {
  const ids: string[] = [];
  for (const [severity, from, length] of warnings) {
    const id = `warn_${recordingId ?? examId}_${ids.length}`;
    ids.push(id);
    await runSql(
      server,
      `INSERT INTO "Warning" (id, "examId", seq, type, severity, source, timestamp, "endedAt", "recordingId", "offsetSeconds", "participantId", "userId")
       SELECT $1, e.id, (SELECT coalesce(max(seq), 1000) + 1 FROM "Warning" WHERE "examId" = e.id), 'talking', $3::"WarningSeverity", 'ANALYSIS',
              now(), now() + $4 * interval '1 s', $5, $6, p.id, p."userId"
         FROM "Exam" e JOIN "Participant" p ON p."examId" = e.id AND p."userId" = 'user_1' WHERE e.id = $2`,
      [id, examId, severity, length, recordingId, recordingId === null ? null : from],
    );
  }
  return ids;
}

async function sitting(tenant?: string) {
  const key = tenant ? (await createKey(server, 'LMS', tenant)).key : undefined;
  const exam = await createExam(server, {}, key);
  const token = await join(server, exam.id, 'user_1', key);
  const webcam = await startLive(server, { examId: exam.id, userId: 'user_1' });
  const screen = await startLive(server, { examId: exam.id, userId: 'user_1', type: 'screen' });
  return { exam, examId: exam.id, token, webcam: webcam.id, screen: screen.id };
}

it('says in how many recordings somebody must still look, and for how long; what overlaps is looked at once', async () => {
  const { examId, webcam, screen } = await sitting();
  expect(await flagged(examId)).toEqual({ recordings: 0, seconds: 0 });
  const [first = ''] = await found(examId, webcam, [
    ['MEDIUM', 0, 60],
    ['HIGH', 30, 60],
    ['LOW', 200, 3],
    ['CRITICAL', 300, null],
    ['INFO', 500, 600],
  ]);
  await found(examId, null, [['HIGH', 0, 600]]);
  expect(await flagged(examId)).toEqual({ recordings: 1, seconds: 90 + 10 + 10 });
  const only = await found(examId, screen, [['LOW', 1.5, 20.25]]);
  expect(await flagged(examId)).toEqual({ recordings: 2, seconds: 130 });
  const decide = (ids: string[]) =>
    server.graphql().request(`mutation { reviewWarnings(warningIds: ${JSON.stringify(ids)}, decision: CONFIRMED) { id } }`);
  await decide(only);
  await decide([first]);
  expect(await flagged(examId)).toEqual({ recordings: 1, seconds: 80 });
  await server.graphql().request(`mutation { reopenWarnings(warningIds: ${JSON.stringify(only)}) { id } }`);
  expect(await flagged(examId)).toEqual({ recordings: 2, seconds: 100 });
});

it('is that of the exam for each who asks, while all ask at once; and of no other', async () => {
  const north = await sitting('north');
  const south = await sitting('south');
  await found(north.examId, north.webcam, [['HIGH', 0, 60]]);
  await found(south.examId, south.webcam, [['HIGH', 0, 70]]);
  const asks = [north, south].flatMap((here, at) => {
    const there = at === 0 ? south : north;
    const right = { recordings: 1, seconds: at === 0 ? 60 : 70 };
    const who: [string | undefined, unknown][] = [
      [undefined, right],
      [tokenIn(here.exam.adminUrl), right],
      [tokenIn(there.exam.adminUrl), 'null'],
      [here.token, 'FORBIDDEN'],
      [there.token, 'null'],
    ];
    return who.flatMap(([credential, expected]) =>
      Array.from({ length: 10 }, async () => expect(await flagged(here.examId, credential)).toEqual(expected)),
    );
  });
  await Promise.all(asks);
});
