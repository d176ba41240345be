import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, type RestExam, tokenIn } from '../helpers/exam.ts';
import { ADMIN_KEY, collect, startTestServer, type TestServer } from '../helpers/server.ts';

const SECRET = 'the-secret-of-a-test-0123456789abcdef';

let server: TestServer;
let second: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TOKEN_SECRET: SECRET });
  second = await server.another();
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

interface Link {
  id: string;
  name: string;
  url: string;
  expiresAt: string;
  error?: { code: string; details: { field: string }[] };
}
interface Session {
  token: string;
  name: string;
  expiresAt: string;
  error?: { code: string; details: { field: string }[] };
}

const post = async <T>(path: string, body: object, credential: string, to = server) =>
  (await (await to.post(path, body, { credential })).json()) as T;
const makeLink = (examId: string, body: object, credential = ADMIN_KEY) => post<Link>(`/exams/${examId}/proctor-links`, body, credential);
const enter = (examId: string, name: string, credential: string) => post<Session>(`/exams/${examId}/console`, { name }, credential);
const me = async (credential: string | null, to = server) =>
  (await (await to.rest('/me', { credential })).json()) as Record<string, unknown>;

async function proctorOf(exam: RestExam, name: string): Promise<string> {
  return tokenIn((await makeLink(exam.id, { name })).url);
}

const review = async (examId: string, status: string, credential: string) => {
  const body = { status, reason: 'A phone' };
  const answer = await post<{ review?: string; verdict?: { by: string }; error?: { code: string } }>(
    `/exams/${examId}/participants/user_1/review`,
    body,
    credential,
  );
  return [answer.error?.code ?? answer.review, answer.verdict?.by];
};

describe('who is asking', () => {
  it('is told by role and name, also without credentials', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    const { key } = await createKey(server, 'PROCTOR', 'north', 'Jane Doe');
    const nobody = { examId: null, userId: null, organisation: null, expiresAt: null };
    expect(await me(null)).toEqual({ role: 'anonymous', name: 'anonymous', ...nobody });
    expect(await me(ADMIN_KEY)).toMatchObject({ role: 'admin', organisation: null });
    expect(await me(key)).toEqual({ ...nobody, role: 'proctor', name: 'Jane Doe', organisation: 'north' });
    const own = { examId: exam.id, organisation: 'default', expiresAt: expect.stringContaining('T') as unknown };
    expect(await me(token)).toEqual({ ...own, role: 'participant', name: 'user_1', userId: 'user_1' });
    expect(await me(tokenIn(exam.adminUrl))).toEqual({ ...own, role: 'proctor', name: 'proctor link', userId: null });
    expect((await server.rest('/me', { credential: 'invigil_wrong' })).status).toBe(401);
    const query = '{ me { role name examId userId organisation expiresAt } }';
    // Without credentials only GET is served: the server reads no body of a stranger.
    const answered = await fetch(`${server.url}/graphql?${new URLSearchParams({ query })}`);
    expect(await answered.json()).toEqual({ data: { me: { role: 'ANONYMOUS', name: 'anonymous', ...nobody } } });
    expect(await server.graphql(token).request(query)).toMatchObject({ me: { role: 'PARTICIPANT', userId: 'user_1' } });
  });
});

describe('a personal admin link', () => {
  it('opens one exam, and what is done with it bears its name', async () => {
    const exam = await createExam(server);
    const [other] = [await createExam(server)];
    const candidate = await join(server, exam.id, 'user_1');
    const link = await makeLink(exam.id, { name: '  Jane Doe ' });
    expect(link).toMatchObject({ name: 'Jane Doe', url: expect.stringContaining(`/admin/exam/${exam.id}#t=`) as unknown });
    expect(Date.parse(link.expiresAt) - Date.now()).toBeGreaterThan(89 * 24 * 3_600_000);
    const token = tokenIn(link.url);
    expect(await me(token)).toMatchObject({ role: 'proctor', name: 'Jane Doe', examId: exam.id });
    expect((await server.rest(`/exams/${other?.id}`, { credential: token })).status).toBe(404);
    expect(await review(exam.id, 'suspicious', token)).toEqual(['suspicious', 'Jane Doe']);
    const LOG = 'subscription ($examId: ID!) { examEvents(examId: $examId, after: 2) { ... on ParticipantChanged { change { by } } } }';
    const by = async (credential?: string) => {
      const [event] = await collect<{ examEvents: object }>(second.subscribe(credential), LOG, { examId: exam.id }).take(1);
      return event?.examEvents;
    };
    expect(await by()).toEqual({ change: { by: 'Jane Doe' } });
    expect(await by(candidate)).toEqual({ change: { by: 'staff' } });
  });

  it('ends when it was told to, and is made with a name and a time that can be', async () => {
    const exam = await createExam(server);
    const at = (days: number) => new Date(Date.now() + days * 24 * 3_600_000).toISOString();
    expect((await makeLink(exam.id, { name: 'Jane', expiresAt: at(1) })).error).toBeUndefined();
    const refused: [object, string][] = [
      [{}, 'name'],
      [{ name: '   ' }, 'name'],
      [{ name: 'x'.repeat(101) }, 'name'],
      [{ name: 'Jane\nDoe' }, 'name'],
      [{ name: 'Jane \u202E(knil derahs)' }, 'name'],
      [{ name: 'Jane\u200B' }, 'name'],
      [{ name: '\u3164\u2800' }, 'name'],
      [{ name: 'Proctor link' }, 'name'],
      [{ name: 'Jane', expiresAt: at(-1) }, 'expiresAt'],
      [{ name: 'Jane', expiresAt: at(366) }, 'expiresAt'],
      [{ name: 'Jane', expiresAt: 'tomorrow' }, 'expiresAt'],
    ];
    for (const [body, field] of refused)
      expect((await makeLink(exam.id, body)).error, JSON.stringify(body)).toMatchObject({ code: 'invalid_request', details: [{ field }] });
    const list = `{ exam(id: "${exam.id}") { proctorLinks { name url createdBy revokedAt } } }`;
    const { exam: read } = await server.graphql().request<{ exam: { proctorLinks: { name: string; url: string }[] } }>(list);
    expect(read.proctorLinks).toHaveLength(1);
    expect(await me(tokenIn(read.proctorLinks[0]?.url ?? ''))).toMatchObject({ name: 'Jane' });
  });

  it('is made and closed by the LMS of the exam alone', async () => {
    const north = await createKey(server, 'LMS', 'north');
    const exam = await createExam(server, {}, north.key);
    const link = await makeLink(exam.id, { name: 'Jane' }, north.key);
    const close = (credential: string, examId = exam.id) => post<Link>(`/exams/${examId}/proctor-links/${link.id}/revoke`, {}, credential);
    const outsiders = [
      [tokenIn(exam.adminUrl), 'forbidden'],
      [tokenIn(link.url), 'forbidden'],
      [(await enter(exam.id, 'Eve', tokenIn(exam.adminUrl))).token, 'forbidden'],
      [(await createKey(server, 'PROCTOR', 'north')).key, 'forbidden'],
      [await join(server, exam.id, 'user_1', north.key), 'forbidden'],
      [(await createKey(server, 'LMS', 'south')).key, 'not_found'],
    ] as const;
    for (const [credential, code] of outsiders) {
      expect((await makeLink(exam.id, { name: 'Jane' }, credential)).error?.code).toBe(code);
      expect((await close(credential)).error?.code).toBe(code);
    }
    const other = await createExam(server, {}, north.key);
    expect((await close(north.key, other.id)).error?.code).toBe('not_found');
    expect((await me(tokenIn(link.url)))['name']).toBe('Jane');
    expect((await close(north.key)).error).toBeUndefined();
  });

  it('that is revoked opens nothing any more on any server, closes its sockets, and leaves others alone', async () => {
    const exam = await createExam(server);
    const link = await makeLink(exam.id, { name: 'Jane' });
    const token = tokenIn(link.url);
    const stays = await proctorOf(exam, 'Jane');
    const NOTICE = 'subscription ($examId: ID!) { examEvents(examId: $examId, after: 0) { seq } }';
    const live = collect<object>(second.subscribe(token), NOTICE, { examId: exam.id });
    await join(server, exam.id, 'user_1');
    await live.take(1);
    const once = await post<Link & { revokedAt: string }>(`/exams/${exam.id}/proctor-links/${link.id}/revoke`, {}, ADMIN_KEY);
    expect(await post(`/exams/${exam.id}/proctor-links/${link.id}/revoke`, {}, ADMIN_KEY)).toEqual(once);
    expect((await server.rest('/me', { credential: token })).status).toBe(401);
    await expect.poll(async () => (await second.rest('/me', { credential: token })).status).toBe(401);
    await live.end();
    expect(live.errors).toMatchObject([{ code: 4403 }]);
    expect(await me(stays, second)).toMatchObject({ name: 'Jane' });
  });

  it('is not forged: the same claims with another secret, or for a link that was never made, open nothing', async () => {
    const exam = await createExam(server);
    const forge = (secret: string, claims: object) =>
      new SignJWT({ role: 'proctor', exam: exam.id, tenant: 'default', ...claims })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer('invigil')
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(secret));
    for (const credential of [
      await forge('another', { name: 'Jane', link: 'link_1' }),
      await forge(SECRET, { name: 'Jane', link: 'link_1' }),
    ])
      expect((await server.rest('/me', { credential })).status).toBe(401);
  });
});

describe('the bearer of the shared admin link', () => {
  it('says who it is, which the log shows as its own word, and never passes for a personal link', async () => {
    const exam = await createExam(server);
    await join(server, exam.id, 'user_1');
    const shared = tokenIn(exam.adminUrl);
    const jane = await proctorOf(exam, 'Jane Doe');
    const session = await enter(exam.id, 'Jane Doe', shared);
    expect(session.name).toBe('Jane Doe (shared link)');
    expect(Date.parse(session.expiresAt) - Date.now()).toBeLessThanOrEqual(24 * 3_600_000);
    expect(await me(session.token)).toMatchObject({ role: 'proctor', name: 'Jane Doe (shared link)', examId: exam.id });
    expect(await review(exam.id, 'violation', jane)).toEqual(['in_review', 'Jane Doe']);
    // Whoever claims to be Jane cannot confirm what Jane found.
    expect((await review(exam.id, 'violation', session.token))[0]).toBe('conflict');
    const alike = await enter(exam.id, ' JANE  Doe', shared);
    expect((await review(exam.id, 'violation', alike.token))[0]).toBe('conflict');
    const eve = await enter(exam.id, 'Eve', shared);
    expect(await review(exam.id, 'violation', eve.token)).toEqual(['violation', 'Eve (shared link)']);
  });

  it('may act without a name, but is then not another person beside one who gave a name to the same link', async () => {
    const exam = await createExam(server);
    await join(server, exam.id, 'user_1');
    const shared = tokenIn(exam.adminUrl);
    expect(await review(exam.id, 'violation', shared)).toEqual(['in_review', 'proctor link']);
    const eve = await enter(exam.id, 'Eve', shared);
    expect((await review(exam.id, 'violation', eve.token))[0]).toBe('conflict');
    expect(await review(exam.id, 'violation', await proctorOf(exam, 'Jane Doe'))).toEqual(['violation', 'Jane Doe']);
  });

  it('alone may give itself a name, for its own exam', async () => {
    const exam = await createExam(server);
    const other = await createExam(server);
    const session = await enter(exam.id, 'Eve', tokenIn(exam.adminUrl));
    const proctorKey = (await createKey(server, 'PROCTOR')).key;
    const link = await proctorOf(exam, 'Jane');
    for (const credential of [session.token, proctorKey, link, ADMIN_KEY, await join(server, exam.id, 'user_1'), tokenIn(exam.accessUrl)])
      expect((await enter(exam.id, 'Ada', credential)).error?.code).toBe('forbidden');
    expect((await enter(other.id, 'Ada', tokenIn(exam.adminUrl))).error?.code).toBe('not_found');
    for (const name of ['', 'x'.repeat(101), 'a\u0000b', 'a\tb'])
      expect((await enter(exam.id, name, tokenIn(exam.adminUrl))).error?.details[0]?.field).toBe('name');
    const mutation = `mutation { enterConsole(examId: "${exam.id}", name: "Ada") { name token expiresAt } }`;
    expect(await server.graphql(tokenIn(exam.adminUrl)).request(mutation)).toMatchObject({ enterConsole: { name: 'Ada (shared link)' } });
  });

  it('is told apart by name where requests are counted and repeated', async () => {
    const own = await startTestServer({ RATE_LIMIT_PER_MINUTE: '20' });
    try {
      const exam = await createExam(own);
      const links = await Promise.all(
        ['Ada', 'Ada', 'Bea'].map((name) => post<Link>(`/exams/${exam.id}/proctor-links`, { name }, ADMIN_KEY, own)),
      );
      const status = async ({ url }: Link) => (await own.rest('/me', { credential: tokenIn(url) })).status;
      const [ada, namesake, bea] = links;
      if (!ada || !namesake || !bea) throw new Error('no links');
      for (let i = 0; i < 20; i++) await status(ada);
      expect([await status(ada), await status(namesake), await status(bea)]).toEqual([429, 200, 200]);
    } finally {
      await own.stop();
    }
  });
});

describe('a review of several warnings', () => {
  const reviewAll = (examId: string, body: object, credential = ADMIN_KEY) =>
    post<{ warnings?: { id: string; review: object }[]; error?: { code: string; details: { field: string }[] } }>(
      `/exams/${examId}/warnings/review`,
      body,
      credential,
    );
  const reviewed = async (examId: string) => {
    const query = `{ exam(id: "${examId}") { lastSeq warnings(first: 500) { edges { node { review { decision reason by } } } } } }`;
    const { exam } = await server
      .graphql()
      .request<{ exam: { lastSeq: number; warnings: { edges: { node: { review: object | null } }[] } } }>(query);
    return { lastSeq: exam.lastSeq, reviews: exam.warnings.edges.map(({ node }) => node.review) };
  };

  it('is one decision about up to 500, each an event, and changes nothing the second time', async () => {
    const exam = await createExam(server);
    const types = Array.from({ length: 100 }, () => 'noise');
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(...(await report(server, exam.id, 'user_1', types)).map(({ id }) => id));
    const before = await reviewed(exam.id);
    const body = { warningIds: ids, decision: 'dismissed', reason: 'A vacuum cleaner' };
    const jane = await proctorOf(exam, 'Jane');
    const { warnings } = await reviewAll(exam.id, body, jane);
    expect(warnings?.map(({ id }) => id)).toEqual(ids);
    const after = await reviewed(exam.id);
    expect(after.reviews).toEqual(ids.map(() => ({ decision: 'DISMISSED', reason: 'A vacuum cleaner', by: 'Jane' })));
    expect(after.lastSeq).toBe(before.lastSeq + 500);
    await reviewAll(exam.id, body, jane);
    expect(await reviewed(exam.id)).toEqual(after);
    expect((await reviewAll(exam.id, { ...body, warningIds: [...ids, 'warn_x'] })).error?.details[0]?.field).toBe('warningIds');
  });

  it('is for all or none: one that is hidden, missing or of another exam refuses the whole', async () => {
    const north = await createKey(server, 'LMS', 'north');
    const [exam, other] = [await createExam(server, {}, north.key), await createExam(server, {}, north.key)];
    const hidden = await createExam(server);
    const idsOf = async ({ id }: RestExam) => (await report(server, id, 'user_1', ['noise', 'books'])).map((warning) => warning.id);
    const [mine, theirs, foreign] = [await idsOf(exam), await idsOf(other), await idsOf(hidden)];
    const confirm = (warningIds: string[]) => reviewAll(exam.id, { warningIds, decision: 'confirmed' }, north.key);
    for (const extra of [theirs, foreign, ['warn_none']]) expect((await confirm([...mine, ...extra])).error?.code).toBe('not_found');
    const mutation = (ids: string[]) =>
      server.graphql(north.key).request(`mutation { reviewWarnings(warningIds: ${JSON.stringify(ids)}, decision: CONFIRMED) { id } }`);
    await expect(mutation([...mine, ...theirs])).rejects.toThrow('invalid');
    await expect(mutation([...mine, ...foreign])).rejects.toThrow('not found');
    expect((await confirm([])).error?.details[0]?.field).toBe('warningIds');
    expect((await reviewAll(exam.id, { warningIds: mine, decision: 'dismissed' }, north.key)).error?.details[0]?.field).toBe('reason');
    expect((await reviewAll(exam.id, { warningIds: mine, decision: 'guilty' }, north.key)).error?.details[0]?.field).toBe('decision');
    for (const { id } of [exam, other, hidden]) expect((await reviewed(id)).reviews).toEqual([null, null]);
    expect(await mutation([...mine, ...mine])).toEqual({ reviewWarnings: mine.map((id) => ({ id })) });
  });
});
