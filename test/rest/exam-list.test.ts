import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const getJson = async <T>(path: string, credential?: string): Promise<T> =>
  (await (await server.rest(path, credential ? { credential } : {})).json()) as T;

interface Page {
  exams: { id: string; title: string; status: string }[];
  nextAfter: string | null;
}

describe('the list of exams', () => {
  it('is paged, newest first, each once, and only of the tenant that asks', async () => {
    const [school, other] = [await createKey(server, 'LMS', 'pages'), await createKey(server, 'LMS', 'elsewhere')];
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await createExam(server, { title: `Page ${n}` }, school.key)).id);
    await createExam(server, { title: 'Page of others' }, other.key);
    const seen: string[] = [];
    for (let after = ''; ;) {
      const page: Page = await getJson(`/exams?limit=2${after}`, school.key);
      seen.push(...page.exams.map(({ id }) => id));
      if (page.nextAfter === null) break;
      after = `&after=${page.nextAfter}`;
    }
    expect(seen).toEqual(ids);
  });

  it('can be searched and filtered, and takes what is searched literally', async () => {
    const { key } = await createKey(server, 'LMS', 'search');
    const [percent] = [await createExam(server, { title: '100% oral' }, key), await createExam(server, { title: '100 written' }, key)];
    await server.rest(`/exams/${percent.id}/start`, { method: 'POST', credential: key });
    const titles = async (query: string) => (await getJson<Page>(`/exams?${query}`, key)).exams.map(({ title }) => title);
    expect(await titles('search=100%25')).toEqual(['100% oral']);
    expect(await titles('search=WRITTEN')).toEqual(['100 written']);
    expect(await titles('status=in_progress')).toEqual(['100% oral']);
    expect(await titles('status=cancelled')).toEqual([]);
  });

  it('names bad parameters, and is not for participants', async () => {
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['status=over', 'status'],
      ['after=', 'after'],
    ] as const)
      expect(await getJson(`/exams?${query}`)).toMatchObject({ error: { code: 'invalid_request', details: [{ field }] } });
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    expect(await getJson('/exams', token)).toMatchObject({ error: { code: 'forbidden' } });
    expect((await getJson<Page>('/exams', tokenIn(exam.adminUrl))).exams.map(({ id }) => id)).toEqual([exam.id]);
  });
});

describe('an exam', () => {
  const move = (examId: string, what: string) => server.rest(`/exams/${examId}/${what}`, { method: 'POST' });

  it('is started, ended and cancelled, each also a second time; what is not possible says why', async () => {
    const { id } = await createExam(server);
    expect(await (await move(id, 'end')).json()).toMatchObject({
      error: { code: 'conflict', message: 'Only an exam in progress can end' },
    });
    for (const status of [
      ['start', 'in_progress'],
      ['start', 'in_progress'],
      ['end', 'completed'],
      ['end', 'completed'],
    ] as const)
      expect(await (await move(id, status[0])).json()).toMatchObject({ id, status: status[1] });
    expect(await (await move(id, 'cancel')).json()).toMatchObject({ error: { code: 'conflict' } });
    const { id: unwanted } = await createExam(server);
    for (let times = 0; times < 2; times++) expect(await (await move(unwanted, 'cancel')).json()).toMatchObject({ status: 'cancelled' });
    expect((await move('exam_none', 'start')).status).toBe(404);
  });

  it('counts what its pages leave out', async () => {
    const { id } = await createExam(server, { settings: { candidateView: 'live' } });
    await report(server, id, 'user_1', ['noise', 'books', 'noise']);
    await report(server, id, 'user_2', ['noise']);
    const query = `{ exam(id: "${id}") {
      participants(first: 1) { totalCount edges { node { userId } } }
      warnings(first: 1, types: ["noise"]) { totalCount edges { node { type } } }
    } }`;
    expect(await server.graphql().request(query)).toEqual({
      exam: {
        participants: { totalCount: 2, edges: [{ node: { userId: 'user_1' } }] },
        warnings: { totalCount: 3, edges: [{ node: { type: 'noise' } }] },
      },
    });
    const token = await join(server, id, 'user_1');
    const { exam } = await server.graphql(token).request<{ exam: object }>(query);
    expect(exam).toMatchObject({ participants: { totalCount: 1 }, warnings: { totalCount: 2 } });
  });
});

describe('the log', () => {
  const QUERY = `subscription ($examId: ID!) { examEvents(examId: $examId, after: 0) {
    __typename
    ... on ExamChanged { change { what from to by reason } exam { status } }
    ... on ParticipantChanged { change { what from to by reason } participant { status } }
  } }`;

  it('says what each event changed, also in a replay that shows the state of now', async () => {
    const { id } = await createExam(server);
    const token = await join(server, id, 'user_1');
    const { key } = await createKey(server, 'PROCTOR', 'default', 'Jane Doe');
    const run = (operation: string) => server.graphql(key).request(`mutation { ${operation} }`);
    await run(`reviewParticipant(examId: "${id}", userId: "user_1", status: SUSPICIOUS, reason: "Spoke") { id }`);
    await run(`setAccommodations(examId: "${id}", userId: "user_1", suppress: ["talking"], reason: "Reads aloud") { id }`);
    await run(`endExam(examId: "${id}") { id }`);

    const changes = async (credential?: string) => {
      const live = collect<{ examEvents: { change: object; exam?: object; participant?: object } }>(server.subscribe(credential), QUERY, {
        examId: id,
      });
      return (await live.take(6)).map(({ examEvents: { change } }) => change);
    };
    const change = (what: string, from: string | null, to: string, by: string | null, reason: string | null = null) => ({
      what,
      from,
      to,
      by,
      reason,
    });
    const review = ['review', 'NOT_REVIEWED', 'SUSPICIOUS'] as const;
    const accommodation = ['accommodations', null, 'talking'] as const;
    const rest = ['status', 'ACTIVE', 'TIMED_OUT'] as const;
    const end = ['status', 'IN_PROGRESS', 'COMPLETED'] as const;
    const begin = [change('status', 'CREATED', 'IN_PROGRESS', 'user_1'), change('status', null, 'ACTIVE', null)];
    expect(await changes()).toEqual([
      ...begin,
      change(...review, 'Jane Doe', 'Spoke'),
      change(...accommodation, 'Jane Doe', 'Reads aloud'),
      change(...rest, 'Jane Doe'),
      change(...end, 'Jane Doe'),
    ]);
    expect(await changes(token)).toEqual([
      ...begin,
      change(...review, 'staff'),
      change(...accommodation, 'staff', 'Reads aloud'),
      change(...rest, 'staff'),
      change(...end, null),
    ]);
  });
});

it('whoever asks learns as whom, and without credentials nothing more', async () => {
  const exam = await createExam(server);
  const query = '{ me { role name examId userId organisation } }';
  const me = async (credential: string) => (await server.graphql(credential).request<{ me: object }>(query)).me;
  expect(await me(await join(server, exam.id, 'user_1'))).toEqual({
    role: 'PARTICIPANT',
    name: 'user_1',
    examId: exam.id,
    userId: 'user_1',
    organisation: 'default',
  });
  expect(await me((await createKey(server, 'LMS', 'north', 'Moodle')).key)).toMatchObject({
    role: 'LMS',
    name: 'Moodle',
    examId: null,
    organisation: 'north',
  });
  const anonymous = await fetch(`${server.url}/graphql?${new URLSearchParams({ query })}`, { headers: { accept: 'application/json' } });
  expect(await anonymous.json()).toMatchObject({ data: { me: { role: 'ANONYMOUS', examId: null, organisation: null } } });
});

it('the time is that of the database, on a server whose own clock is wrong, too', async () => {
  const preload = fileURLToPath(new URL('../helpers/skewed-clock.mjs', import.meta.url));
  const skewed = await server.another({ SKEW_MS: '3600000', NODE_OPTIONS: `--import=${preload}` });
  try {
    for (const one of [server, skewed]) {
      const { serverTime } = (await (await one.rest('/time', { credential: null })).json()) as { serverTime: string };
      expect(Math.abs(Date.parse(serverTime) - Date.now())).toBeLessThan(60_000);
    }
  } finally {
    await skewed.stop();
  }
});
