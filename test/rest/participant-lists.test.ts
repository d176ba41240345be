import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Listed {
  id: string;
  warnings: Record<string, number>;
  [member: string]: unknown;
}
const list = async (examId: string, query = '', credential?: string) => {
  const response = await server.rest(`/exams/${examId}/participants${query}`, credential ? { credential } : {});
  const body = (await response.json()) as { participants: Listed[]; nextAfter: string | null; error?: { code: string; details: object[] } };
  return { status: response.status, ...body };
};

async function roster(): Promise<{ examId: string; adminUrl: string; accessUrl: string }> {
  const { id: examId, adminUrl, accessUrl } = await createExam(server);
  const invited = Array.from({ length: 5 }, (_, i) => `{ userId: "user_${i}", name: "Kim ${i}", group: "${i % 2 ? 'odd' : 'even'}" }`);
  await server.graphql().request(`mutation { inviteParticipants(examId: "${examId}", participants: [${invited.join(', ')}]) { id } }`);
  return { examId, adminUrl, accessUrl };
}

it('an LMS reads the participants page by page, each once, with clock, counts and decision', async () => {
  const { examId } = await roster();
  await join(server, examId, 'user_3');
  await report(server, examId, 'user_3', ['tab_switch', 'remote_control']);
  const seen: string[] = [];
  for (let after = ''; ;) {
    const page = await list(examId, `?limit=2${after && `&after=${encodeURIComponent(after)}`}`);
    seen.push(...page.participants.map(({ id }) => id));
    if (page.nextAfter === null) break;
    after = page.nextAfter;
  }
  expect(seen.toSorted()).toEqual(['user_0', 'user_1', 'user_2', 'user_3', 'user_4']);
  const response = await server.rest(`/exams/${examId}/participants/user_3`);
  expect(await response.json()).toMatchObject({
    id: 'user_3',
    name: 'Kim 3',
    status: 'active',
    group: 'odd',
    review: 'not_reviewed',
    handRaised: false,
    startedAt: expect.any(String) as string,
    endsAt: expect.any(String) as string,
    remainingSeconds: expect.any(Number) as number,
    warnings: { info: 0, low: 0, medium: 1, high: 0, critical: 1, unreviewed: 2 },
  });
  const usersOf = async (query: string) => (await list(examId, query)).participants.map(({ id }) => id).toSorted();
  expect(await usersOf('?status=invited&group=odd')).toEqual(['user_1']);
  expect(await usersOf('?search=kIM%204')).toEqual(['user_4']);
  expect(await usersOf('?search=%25')).toEqual([]);
});

it('everybody gets what they may see: staff of the exam all, a participant itself, others nothing', async () => {
  const { examId, adminUrl, accessUrl } = await roster();
  const token = await join(server, examId, 'user_1');
  const { key } = await createKey(server, 'LMS', 'another');
  expect((await list(examId, '', tokenIn(adminUrl))).participants).toHaveLength(5);
  expect((await list(examId, '', token)).participants.map(({ id }) => id)).toEqual(['user_1']);
  expect(await list(examId, '', key)).toMatchObject({ status: 404, error: { code: 'not_found' } });
  expect(await list(examId, '', tokenIn(accessUrl))).toMatchObject({ status: 200, participants: [] });
  const one = async (userId: string, credential: string) =>
    (await server.rest(`/exams/${examId}/participants/${userId}`, { credential })).status;
  expect(await one('user_1', token)).toBe(200);
  expect(await one('user_2', token)).toBe(404);
  expect(await one('user_2', key)).toBe(404);
  expect(await one('nobody', tokenIn(adminUrl))).toBe(404);
});

it.each([
  ['an unknown status', '?status=gone', 'status'],
  ['a page of nobody', '?limit=0', 'limit'],
  ['a page that is too long', '?limit=501', 'limit'],
  ['a place that is none', '?after=W10', 'after'],
  ['a search for a whole page', `?search=${'x'.repeat(201)}`, 'search'],
  ['a search for NUL', '?search=%00', 'search'],
])('%s is refused by name', async (_what, query, field) => {
  const { examId } = await roster();
  expect(await list(examId, query)).toMatchObject({ status: 400, error: { code: 'invalid_request', details: [{ field }] } });
});
