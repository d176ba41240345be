import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { startLive } from '../helpers/live.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';
import { startStatementCounter, type StatementCounter } from '../helpers/statements.ts';

let direct: TestServer;
let counter: StatementCounter;
let server: TestServer;
beforeAll(async () => {
  direct = await startTestServer({ INLINE_WORKER: 'false' });
  counter = await startStatementCounter(direct.databaseUrl);
  server = await direct.another({ DATABASE_URL: counter.url });
});
afterAll(async () => {
  await server.stop();
  await counter.stop();
  await direct.stop();
});

interface Mark {
  seenAt: string | null;
  newSinceSeen: boolean;
}
async function ask<T>(query: string, credential?: string): Promise<T | string> {
  try {
    return await server.graphql(credential).request<T>(query);
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}
async function mark(examId: string, userId: string, credential?: string, upTo?: number): Promise<Mark | string> {
  const more = upTo === undefined ? '' : `, upTo: ${upTo}`;
  const answer = await ask<{ markSeen: Mark }>(
    `mutation { markSeen(examId: "${examId}", userId: "${userId}"${more}) { seenAt newSinceSeen } }`,
    credential,
  );
  return typeof answer === 'string' ? answer : answer.markSeen;
}
async function marksOf(examId: string, credential?: string): Promise<Record<string, Mark>> {
  interface Answer {
    exam: { participants: { edges: { node: Mark & { userId: string } }[] } } | null;
  }
  const answer = await ask<Answer>(
    `{ exam(id: "${examId}") { participants(first: 100) { edges { node { userId seenAt newSinceSeen } } } } }`,
    credential,
  );
  if (typeof answer === 'string') throw new Error(answer);
  return Object.fromEntries(answer.exam?.participants.edges.map(({ node: { userId, ...rest } }) => [userId, rest]) ?? []);
}
const NEVER = { seenAt: null, newSinceSeen: false };
const aTime = expect.any(String) as string;

it('a mark says that something new came since: a warning, a recording; and a new mark takes it in', async () => {
  const exam = await createExam(server);
  await join(server, exam.id, 'user_1');
  const { key } = await createKey(server, 'PROCTOR');
  expect(await marksOf(exam.id, key)).toEqual({ user_1: NEVER });
  expect(await mark(exam.id, 'user_1', key)).toEqual({ seenAt: aTime, newSinceSeen: false });
  const [warning] = await report(server, exam.id, 'user_1', ['tab_switch']);
  expect((await marksOf(exam.id, key))['user_1']).toEqual({ seenAt: aTime, newSinceSeen: true });
  // A page that had not shown the warning yet has not seen it.
  expect(await mark(exam.id, 'user_1', key, (warning?.seq ?? 0) - 1)).toEqual({ seenAt: aTime, newSinceSeen: true });
  expect(await mark(exam.id, 'user_1', key, 1_000_000)).toEqual({ seenAt: aTime, newSinceSeen: false });
  await startLive(server, { examId: exam.id, userId: 'user_1' });
  expect((await marksOf(exam.id, key))['user_1']?.newSinceSeen).toBe(true);
  expect(await mark(exam.id, 'user_1', key)).toEqual({ seenAt: aTime, newSinceSeen: false });
  expect(await mark(exam.id, 'nobody', key)).toBe('NOT_FOUND');
  expect(await mark(exam.id, 'user_1', key, -1)).toBe('INVALID_REQUEST');
});

it('each reviewer has marks of its own, while many mark at once and others try to', async () => {
  const exam = await createExam(server);
  const other = await createExam(server);
  const users = Array.from({ length: 6 }, (_, n) => `user_${n}`);
  const tokens = await Promise.all(users.map((userId) => join(server, exam.id, userId)));
  const shared = tokenIn(exam.adminUrl);
  const named = async (name: string) =>
    ((await (await server.post(`/exams/${exam.id}/console`, { name }, { credential: shared })).json()) as { token: string }).token;
  const personal = async (name: string) =>
    tokenIn(((await (await server.post(`/exams/${exam.id}/proctor-links`, { name })).json()) as { url: string }).url);
  const { key } = await createKey(server, 'PROCTOR');
  const reviewers = [key, await personal('Ada'), await named('Ada'), await named('Bea')];
  const { key: stranger } = await createKey(server, 'LMS', 'another');
  const hostile = [...tokens.slice(0, 2), tokenIn(exam.accessUrl), tokenIn(other.adminUrl), stranger, 'invigil_none', shared];
  const isMine = (at: number, n: number) => (n + at) % reviewers.length !== 0;
  const [, refused] = await Promise.all([
    Promise.all(
      reviewers.flatMap((credential, at) =>
        users.flatMap((userId, n) => (isMine(at, n) ? [mark(exam.id, userId, credential), mark(exam.id, userId, credential)] : [])),
      ),
    ),
    Promise.all(hostile.flatMap((credential) => users.map((userId) => mark(exam.id, userId, credential)))),
  ]);
  expect(new Set(refused)).toEqual(new Set(['FORBIDDEN', 'NOT_FOUND', 'UNAUTHORIZED']));
  const read = await Promise.all(reviewers.map((credential) => marksOf(exam.id, credential)));
  for (const [at, marks] of read.entries())
    expect(marks).toEqual(Object.fromEntries(users.map((userId, n) => [userId, isMine(at, n) ? { ...NEVER, seenAt: aTime } : NEVER])));
  // Neither candidates nor whoever has no name read anybody's.
  expect(await marksOf(exam.id, tokens[0])).toEqual({ user_0: NEVER });
  expect(Object.values(await marksOf(exam.id, shared))).toEqual(users.map(() => NEVER));
});

it('a subscription, whose messages all staff share, has no marks of anybody', async () => {
  const exam = await createExam(server);
  await join(server, exam.id, 'user_1');
  const { key } = await createKey(server, 'PROCTOR');
  await mark(exam.id, 'user_1', key);
  const feed = collect<{ examEvents: { participant?: Mark } }>(
    server.subscribe(key),
    'subscription ($id: ID!) { examEvents(examId: $id, after: 0) { ... on ParticipantChanged { participant { seenAt newSinceSeen } } } }',
    { id: exam.id },
  );
  const found = await feed.find(({ examEvents }) => examEvents.participant !== undefined);
  expect(found?.examEvents.participant).toEqual(NEVER);
  feed.unsubscribe();
});

it('the marks of a page of 100 are read by a statement or two', async () => {
  const exam = await createExam(server);
  const rows = Array.from({ length: 100 }, (_, n) => `{ userId: "user_${n}" }`).join(', ');
  await ask(`mutation { inviteParticipants(examId: "${exam.id}", participants: [${rows}]) { id } }`);
  const { statements } = await counter.least(() => marksOf(exam.id));
  expect(statements.filter((text) => text.includes('SeenMark')).length).toBeLessThanOrEqual(2);
});
