import { expect } from 'vitest';
import { runSql } from './postgres.ts';
import type { TestServer } from './server.ts';

/** A participant with its log, and all that the log must agree with. */
export interface LoggedParticipant {
  id: string;
  userId: string;
  status: string;
  review: string;
  creditMs: number;
  credits: { ms: number; reason: string }[];
  events: { seq: string; data: Record<string, string | number | null> }[];
  submissions: string[];
  verdicts: { seq: string; status: string }[];
  photo: string | null;
}

const ROWS = `
SELECT p.id, p."userId", p.status, p.review, p."creditMs",
    (SELECT coalesce(json_agg(json_build_object('ms', c.ms, 'reason', c.reason)), '[]') FROM "TimeCredit" c WHERE c."participantId" = p.id) AS credits,
    (SELECT coalesce(json_agg(json_build_object('seq', e.seq::text, 'data', e.data) ORDER BY e.seq), '[]') FROM "Event" e
      WHERE e."subjectId" = p.id AND e.kind = 'PARTICIPANT_CHANGED') AS events,
    (SELECT coalesce(json_agg(s.id ORDER BY s."submittedAt"), '[]') FROM "Submission" s WHERE s."participantId" = p.id) AS submissions,
    (SELECT coalesce(json_agg(json_build_object('seq', v.seq::text, 'status', v.status) ORDER BY v.seq), '[]') FROM "Verdict" v
      WHERE v."participantId" = p.id) AS verdicts,
    (SELECT "storageKey" FROM "IdentityPhoto" i WHERE i."participantId" = p.id) AS photo
  FROM "Participant" p WHERE p."examId" = $1`;

/** State and log of an exam tell the same, and nothing happened twice. */
export async function expectWholeLog(server: TestServer, examId: string): Promise<LoggedParticipant[]> {
  const rows = await runSql<LoggedParticipant>(server, ROWS, [examId]);
  for (const { userId, status, review, creditMs, credits, events, submissions, verdicts } of rows) {
    const data = events.map((event) => event.data);
    const moves = data.filter(({ to, what }) => to && !what);
    expect(moves.at(-1)?.['to'], userId).toBe(status);
    for (const [i, { from }] of moves.entries()) if (i > 0) expect(from, userId).toBe(moves[i - 1]?.['to']);
    const added = data.filter(({ time }) => time !== undefined);
    expect(added, userId).toHaveLength(credits.length);
    expect(
      credits.reduce((sum, { ms }) => sum + ms, 0),
      userId,
    ).toBe(creditMs);
    if (added.length > 0) expect(added.at(-1)?.['time'], userId).toBeCloseTo(creditMs / 60_000, 1);
    expect(
      data.flatMap(({ submission }) => submission ?? []),
      userId,
    ).toEqual(submissions);
    const judged = events.filter((event) => event.data['verdict'] !== undefined);
    expect(
      judged.map((event) => ({ seq: event.seq, status: event.data['verdict'] })),
      userId,
    ).toEqual(verdicts);
    expect(data.findLast((one) => one['review'] !== undefined)?.['review'] ?? 'NOT_REVIEWED', userId).toBe(review);
  }
  const [log] = await runSql<{ lastSeq: number; count: number; first: number; last: number }>(
    server,
    `SELECT e."lastSeq"::int, count(*)::int, min(v.seq)::int AS first, max(v.seq)::int AS last
       FROM "Exam" e JOIN "Event" v ON v."examId" = e.id WHERE e.id = $1 GROUP BY e.id`,
    [examId],
  );
  expect(log).toEqual({ lastSeq: log?.count, count: log?.count, first: 1, last: log?.count });
  const unsaid = `SELECT seq::int FROM (SELECT seq, 1 AS said FROM "Message" WHERE "examId" = $1) m
    FULL JOIN (SELECT seq, 1 AS logged FROM "Event" WHERE "examId" = $1 AND kind = 'MESSAGE_SENT') e USING (seq)
    WHERE said IS NULL OR logged IS NULL`;
  expect(await runSql(server, unsaid, [examId])).toEqual([]);
  await expectChangesAsLogged(server, examId);
  return rows;
}

async function expectChangesAsLogged(server: TestServer, examId: string): Promise<void> {
  const changes = await runSql<{ what: string; from: string; to: string }>(
    server,
    `SELECT data->>'what' AS what, data->>'from' AS from, data->>'to' AS to FROM "Event"
      WHERE "examId" = $1 AND kind = 'EXAM_CHANGED' AND data ? 'what' ORDER BY seq`,
    [examId],
  );
  const exam = (await (await server.rest(`/exams/${examId}`)).json()) as { title: string; duration: number };
  for (const what of ['title', 'duration'] as const) {
    const of = changes.filter((change) => change.what === what);
    if (of.length > 0) expect(of.at(-1)?.to).toBe(String(exam[what]));
    for (const [i, { from }] of of.entries()) if (i > 0) expect(from).toBe(of[i - 1]?.to);
  }
}
