import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { createTestDatabase, runSql } from '../helpers/postgres.ts';
import { startFreezableProxy } from '../helpers/proxy.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Code of the error that an operation answers; null where it succeeds. */
async function codeOf(credential: string, query: string, url = server.url): Promise<string | null> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(credential && { authorization: `Bearer ${credential}` }) },
    body: JSON.stringify({ query }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions?: { code: string } }[] };
  return errors ? (errors[0]?.extensions?.code ?? 'NONE') : null;
}

describe('credentials', () => {
  it('that are missing, unknown or malformed get the documented 401', async () => {
    for (const credential of [null, 'nonsense', 'invigil_AAAAAAAAAAAAAAAAAAAAAAAA', 'eyJhbGciOiJub25lIn0.eyJyb2xlIjoicHJvY3RvciJ9.']) {
      for (const path of ['/exams/exam_x', '/recordings/rec_x', '/recordings/rec_x/download', '/exams/exam_x/warnings']) {
        const response = await server.rest(path, { credential });
        expect(response.status).toBe(401);
        expect(await response.json()).toMatchObject({ error: { code: 'unauthorized', details: [] } });
      }
    }
  });

  it('stop working with the first request after their revocation', async () => {
    const { key, id } = await createKey(server, 'LMS');
    const exam = await createExam(server, {}, key);
    await server.graphql().request(`mutation { revokeApiKey(id: "${id}") { revokedAt } }`);
    expect((await server.rest(`/exams/${exam.id}`, { credential: key })).status).toBe(401);
  });

  it('stop working on every server immediately after their revocation', async () => {
    const second = await server.another();
    try {
      // After 5 s a server looks again anyway: if the machine took that long, another key tells.
      for (let took = Infinity; took > 4_500;) {
        const { key, id } = await createKey(server, 'PROCTOR');
        const status = async () => (await second.rest('/exams/exam_x', { credential: key })).status;
        const begun = performance.now();
        expect(await status()).toBe(404);
        await server.graphql().request(`mutation { revokeApiKey(id: "${id}") { id } }`);
        await expect.poll(status).toBe(401);
        took = performance.now() - begun;
      }
    } finally {
      await second.stop();
    }
  });

  it('stop working within seconds if the wake-up call for their revocation is lost', async () => {
    const { key, id } = await createKey(server, 'PROCTOR');
    const status = async () => (await server.rest('/exams/exam_x', { credential: key })).status;
    expect(await status()).toBe(404);
    await runSql(server, 'UPDATE "ApiKey" SET "revokedAt" = now() WHERE id = $1', [id]);
    await expect.poll(status).toBe(401);
  });

  it('are not accepted once the database has been unreachable for seconds', async () => {
    const database = await createTestDatabase();
    const line = await startFreezableProxy(database.url);
    const own = await startTestServer({ DATABASE_URL: line.url });
    // Needs nothing of the database but the key.
    const query = '{ warningTypes { type } }';
    const code = () => codeOf(ADMIN_KEY, query, own.url);
    try {
      expect(await code()).toBeNull();
      await line.cut();
      await expect.poll(code).toBe('SERVER_ERROR');
      await line.restore();
      await expect.poll(code).toBeNull();
    } finally {
      await own.stop();
      await line.stop();
      await database.drop();
    }
  });

  it('are limited per address if they are wrong, while correct ones still pass', async () => {
    const own = await startTestServer();
    try {
      const attempts = await Promise.all(
        Array.from({ length: 70 }, (_, i) => own.rest('/exams/exam_x', { credential: `invigil_wrong_${i}` })),
      );
      const limited = attempts.find(({ status }) => status === 429);
      expect(limited?.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await limited?.json()).toMatchObject({ error: { code: 'rate_limited' } });
      expect((await own.rest('/exams/exam_x')).status).toBe(404);
    } finally {
      await own.stop();
    }
  });

  it('are rate-limited if RATE_LIMIT_PER_MINUTE is set', async () => {
    const own = await startTestServer({ RATE_LIMIT_PER_MINUTE: '5' });
    try {
      const answers = await Promise.all(Array.from({ length: 8 }, () => own.rest('/exams/exam_x')));
      expect(answers.filter(({ status }) => status === 404)).toHaveLength(5);
      const limited = answers.find(({ status }) => status === 429);
      expect(limited?.headers.get('ratelimit-policy')).toContain('q=5');
      expect(limited?.headers.get('ratelimit')).toContain('r=0');
    } finally {
      await own.stop();
    }
  });
});

describe('tenants', () => {
  it("do not see each other's exams", async () => {
    const [mine, other] = [await createKey(server, 'LMS', 'north'), await createKey(server, 'LMS', 'south')];
    const exam = await createExam(server, { title: 'Of the north' }, mine.key);
    const [warning] = await report(server, exam.id, 'user_1', ['noise'], mine.key);
    expect((await server.rest(`/exams/${exam.id}`, { credential: other.key })).status).toBe(404);
    expect(
      (await server.post(`/exams/${exam.id}/warnings`, { userId: 'x', warnings: [{ type: 'noise' }] }, { credential: other.key })).status,
    ).toBe(404);
    expect(await codeOf(other.key, `mutation { reviewWarning(warningId: "${warning?.id}", decision: CONFIRMED) { id } }`)).toBe(
      'NOT_FOUND',
    );
    const list = await server
      .graphql(other.key)
      .request<{ exams: { edges: unknown[] }; node: unknown }>(`{ exams { edges { node { id } } } node(id: "${warning?.id}") { id } }`);
    expect(list).toEqual({ exams: { edges: [] }, node: null });
    const proctor = await createKey(server, 'PROCTOR', 'north');
    expect((await server.rest(`/exams/${exam.id}`, { credential: proctor.key })).status).toBe(200);
  });
});

describe('the rules for roles', () => {
  it('let a proctor start, end and review, but not create, cancel or invite', async () => {
    const exam = await createExam(server);
    const proctor = tokenIn(exam.adminUrl);
    const [warning] = await report(server, exam.id, 'user_1', ['noise']);
    expect(await codeOf(proctor, `mutation { startExam(examId: "${exam.id}") { id } }`)).toBeNull();
    expect(
      await codeOf(proctor, `mutation { reviewWarning(warningId: "${warning?.id}", decision: DISMISSED, reason: "A dog") { id } }`),
    ).toBeNull();
    expect(
      await codeOf(proctor, `mutation { reviewParticipant(examId: "${exam.id}", userId: "user_1", status: PASSED) { id } }`),
    ).toBeNull();
    for (const refused of [
      'createExam(input: { title: "x", duration: 1 }) { id }',
      `cancelExam(examId: "${exam.id}") { id }`,
      `inviteParticipants(examId: "${exam.id}", participants: [{ userId: "x" }]) { id }`,
      `joinExam(examId: "${exam.id}", userId: "x") { token }`,
      'createApiKey(input: { name: "x", role: ADMIN }) { key }',
      'verifyUser(input: { userId: "x", referenceImage: "", verificationImage: "" }) { id }',
    ]) {
      expect(await codeOf(proctor, `mutation { ${refused} }`), refused).toBe('FORBIDDEN');
    }
    expect(await codeOf(proctor, `mutation { endExam(examId: "${exam.id}") { id } }`)).toBeNull();
  });

  it('keep the names of staff from the candidate whom they decided about', async () => {
    const exam = await createExam(server, { settings: { candidateView: 'live' } });
    const token = await join(server, exam.id, 'user_1');
    const { key } = await createKey(server, 'PROCTOR', 'default', 'Jane Doe');
    const [warning] = await report(server, exam.id, 'user_1', ['noise']);
    const review = `mutation { reviewWarning(warningId: "${warning?.id}", decision: DISMISSED, reason: "A dog") { id } }`;
    const grant = `mutation { setAccommodations(examId: "${exam.id}", userId: "user_1", suppress: ["talking"], reason: "Reads aloud") { id } }`;
    for (const decision of [review, grant]) expect(await codeOf(key, decision)).toBeNull();
    const query = `{ exam(id: "${exam.id}") { participant(userId: "user_1") { accommodations { reason by } warnings { edges { node { review { reason by } } } } } } }`;
    const seenBy = async (credential: string) => JSON.stringify(await server.graphql(credential).request(query));
    expect(await seenBy(key)).toContain('Jane Doe');
    expect(await seenBy(token)).not.toContain('Jane');
    expect(await seenBy(token)).toContain('"reason":"A dog","by":"staff"');
  });

  it('refuse pages that would be cut silently', async () => {
    const exam = await createExam(server);
    for (const page of ['exams(first: 501) { edges { cursor } }', `exam(id: "${exam.id}") { warnings(last: 100000) { edges { cursor } } }`])
      expect(await codeOf(ADMIN_KEY, `{ ${page} }`)).toBe('INVALID_REQUEST');
    expect(await codeOf(ADMIN_KEY, '{ exams(first: 500) { edges { cursor } } }')).toBeNull();
  });

  it('require a reason for a dismissal', async () => {
    const exam = await createExam(server);
    const [warning] = await report(server, exam.id, 'user_1', ['noise']);
    expect(
      await codeOf(tokenIn(exam.adminUrl), `mutation { reviewWarning(warningId: "${warning?.id}", decision: DISMISSED) { id } }`),
    ).toBe('INVALID_REQUEST');
  });

  it('let candidates act only as themselves and see only their own data', async () => {
    const exam = await createExam(server, { settings: { candidateView: 'live' } });
    const token = await join(server, exam.id, 'user_1');
    await report(server, exam.id, 'user_2', ['noise']);
    await report(server, exam.id, 'user_1', ['books'], token);
    const body = { userId: 'user_2', warnings: [{ type: 'noise' }] };
    const forged = await server.post(`/exams/${exam.id}/warnings`, body, { credential: token });
    expect(forged.status).toBe(401);
    expect(await forged.json()).toMatchObject({ error: { code: 'forbidden' } });
    const seen = (await (await server.rest(`/exams/${exam.id}`, { credential: token })).json()) as Record<string, unknown>;
    expect(seen).toMatchObject({ participants: [{ id: 'user_1' }], warnings: [{ userId: 'user_1' }] });
    expect(seen).not.toHaveProperty('adminUrl');
    const query = `{ exam(id: "${exam.id}") { adminUrl participant(userId: "user_2") { id } participants { edges { node { userId } } } warnings { edges { node { userId } } } } }`;
    expect(await server.graphql(token).request(query)).toEqual({
      exam: {
        adminUrl: null,
        participant: null,
        participants: { edges: [{ node: { userId: 'user_1' } }] },
        warnings: { edges: [{ node: { userId: 'user_1' } }] },
      },
    });
    for (const refused of [
      `startExam(examId: "${exam.id}") { id }`,
      `reviewParticipant(examId: "${exam.id}", userId: "user_1", status: PASSED) { id }`,
    ]) {
      expect(await codeOf(token, `mutation { ${refused} }`)).toBe('FORBIDDEN');
    }
    expect(await codeOf(token, '{ exams { edges { node { id } } } }')).toBe('FORBIDDEN');
    const other = await createExam(server);
    expect((await server.rest(`/exams/${other.id}`, { credential: token })).status).toBe(404);
  });

  it('let an access link join each candidate only once', async () => {
    const exam = await createExam(server);
    const link = tokenIn(exam.accessUrl);
    const token = await join(server, exam.id, 'user_1', link);
    expect((await server.rest(`/exams/${exam.id}`, { credential: token })).status).toBe(200);
    expect(await codeOf(link, `mutation { joinExam(examId: "${exam.id}", userId: "user_1") { token } }`)).toBe('CONFLICT');
    expect(await codeOf(link, `mutation { reportWarnings(examId: "${exam.id}", warnings: [{ type: "noise" }]) { id } }`)).toBe('FORBIDDEN');
    await join(server, exam.id, 'user_1');
  });
});

describe('the lifecycle of an exam', () => {
  const status = (mutation: string, id: string) =>
    server
      .graphql()
      .request<Record<string, { status: string }>>(`mutation { ${mutation}(examId: "${id}") { status } }`)
      .then((data) => data[mutation]?.status);

  it('goes from created to completed, and repeated requests change nothing', async () => {
    const { id } = await createExam(server);
    expect(await codeOf(tokenIn((await createExam(server)).adminUrl), `mutation { endExam(examId: "${id}") { id } }`)).toBe('NOT_FOUND');
    expect([
      await status('startExam', id),
      await status('startExam', id),
      await status('endExam', id),
      await status('endExam', id),
    ]).toEqual(['IN_PROGRESS', 'IN_PROGRESS', 'COMPLETED', 'COMPLETED']);
    await expect(status('startExam', id)).rejects.toThrow('The exam is over');
    await expect(status('cancelExam', id)).rejects.toThrow('cannot be cancelled');
  });

  it('refuses candidates after cancellation', async () => {
    const { id } = await createExam(server);
    expect(await status('cancelExam', id)).toBe('CANCELLED');
    await expect(join(server, id, 'user_1')).rejects.toThrow('cancelled');
    expect((await server.post(`/exams/${id}/warnings`, { userId: 'user_1', warnings: [{ type: 'noise' }] })).status).toBe(400);
  });

  it('includes inviting, correcting and listing participants', async () => {
    const { id } = await createExam(server);
    const invite = (name: string) =>
      server
        .graphql()
        .request(
          `mutation { inviteParticipants(examId: "${id}", participants: [{ userId: "user_1", name: "${name}", extraMinutes: 10 }]) { userId name status extraMinutes } }`,
        );
    await invite('Jan Smith');
    expect(await invite('Jane Smith')).toEqual({
      inviteParticipants: [{ userId: 'user_1', name: 'Jane Smith', status: 'INVITED', extraMinutes: 10 }],
    });
    expect((await (await server.rest(`/exams/${id}`)).json()) as object).toMatchObject({
      status: 'created',
      participants: [{ id: 'user_1', status: 'invited' }],
    });
  });
});
