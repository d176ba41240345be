import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
});
afterAll(() => server.stop());

const SECRET = 'A phone in the hand at 10:41';
interface Facts {
  review: string;
  secondReviewNeeded: boolean;
  verdicts: { status: string; by: string; reason: string | null }[];
}
async function read(examId: string, credential?: string): Promise<Facts> {
  const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { review secondReviewNeeded verdicts { status by reason } } } }`;
  return (await server.graphql(credential).request<{ exam: { participant: Facts } }>(query)).exam.participant;
}
async function give(examId: string, status: string, credential: string, reason: string | null = null): Promise<string> {
  const response = await server.post(`/exams/${examId}/participants/user_1/review`, { status, reason }, { credential });
  const body = (await response.json()) as { review?: string; error?: { code: string } };
  return body.review ?? body.error?.code ?? '';
}
const report = async (examId: string, credential?: string) =>
  (await server.rest(`/exams/${examId}/participants/user_1/report.json`, credential ? { credential } : {})).text();

const EVENTS = `subscription ($id: ID!) { examEvents(examId: $id, after: 0) { kind: __typename
  ... on ParticipantChanged { change { what from to by reason } participant { secondReviewNeeded verdicts { by reason } } }
  ... on MessageSent { message { text } } } }`;
async function logOf(examId: string, credential?: string): Promise<{ text: string; reviews: unknown[] }> {
  const feed = collect<{ examEvents: { kind: string; change?: { what: string } } }>(server.subscribe(credential), EVENTS, { id: examId });
  await server.post(`/exams/${examId}/messages`, { text: 'end' });
  await feed.find(({ examEvents }) => examEvents.kind === 'MessageSent');
  feed.unsubscribe();
  const reviews = feed.items.flatMap(({ examEvents: { change } }) => (change?.what === 'review' ? [change] : []));
  return { text: JSON.stringify(feed.items), reviews };
}

async function hall() {
  const exam = await createExam(server);
  const token = await join(server, exam.id, 'user_1');
  const personal = async (name: string) =>
    tokenIn(((await (await server.post(`/exams/${exam.id}/proctor-links`, { name })).json()) as { url: string }).url);
  const shared = tokenIn(exam.adminUrl);
  const entered = await server.post(`/exams/${exam.id}/console`, { name: 'Cid' }, { credential: shared });
  const { token: named } = (await entered.json()) as { token: string };
  const [ada, bea] = [await personal('Ada'), await personal('Bea')];
  const { key } = await createKey(server, 'PROCTOR', 'default', 'Dan');
  const { key: lms } = await createKey(server, 'LMS', 'default', 'School');
  return { examId: exam.id, token, ada, bea, key, lms, shared, named };
}

it('a second person who has not decided learns that one is needed, and neither who found the violation nor why', async () => {
  const { examId, token, ada, bea, key, lms, shared, named } = await hall();
  expect(await give(examId, 'in_review', bea)).toBe('in_review');
  expect((await read(examId, bea)).secondReviewNeeded).toBe(false);
  expect(await give(examId, 'violation', ada, SECRET)).toBe('in_review');
  const before = { status: 'IN_REVIEW', by: 'Bea', reason: null };
  const found = { status: 'VIOLATION', by: 'Ada', reason: SECRET };
  // To have looked is no verdict.
  const blind = { bea, key, shared, named };
  for (const [who, credential] of Object.entries(blind)) {
    expect(await read(examId, credential), who).toEqual({ review: 'IN_REVIEW', secondReviewNeeded: true, verdicts: [before] });
    expect(await report(examId, credential), who).not.toContain(SECRET);
    const { text, reviews } = await logOf(examId, credential);
    expect(text, who).not.toContain('Ada');
    expect(text, who).not.toContain(SECRET);
    expect(reviews.at(-1)).toEqual({ what: 'review', from: 'IN_REVIEW', to: 'IN_REVIEW', by: null, reason: null });
  }
  for (const credential of [undefined, lms, ada]) {
    expect(await read(examId, credential)).toEqual({ review: 'IN_REVIEW', secondReviewNeeded: true, verdicts: [before, found] });
    expect(await report(examId, credential)).toContain(SECRET);
  }
  expect((await logOf(examId, lms)).reviews.at(-1)).toMatchObject({ by: 'Ada', reason: SECRET });
  // The candidate reads neither, nor that anybody is needed.
  const own = `{ exam(id: "${examId}") { participant(userId: "user_1") { secondReviewNeeded } } }`;
  expect(await server.graphql(token).request(own)).toEqual({ exam: { participant: { secondReviewNeeded: false } } });
  // With a verdict of its own it reads the others, and so does everybody once it is decided.
  expect(await give(examId, 'passed', named)).toBe('in_review');
  expect((await read(examId, named)).verdicts).toEqual([before, found, { status: 'PASSED', by: 'Cid (shared link)', reason: null }]);
  expect((await read(examId, key)).verdicts).toEqual([before]);
  expect((await read(examId, bea)).verdicts).toEqual([before]);
  expect(await give(examId, 'violation', key, 'I see it too')).toBe('violation');
  for (const credential of [shared, ada, bea]) {
    const { verdicts, secondReviewNeeded } = await read(examId, credential);
    expect([verdicts.length, secondReviewNeeded]).toEqual([4, false]);
  }
  expect(await report(examId, shared)).toContain(SECRET);
});

it('a proposal that is taken back, or outweighed by two, needs nobody and hides nothing', async () => {
  const { examId, ada, bea, key, shared } = await hall();
  await give(examId, 'violation', ada, SECRET);
  expect(await give(examId, 'passed', ada)).toBe('passed');
  expect(await read(examId, shared)).toMatchObject({ secondReviewNeeded: false, verdicts: [{ by: 'Ada' }, { by: 'Ada' }] });
  await give(examId, 'violation', bea, SECRET);
  expect(await read(examId, shared)).toMatchObject({ secondReviewNeeded: true, verdicts: [{ by: 'Ada' }, { by: 'Ada' }] });
  expect(await give(examId, 'passed', key)).toBe('passed');
  expect(await read(examId, shared)).toMatchObject({ secondReviewNeeded: false });
  expect((await read(examId, shared)).verdicts).toHaveLength(4);
});

it('nobody reads a proposal too early while all read, decide and follow at once', async () => {
  const halls = await Promise.all(Array.from({ length: 4 }, () => hall()));
  await Promise.all(halls.map(({ examId, ada }, at) => give(examId, 'violation', ada, `${SECRET} ${at}`)));
  const checks = halls.flatMap(({ examId, ada, bea, key, lms, shared, named }, at) => {
    const secret = `${SECRET} ${at}`;
    const seen = async (credential: string, sees: boolean) => {
      const { verdicts } = await read(examId, credential);
      expect(JSON.stringify(verdicts).includes(secret)).toBe(sees);
      for (const other of halls.keys()) if (other !== at) expect(JSON.stringify(verdicts)).not.toContain(`${SECRET} ${other}`);
    };
    return Array.from({ length: 8 }, () => [
      ...[ada, lms].map((credential) => seen(credential, true)),
      ...[bea, key, shared, named].map((credential) => seen(credential, false)),
    ]).flat();
  });
  await Promise.all(checks);
  expect(checks).toHaveLength(192);
});
