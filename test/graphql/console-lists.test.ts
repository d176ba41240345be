import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { openClient } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';
import { startStatementCounter, type StatementCounter } from '../helpers/statements.ts';

let direct: TestServer;
let counter: StatementCounter;
let server: TestServer;
let database: Client;
beforeAll(async () => {
  direct = await startTestServer();
  counter = await startStatementCounter(direct.databaseUrl);
  server = await direct.another({ DATABASE_URL: counter.url });
  database = await openClient(direct.databaseUrl);
});
afterAll(async () => {
  await database.end();
  await server.stop();
  await counter.stop();
  await direct.stop();
});

const STATUSES = ['INVITED', 'CHECKING_IN', 'WAITING', 'ACTIVE', 'PAUSED', 'DISCONNECTED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'];
const SEVERITIES = ['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

/** An exam with participants and warnings of all kinds, written as a long exam would leave them. */
async function crowd(people: number, warnings: number): Promise<string> {
  const { id: examId } = await createExam(server);
  const participants = `
    INSERT INTO "Participant" (id, "examId", "userId", name, status, review, "group", "handRaisedAt", "offlineSince", "createdAt")
    SELECT 'part_' || $1 || i, $1, 'user_' || i, CASE WHEN i % 9 > 0 THEN (ARRAY['Öz', 'Anna', 'émile', 'Zoë', 'ole', '100%_x', 'بسمة', '李'])[1 + i % 8] || ' ' || i END,
      ($3::text[])[1 + floor(random() * 9)]::"ParticipantStatus", (ARRAY['NOT_REVIEWED', 'CONTESTED', 'PASSED'])[1 + floor(random() * 3)]::"ReviewStatus",
      (ARRAY['A', 'B', NULL])[1 + i % 3], CASE WHEN random() < 0.1 THEN now() END, CASE WHEN random() < 0.1 THEN now() END,
      now() - random() * interval '1 hour'
    FROM generate_series(1, $2) i`;
  await database.query(participants, [examId, people, STATUSES]);
  const rows = `
    INSERT INTO "Warning" (id, "examId", seq, "participantId", "userId", type, severity, source, timestamp, "reviewDecision")
    SELECT 'warn_' || $1 || i, $1, i, 'part_' || $1 || who, 'user_' || who, 'noise', ($4::text[])[1 + floor(random() * 5)]::"WarningSeverity",
      (ARRAY['CLIENT', 'ANALYSIS', 'PROCTOR'])[1 + i % 3]::"WarningSource", now(), (ARRAY['CONFIRMED', 'DISMISSED', NULL, NULL])[1 + floor(random() * 4)]::"WarningDecision"
    FROM (SELECT i, 1 + floor(random() * $2)::int AS who FROM generate_series(1, $3) i) w`;
  await database.query(rows, [examId, Math.ceil(people / 2), warnings, SEVERITIES]);
  return examId;
}

interface Node {
  userId: string;
  name: string | null;
  status: string;
  review: string;
  group: string | null;
  warningCounts: Record<string, number>;
}
interface Page {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { cursor: string; node: Node }[];
}

const COUNTS = 'info low medium high critical unreviewed';
const NODE = `userId name status review group warningCounts { ${COUNTS} }`;

const ask = async (examId: string, args: string, credential?: string): Promise<Page> => {
  const query = `{ exam(id: "${examId}") { participants(${args}) {
    totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ${NODE} } } } } }`;
  return (await server.graphql(credential).request<{ exam: { participants: Page } }>(query)).exam.participants;
};

/** All pages of a list. */
async function walk(examId: string, args: string, size = 7): Promise<Node[]> {
  const seen: Node[] = [];
  for (let after = ''; ;) {
    const { edges, pageInfo } = await ask(examId, `first: ${size} ${args} ${after && `after: "${after}"`}`);
    seen.push(...edges.map(({ node }) => node));
    if (!pageInfo.hasNextPage) return seen;
    after = pageInfo.endCursor ?? '';
  }
}

const cursorFor = (text: string) => Buffer.from(`GPC:S:${text}`).toString('base64');
const usersOf = (nodes: readonly Node[]) => nodes.map(({ userId }) => userId);
const labelOf = ({ name, userId }: Pick<Node, 'name' | 'userId'>) => name ?? userId;
const sum = (nodes: readonly Node[], of: string) => nodes.reduce((total, { warningCounts }) => total + (warningCounts[of] ?? 0), 0);

describe('the counts of an exam', () => {
  it('are what the lists show', async () => {
    const examId = await crowd(60, 400);
    const query = `{ exam(id: "${examId}") {
      counts { participants { status count } warnings { ${COUNTS} } handsRaised contested }
      warnings { totalCount } reviewed: warnings(reviewed: true) { totalCount } open: warnings(reviewed: false, minSeverity: LOW) { totalCount }
      byAnalysis: warnings(sources: [ANALYSIS], first: 500) { totalCount edges { node { source } } } none: warnings(sources: []) { totalCount }
    } }`;
    interface Shown {
      counts: {
        participants: { status: string; count: number }[];
        warnings: Record<string, number>;
        handsRaised: number;
        contested: number;
      };
      [list: string]: unknown;
    }
    const { exam } = await server.graphql().request<{ exam: Shown }>(query);
    const everybody = await walk(examId, 'filter: {}');
    expect(everybody).toHaveLength(60);
    const { counts } = exam;
    for (const status of STATUSES) {
      const count = everybody.filter((node) => node.status === status).length;
      expect(counts.participants.find((of) => of.status === status)?.count ?? 0, status).toBe(count);
    }
    for (const of of COUNTS.split(' ')) expect(counts.warnings[of], of).toBe(sum(everybody, of));
    expect(counts.contested).toBe(everybody.filter(({ review }) => review === 'CONTESTED').length);
    const hands = await database.query('SELECT FROM "Participant" WHERE "examId" = $1 AND "handRaisedAt" IS NOT NULL', [examId]);
    expect(counts.handsRaised).toBe(hands.rowCount);
    expect(exam).toMatchObject({
      warnings: { totalCount: 400 },
      open: { totalCount: counts.warnings['unreviewed'] },
      none: { totalCount: 0 },
    });
    const { reviewed, byAnalysis } = exam as unknown as Record<string, { totalCount: number; edges: { node: { source: string } }[] }>;
    const decided = await database.query('SELECT FROM "Warning" WHERE "examId" = $1 AND "reviewDecision" IS NOT NULL', [examId]);
    expect(reviewed?.totalCount).toBe(decided.rowCount);
    expect(byAnalysis?.edges.every(({ node }) => node.source === 'ANALYSIS')).toBe(true);
    expect(byAnalysis?.edges).toHaveLength(byAnalysis?.totalCount ?? 0);
  });

  it('take one statement for the exam and one for a page of its participants', async () => {
    const examId = await crowd(40, 100);
    const { statements } = await counter.least(() =>
      server.graphql().request(`{ exam(id: "${examId}") { counts { warnings { ${COUNTS} } handsRaised }
        participants(first: 40, order: ATTENTION) { edges { node { ${NODE} } } } } }`),
    );
    expect(statements).toHaveLength(4);
  });

  it('are for staff: a participant reads only the counts of its own warnings', async () => {
    const { id: examId, adminUrl } = await createExam(server, { settings: { candidateView: 'live' } });
    const token = await join(server, examId, 'user_1');
    await join(server, examId, 'user_2');
    await report(server, examId, 'user_1', ['tab_switch', 'noise']);
    await report(server, examId, 'user_2', ['devtools']);
    const counts = `{ exam(id: "${examId}") { counts { warnings { high } } } }`;
    await expect(server.graphql(token).request(counts)).rejects.toThrow(/FORBIDDEN/);
    const { key: other } = await createKey(server, 'PROCTOR', 'another');
    expect(await server.graphql(other).request(counts)).toEqual({ exam: null });
    expect(await server.graphql(tokenIn(adminUrl)).request(counts)).toEqual({ exam: { counts: { warnings: { high: 1 } } } });
    const own = await ask(examId, 'order: ATTENTION', token);
    expect(own).toMatchObject({ totalCount: 1, edges: [{ node: { userId: 'user_1', warningCounts: { low: 1, medium: 1, high: 0 } } }] });
    expect(await ask(examId, 'filter: { search: "user_2" }', token)).toMatchObject({ totalCount: 0, edges: [] });
    await server.post(`/exams/${examId}`, { settings: { candidateView: 'never' } }, { method: 'PATCH' });
    const hidden = await ask(examId, 'order: NAME', token);
    expect(hidden).toMatchObject({ totalCount: 1, edges: [{ node: { userId: 'user_1', warningCounts: { low: 0, medium: 0, high: 0 } } }] });
  });
});

describe('the participants of an exam', () => {
  it('are listed by name as people sort names, each once, whatever the size of a page', async () => {
    const examId = await crowd(50, 0);
    const byName = await walk(examId, 'order: NAME');
    const { compare } = new Intl.Collator('und');
    const labels = byName.map(labelOf);
    expect(labels).toEqual(labels.toSorted(compare));
    expect(new Set(usersOf(byName)).size).toBe(50);
    expect(usersOf(await walk(examId, 'order: NAME', 23))).toEqual(usersOf(byName));
  });

  it('are listed with those first who need attention: hands, critical, unreviewed, offline', async () => {
    const { id: examId } = await createExam(server);
    for (const userId of ['calm', 'offline', 'noisy', 'critical', 'hand', 'decided']) await join(server, examId, userId);
    await report(server, examId, 'noisy', ['noise']);
    await report(server, examId, 'critical', ['remote_control']);
    const [warning] = await report(server, examId, 'decided', ['remote_control']);
    await server
      .graphql()
      .request(`mutation { reviewWarning(warningId: "${warning?.id}", decision: DISMISSED, reason: "A drill") { id } }`);
    await report(server, examId, 'calm', ['network_lost']);
    const set = (userId: string, column: string) =>
      database.query(`UPDATE "Participant" SET "${column}" = now() WHERE "examId" = $1 AND "userId" = $2`, [examId, userId]);
    await set('hand', 'handRaisedAt');
    await set('offline', 'offlineSince');
    expect(usersOf(await walk(examId, 'order: ATTENTION', 2))).toEqual(['hand', 'critical', 'noisy', 'offline', 'calm', 'decided']);
    expect(usersOf(await walk(examId, 'order: NEWEST_WARNING', 2))).toEqual(['calm', 'decided', 'critical', 'noisy', 'hand', 'offline']);
  });

  it('are all listed once by each order, and those in between whose place does not change also while others move', async () => {
    const examId = await crowd(40, 300);
    for (const order of ['NAME', 'ATTENTION', 'NEWEST_WARNING']) {
      const seen = usersOf(await walk(examId, `order: ${order}`, 9));
      expect(new Set(seen).size, order).toBe(40);
      expect(seen).toHaveLength(40);
    }
    const { edges, pageInfo } = await ask(examId, 'order: ATTENTION, first: 20');
    const later = usersOf(await walk(examId, 'order: ATTENTION', 40)).slice(20);
    const [first] = edges;
    // The first page is somebody else's now; the last one of it is gone.
    await database.query(
      `UPDATE "Participant" SET "handRaisedAt" = NULL, status = 'ACTIVE', "offlineSince" = NULL WHERE "examId" = $1 AND "userId" = $2`,
      [examId, first?.node.userId],
    );
    await database.query('DELETE FROM "Participant" WHERE "examId" = $1 AND "userId" = $2', [examId, edges.at(-1)?.node.userId]);
    const next = await ask(examId, `order: ATTENTION, first: 40, after: "${pageInfo.endCursor}"`);
    expect(usersOf(next.edges.map(({ node }) => node)).filter((userId) => userId !== first?.node.userId)).toEqual(later);
  });

  it('are filtered together: by statuses, review, group and literal text in any case', async () => {
    const examId = await crowd(60, 0);
    const everybody = await walk(examId, 'filter: {}', 500);
    const check = async (filter: string, fits: (node: Node) => boolean) => {
      for (const order of ['', 'order: NAME', 'order: ATTENTION']) {
        const page = await ask(examId, `first: 500, filter: { ${filter} } ${order}`);
        const users = usersOf(page.edges.map(({ node }) => node));
        expect(users.toSorted(), filter).toEqual(usersOf(everybody.filter(fits)).toSorted());
        expect(page.totalCount).toBe(users.length);
      }
    };
    await check('statuses: [ACTIVE, PAUSED]', ({ status }) => status === 'ACTIVE' || status === 'PAUSED');
    await check('statuses: []', () => false);
    await check('review: CONTESTED, group: "A"', ({ review, group }) => review === 'CONTESTED' && group === 'A');
    await check('search: "%_X"', ({ name }) => name?.includes('%_x') ?? false);
    await check('search: "ÖZ"', ({ name }) => name?.startsWith('Öz') ?? false);
    await check('search: "ÉMILE"', ({ name }) => name?.startsWith('émile') ?? false);
    await check('search: "USER_1"', ({ userId }) => userId.startsWith('user_1'));
    await check('search: "\\\\"', () => false);
    await check('search: ""', () => true);
  });

  it('keep the plain list, with its relations, and give the relations of an ordered one in one more statement', async () => {
    const examId = await crowd(30, 90);
    const node = 'userId warnings(first: 2) { edges { node { id } } } accommodations { type }';
    const query = (args: string) => `{ exam(id: "${examId}") { participants(first: 30 ${args}) { edges { node { ${node} } } } } }`;
    interface Answer {
      exam: { participants: { edges: { node: { userId: string } }[] } };
    }
    const { statements } = await counter.least(() => server.graphql().request(query('order: NAME')));
    expect(statements.length).toBeLessThanOrEqual(5);
    const sorted = async (args: string) =>
      (await server.graphql().request<Answer>(query(args))).exam.participants.edges.toSorted((a, b) =>
        a.node.userId < b.node.userId ? -1 : 1,
      );
    expect((await sorted('order: NAME')).map((edge) => edge.node)).toEqual((await sorted('')).map((edge) => edge.node));
  });

  it.each([
    ['a cursor of another order', 'order: NAME', (cursor: string) => `order: ATTENTION, after: "${cursor}"`],
    ['no cursor at all', 'order: NAME', () => 'order: NAME, after: "W10"'],
    ['a hostile cursor', 'order: NAME', () => `order: NAME, after: "${cursorFor('["NAME","1; DROP","",""]')}"`],
    ['a cursor with NUL', 'order: NAME', () => `order: NAME, after: "${cursorFor(JSON.stringify(['NAME', '0', '\0', 'x']))}"`],
    ['a cursor that is NUL', 'order: NAME', () => `order: NAME, after: "${cursorFor('\0')}"`],
    ['a cursor as long as a book', 'order: NAME', () => `order: NAME, after: "${'A'.repeat(100_000)}"`],
    ['a page that ends the list', 'order: NAME', () => 'order: NAME, last: 3'],
    ['a page of a thousand', 'order: NAME', () => 'order: NAME, first: 501'],
    ['a negative page', 'order: NAME', () => 'order: NAME, first: -1'],
    ['text without end', 'order: NAME', () => `filter: { search: "${'x'.repeat(201)}" }`],
  ])('refuse %s', async (_what, before, args) => {
    const examId = await crowd(3, 0);
    const { pageInfo } = await ask(examId, `first: 1, ${before}`);
    await expect(ask(examId, args(pageInfo.endCursor ?? ''))).rejects.toThrow(/INVALID_REQUEST/);
  });
});
