import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, type RestExam, tokenIn } from '../helpers/exam.ts';
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

type Group = { name: string; participants: number; takenBy: string | null };

async function ask<T>(query: string, credential?: string): Promise<T | string> {
  try {
    return await server.graphql(credential).request<T>(query);
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}

/** Who has the group after it, or the code of the error. */
async function move(call: string, examId: string, group: string, credential?: string, to?: string): Promise<string | null> {
  const args = [`examId: "${examId}"`, `group: "${group}"`, ...(to === undefined ? [] : [`to: "${to}"`])].join(', ');
  const answer = await ask<{ done: Group }>(`mutation { done: ${call}(${args}) { name participants takenBy } }`, credential);
  return typeof answer === 'string' ? answer : answer.done.takenBy;
}
const take = (examId: string, group: string, credential?: string) => move('takeGroup', examId, group, credential);
const release = (examId: string, group: string, credential?: string) => move('releaseGroup', examId, group, credential);
const handOver = (examId: string, group: string, to: string, credential?: string) => move('handOverGroup', examId, group, credential, to);

async function groupsOf(examId: string, credential?: string): Promise<Group[] | string> {
  const answer = await ask<{ exam: { groups: Group[] } }>(`{ exam(id: "${examId}") { groups { name participants takenBy } } }`, credential);
  return typeof answer === 'string' ? answer : (answer.exam?.groups ?? 'null');
}

async function hall(): Promise<RestExam> {
  const exam = await createExam(server);
  const rows = ['A', 'A', 'B'].map((group, n) => `{ userId: "user_${n}", group: "${group}" }`).join(', ');
  await ask(`mutation { inviteParticipants(examId: "${exam.id}", participants: [${rows}, { userId: "alone" }]) { id } }`);
  return exam;
}

const personal = async (examId: string, name: string) =>
  tokenIn(((await (await server.post(`/exams/${examId}/proctor-links`, { name })).json()) as { url: string }).url);

const EVENTS = `subscription ($id: ID!) { examEvents(examId: $id, after: 0) { kind: __typename seq
  ... on ExamChanged { change { what from to by reason } } ... on MessageSent { message { text } } } }`;
async function logOf(examId: string, credential?: string) {
  const feed = collect<{ examEvents: { kind: string; change?: { what: string } } }>(server.subscribe(credential), EVENTS, { id: examId });
  await server.post(`/exams/${examId}/messages`, { text: 'end' });
  await feed.find(({ examEvents }) => examEvents.kind === 'MessageSent');
  feed.unsubscribe();
  return feed;
}
const sharesIn = (feed: Awaited<ReturnType<typeof logOf>>) =>
  feed.items.flatMap(({ examEvents: { change } }) => (change?.what === 'share' ? [change] : []));

it('a group is taken, handed over and released by name, and staff read each step; candidates read nothing of it', async () => {
  const exam = await hall();
  const [ada, bea] = [await personal(exam.id, 'Ada'), await personal(exam.id, 'Bea')];
  const shared = tokenIn(exam.adminUrl);
  expect(await groupsOf(exam.id, shared)).toEqual([
    { name: 'A', participants: 2, takenBy: null },
    { name: 'B', participants: 1, takenBy: null },
  ]);
  expect(await take(exam.id, 'A', ada)).toBe('Ada');
  expect(await take(exam.id, 'A', ada)).toBe('Ada');
  expect(await take(exam.id, 'A', bea)).toBe('CONFLICT');
  expect(await handOver(exam.id, 'A', 'Bea', bea)).toBe('CONFLICT');
  expect(await handOver(exam.id, 'A', 'Nobody', ada)).toBe('NOT_FOUND');
  expect(await handOver(exam.id, 'A', 'Bea', ada)).toBe('Bea');
  // Without a name nobody shares; with one of its own the bearer of the shared link does.
  expect(await take(exam.id, 'B', shared)).toBe('FORBIDDEN');
  const { token } = (await (await server.post(`/exams/${exam.id}/console`, { name: 'Cid' }, { credential: shared })).json()) as {
    token: string;
  };
  expect(await take(exam.id, 'B', token)).toBe('Cid (shared link)');
  expect(await handOver(exam.id, 'B', 'Dan (shared link)', token)).toBe('Dan (shared link)');
  expect(await release(exam.id, 'B', ada)).toBeNull();
  expect(await take(exam.id, 'Z', ada)).toBe('NOT_FOUND');
  expect(await groupsOf(exam.id, ada)).toEqual([
    { name: 'A', participants: 2, takenBy: 'Bea' },
    { name: 'B', participants: 1, takenBy: null },
  ]);
  const candidate = await join(server, exam.id, 'user_0');
  expect(sharesIn(await logOf(exam.id, shared))).toEqual([
    { what: 'share', from: null, to: 'Ada', by: 'Ada', reason: 'A' },
    { what: 'share', from: 'Ada', to: 'Bea', by: 'Ada', reason: 'A' },
    { what: 'share', from: null, to: 'Cid (shared link)', by: 'Cid (shared link)', reason: 'B' },
    { what: 'share', from: 'Cid (shared link)', to: 'Dan (shared link)', by: 'Cid (shared link)', reason: 'B' },
    { what: 'share', from: 'Dan (shared link)', to: null, by: 'Ada', reason: 'B' },
  ]);
  expect(await groupsOf(exam.id, candidate)).toBe('FORBIDDEN');
  const told = JSON.stringify((await logOf(exam.id, candidate)).items);
  expect(told).toContain('ExamChanged');
  for (const name of ['Ada', 'Bea', 'Cid', 'share']) expect(told).not.toContain(name);
});

it('of many who take a group at the same moment one has it; whoever has no business there changes nothing', async () => {
  const exam = await hall();
  const other = await createExam(server);
  const names = Array.from({ length: 8 }, (_, i) => `Proctor ${i}`);
  const proctors = await Promise.all(names.map((name) => personal(exam.id, name)));
  const candidate = await join(server, exam.id, 'user_0');
  const { key: stranger } = await createKey(server, 'LMS', 'another');
  const hostile = [candidate, tokenIn(exam.accessUrl), tokenIn(other.adminUrl), stranger, 'invigil_none', tokenIn(exam.adminUrl)];
  const [taken, refused] = await Promise.all([
    Promise.all(proctors.map((credential) => take(exam.id, 'A', credential))),
    Promise.all(
      hostile.flatMap((credential) => [
        take(exam.id, 'A', credential),
        release(exam.id, 'A', credential),
        handOver(exam.id, 'A', 'Proctor 1', credential),
      ]),
    ),
  ]);
  const winners = taken.filter((code) => code !== 'CONFLICT');
  expect(winners).toHaveLength(1);
  expect(names).toContain(winners[0]);
  expect(new Set(refused)).toEqual(new Set(['FORBIDDEN', 'NOT_FOUND', 'UNAUTHORIZED']));
  expect(await groupsOf(exam.id)).toMatchObject([{ takenBy: winners[0] }, { takenBy: null }]);
  expect(sharesIn(await logOf(exam.id))).toHaveLength(1);
  expect(await groupsOf(exam.id, stranger)).toBe('null');
});

it('the groups of twenty exams that are asked for together are read by a few statements', async () => {
  const exams = await Promise.all(Array.from({ length: 20 }, () => hall()));
  const fields = exams.map(({ id }, n) => `e${n}: exam(id: "${id}") { groups { name participants } }`).join(' ');
  const { statements } = await counter.least(() => ask(`{ ${fields} }`));
  expect(statements.filter((text) => text.includes('GroupShare')).length).toBeLessThanOrEqual(4);
});
