import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { eventually } from '../helpers/patience.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';
import { photographs, snap } from '../helpers/snapshots.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
});
afterAll(() => server.stop());

const unwatched = { aiDetection: { enabled: false } };

async function request(examId: string, userId: string, credential?: string): Promise<string> {
  const answer = await server
    .graphql(credential)
    .request(`mutation { requestSnapshot(examId: "${examId}", userId: "${userId}") { id } }`)
    .catch((error: { response: { errors: { extensions: { code: string } }[] } }) => error.response.errors[0]?.extensions.code);
  return typeof answer === 'string' ? answer : 'asked';
}

interface Seen {
  examEvents: { kind: string; at: string; change?: { what: string; by: string; to: string | null }; participant?: { userId: string } };
}
const EVENTS = `subscription ($id: ID!, $after: SafeInt) { examEvents(examId: $id, after: $after) { kind: __typename seq at
  ... on ParticipantChanged { change { what from to by reason } participant { userId } } } }`;
const follow = (examId: string, credential?: string) => collect<Seen>(server.subscribe(credential), EVENTS, { id: examId, after: 0 });
const asked = ({ examEvents: { change } }: Seen) => change?.what === 'snapshot';

async function takenAt(examId: string): Promise<string | null> {
  interface Answer {
    exam: { participant: { latestSnapshot: { takenAt: string } | null } };
  }
  const query = `{ exam(id: "${examId}") { participant(userId: "user_1") { latestSnapshot { takenAt } } } }`;
  return (await server.graphql().request<Answer>(query)).exam.participant.latestSnapshot?.takenAt ?? null;
}

it('the page of a candidate who is asked sends a picture, which staff see although one is newer than five seconds; the log says who asked', async () => {
  const exam = await createExam(server, { settings: unwatched });
  const token = await join(server, exam.id, 'user_1');
  const before = new Date(Date.now() - 1_000).toISOString();
  expect((await snap(server, exam.id, photographs.oneFace, token, { takenAt: before })).status).toBe(200);
  await eventually(async () => expect(await takenAt(exam.id)).toBe(before));
  const page = follow(exam.id, token);
  const { key: ada } = await createKey(server, 'PROCTOR', 'default', 'Ada');
  expect(await request(exam.id, 'user_1', ada)).toBe('asked');
  const told = await page.find(asked);
  // Who it was is for staff.
  expect(told?.examEvents.change).toEqual({ what: 'snapshot', from: null, to: null, by: 'staff', reason: null });
  const now = new Date().toISOString();
  expect((await snap(server, exam.id, photographs.oneFace, token, { takenAt: now })).status).toBe(200);
  await eventually(async () => expect(await takenAt(exam.id)).toBe(now));
  const console = follow(exam.id, ada);
  expect((await console.find(asked))?.examEvents).toMatchObject({ change: { by: 'Ada' }, participant: { userId: 'user_1' } });
  page.unsubscribe();
  console.unsubscribe();
});

it('one candidate is asked once in five seconds, however many ask; the others learn nothing, and whoever has no business there asks nobody', async () => {
  const exam = await createExam(server, { settings: unwatched });
  const tokens = await Promise.all(['user_1', 'user_2'].map((userId) => join(server, exam.id, userId)));
  const other = await createExam(server);
  const { key: stranger } = await createKey(server, 'PROCTOR', 'another');
  const hostile = [...tokens, tokenIn(exam.accessUrl), tokenIn(other.adminUrl), stranger, 'invigil_none'];
  // They come first, and use up nothing of those who may.
  const refused = await Promise.all(hostile.map((credential) => request(exam.id, 'user_1', credential)));
  expect(refused).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'NOT_FOUND', 'NOT_FOUND', 'UNAUTHORIZED']);
  const staff = [undefined, tokenIn(exam.adminUrl)];
  const begun = performance.now();
  const answers = await Promise.all(
    ['user_1', 'user_2'].map((userId) => Promise.all(Array.from({ length: 20 }, (_, i) => request(exam.id, userId, staff[i % 2])))),
  );
  // Once, unless the machine took more than five seconds for it.
  const most = 1 + Math.floor((performance.now() - begun) / 5_000);
  const counts = answers.map((told) => told.filter((one) => one === 'asked').length);
  for (const [at, told] of answers.entries()) {
    expect(new Set(told)).toEqual(new Set(['asked', 'RATE_LIMITED']));
    expect(counts[at]).toBeLessThanOrEqual(most);
  }
  await server.post(`/exams/${exam.id}/messages`, { text: 'end' });
  const feeds = tokens.map((token) => follow(exam.id, token));
  for (const [at, feed] of feeds.entries()) {
    await feed.find(({ examEvents }) => examEvents.kind === 'MessageSent');
    const found = feed.items.filter(asked);
    expect(found.map(({ examEvents }) => examEvents.participant?.userId)).toEqual(Array(counts[at]).fill(`user_${at + 1}`));
    feed.unsubscribe();
  }
});

it('nobody is asked whose camera is off: before the exam, while paused, after it, or where none is recorded', async () => {
  const exam = await createExam(server, { settings: unwatched });
  const deaf = await createExam(server, { settings: { ...unwatched, webcam: false } });
  await join(server, deaf.id, 'user_1');
  for (const userId of ['paused', 'gone', 'there']) await join(server, exam.id, userId);
  await server.graphql().request(`mutation { inviteParticipants(examId: "${exam.id}", participants: [{ userId: "absent" }]) { id } }`);
  await server.post(`/exams/${exam.id}/participants/paused/pause`, { reason: 'r' });
  await server.post(`/exams/${exam.id}/participants/gone/terminate`, { reason: 'r' });
  expect(await request(deaf.id, 'user_1')).toBe('CONFLICT');
  for (const userId of ['absent', 'paused', 'gone']) expect(await request(exam.id, userId), userId).toBe('CONFLICT');
  expect(await request(exam.id, 'nobody')).toBe('NOT_FOUND');
  expect(await request(exam.id, 'there')).toBe('asked');
});
