import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
});
afterAll(() => server.stop());

interface Shown {
  id: string;
  review: { decision: string; by: string } | null;
}
interface Reviewed {
  examEvents: { kind: string; seq: number; warning?: Shown; change?: Record<string, unknown> };
}

const SHOWN = 'id review { decision by }';
const EVENTS = `subscription ($id: ID!) { examEvents(examId: $id, after: 0) { kind: __typename seq
  ... on WarningReviewed { warning { ${SHOWN} } change { what from to by reason } }
  ... on MessageSent { message { text } } } }`;

async function ask<T>(credential: string | undefined, mutation: string, ids: readonly string[]): Promise<T | string> {
  try {
    const query = `mutation ($ids: [ID!]!) { done: ${mutation} { ${SHOWN} } }`;
    return (await server.graphql(credential).request<{ done: T }>(query, { ids })).done;
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}
const dismiss = (ids: readonly string[], credential?: string) =>
  ask<Shown[]>(credential, 'reviewWarnings(warningIds: $ids, decision: DISMISSED, reason: "A dog")', ids);
const reopen = (ids: readonly string[], credential?: string) => ask<Shown[]>(credential, 'reopenWarnings(warningIds: $ids)', ids);

async function unreviewed(examId: string): Promise<number> {
  const query = `{ exam(id: "${examId}") { counts { warnings { unreviewed } } } }`;
  const { exam } = await server.graphql().request<{ exam: { counts: { warnings: { unreviewed: number } } } }>(query);
  return exam.counts.warnings.unreviewed;
}

it('a decision taken back leaves the warning open again, the counts as before, and both names in the log', async () => {
  const exam = await createExam(server, { settings: { candidateView: 'live' } });
  const token = await join(server, exam.id, 'user_1');
  const [warning] = await report(server, exam.id, 'user_1', ['tab_switch'], token);
  const id = warning?.id ?? '';
  const { key: ada } = await createKey(server, 'PROCTOR', 'default', 'Ada');
  expect(await dismiss([id], ada)).toEqual([{ id, review: { decision: 'DISMISSED', by: 'Ada' } }]);
  expect(await unreviewed(exam.id)).toBe(0);
  const { key: bea } = await createKey(server, 'PROCTOR', 'default', 'Bea');
  expect(await reopen([id, id], bea)).toEqual([{ id, review: null }]);
  expect(await unreviewed(exam.id)).toBe(1);
  // A second time there is nothing to take back, and no event.
  expect(await reopen([id], bea)).toEqual([{ id, review: null }]);
  await server.post(`/exams/${exam.id}/messages`, { text: 'end' });
  const logOf = async (credential?: string) => {
    const feed = collect<Reviewed>(server.subscribe(credential), EVENTS, { id: exam.id });
    await feed.find(({ examEvents }) => examEvents.kind === 'MessageSent');
    feed.unsubscribe();
    return feed.items.flatMap(({ examEvents: { kind, change } }) => (kind === 'WarningReviewed' ? [change] : []));
  };
  expect(await logOf()).toEqual([
    { what: 'decision', from: null, to: 'DISMISSED', by: 'Ada', reason: 'A dog' },
    { what: 'decision', from: 'DISMISSED', to: null, by: 'Bea', reason: null },
  ]);
  // The candidate reads that it happened; who it was, and a reason that holds no more, it does not.
  expect(await logOf(token)).toEqual([
    { what: 'decision', from: null, to: 'DISMISSED', by: 'staff', reason: null },
    { what: 'decision', from: 'DISMISSED', to: null, by: 'staff', reason: null },
  ]);
});

it('500 decisions are taken back at once, for all or for none', async () => {
  const { id: examId } = await createExam(server);
  const ids: string[] = [];
  for (let page = 0; page < 5; page++)
    ids.push(...(await report(server, examId, 'user_1', Array<string>(100).fill('tab_switch'))).map((one) => one.id));
  const [other] = await report(server, (await createExam(server)).id, 'user_1', ['tab_switch']);
  expect(await dismiss(ids)).toHaveLength(500);
  expect(await reopen([...ids.slice(1), other?.id ?? ''])).toBe('INVALID_REQUEST');
  expect(await reopen([...ids.slice(1), 'warn_none'])).toBe('NOT_FOUND');
  expect(await reopen([...ids, 'warn_none'])).toBe('INVALID_REQUEST');
  expect(await unreviewed(examId)).toBe(0);
  expect(await reopen(ids)).toEqual(ids.map((id) => ({ id, review: null })));
  expect(await unreviewed(examId)).toBe(500);
});

it('staff who decide and take back at the same time leave one state that the log explains; nobody else changes it', async () => {
  const exam = await createExam(server);
  const token = await join(server, exam.id, 'user_1');
  const ids = (await report(server, exam.id, 'user_1', Array<string>(20).fill('tab_switch'))).map((one) => one.id);
  const other = await createExam(server);
  const { key: stranger } = await createKey(server, 'PROCTOR', 'another');
  const { key: proctor } = await createKey(server, 'PROCTOR');
  const hostile = [token, tokenIn(exam.accessUrl), tokenIn(other.adminUrl), stranger, 'invigil_none'];
  const staff = [undefined, proctor, tokenIn(exam.adminUrl)];
  const refused: unknown[] = [];
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => [
      dismiss(ids, staff[i % 3]),
      reopen(ids.toReversed(), staff[(i + 1) % 3]),
      ...hostile.map(async (credential) => refused.push(await reopen(ids, credential))),
    ]).flat(),
  );
  expect(new Set(refused)).toEqual(new Set(['FORBIDDEN', 'NOT_FOUND', 'UNAUTHORIZED']));
  const feed = collect<Reviewed>(server.subscribe(), EVENTS, { id: exam.id });
  await server.post(`/exams/${exam.id}/messages`, { text: 'end' });
  await feed.find(({ examEvents }) => examEvents.kind === 'MessageSent');
  feed.unsubscribe();
  const states = new Map<string, unknown>(ids.map((id) => [id, null]));
  const last = new Map<string, unknown>();
  for (const { examEvents } of feed.items)
    if (examEvents.kind === 'WarningReviewed' && examEvents.warning) {
      const { id, review } = examEvents.warning;
      expect(examEvents.change?.['from']).toBe(states.get(id));
      states.set(id, examEvents.change?.['to']);
      last.set(id, review?.decision ?? null);
    }
  expect(Object.fromEntries(states)).toEqual(Object.fromEntries(last));
});
