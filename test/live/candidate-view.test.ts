import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { film, pictures, tempDir } from '../helpers/media.ts';
import { runSql } from '../helpers/postgres.ts';
import { uploadRecording } from '../helpers/recordings.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type View = 'never' | 'after_end' | 'live' | undefined;

interface Seat {
  examId: string;
  token: string;
  /** The warning that the candidate's own page reported, and one of a proctor. */
  warnings: string[];
}

async function seated(candidateView: View): Promise<Seat> {
  const exam = await createExam(server, { settings: { aiDetection: { enabled: false }, ...(candidateView && { candidateView }) } });
  const token = await join(server, exam.id, 'user_1');
  const [own] = await report(server, exam.id, 'user_1', ['tab_switch'], token);
  const [theirs] = await report(server, exam.id, 'user_1', ['books'], tokenIn(exam.adminUrl));
  return { examId: exam.id, token, warnings: [own?.id ?? '', theirs?.id ?? ''] };
}

const ASK = `query ($examId: ID!, $one: ID!) {
  node(id: $one) { id }
  exam(id: $examId) {
    warnings { totalCount edges { node { type visibleToCandidate } } }
    participants(first: 5) { edges { node { warningCount warnings { edges { node { type } } } } } }
    participant(userId: "user_1") { warningCount warnings(first: 1) { edges { node { type } } } }
  }
}`;
/** The query that opens a console, which is answered by other code. */
const PAGES = `query ($examId: ID!) { exam(id: $examId) {
  participants(first: 5) { edges { node { warningCount } } } warnings(first: 5) { edges { node { type } } } } }`;
const ALL = 'subscription ($examId: ID!) { examEvents(examId: $examId, after: 0) { seq kind: __typename } }';

interface Answered {
  node: object | null;
  exam: {
    warnings: { totalCount: number; edges: { node: { type: string; visibleToCandidate: boolean } }[] };
    participants: { edges: { node: { warningCount: number; warnings: { edges: object[] } } }[] };
    participant: { warningCount: number; warnings: { edges: object[] } };
  };
}

/** How many warnings the bearer gets by each door. */
async function seenBy({ examId, warnings: [one] }: Seat, credential?: string): Promise<Record<string, number>> {
  const client = server.graphql(credential);
  const { node, exam } = await client.request<Answered>(ASK, { examId, one });
  const pages = await client.request<Answered>(PAGES, { examId });
  const rest = (await (await server.rest(`/exams/${examId}`, credential ? { credential } : {})).json()) as { warnings: object[] };
  const list = (await (await server.rest(`/exams/${examId}/warnings`, credential ? { credential } : {})).json()) as { warnings: object[] };
  // The exam's start is the first event of every log, and its newest is one that everybody gets.
  const log = collect<{ examEvents: { kind: string } }>(server.subscribe(credential), ALL, { examId });
  await server.post(`/exams/${examId}`, { title: `Now ${Math.random()}` }, { method: 'PATCH' });
  const isNewest = await runSql<{ seq: number }>(server, 'SELECT "lastSeq"::int AS seq FROM "Exam" WHERE id = $1', [examId]);
  await log.find(({ examEvents }) => (examEvents as unknown as { seq: number }).seq >= (isNewest[0]?.seq ?? 0));
  log.unsubscribe();
  return {
    node: node ? 1 : 0,
    edges: exam.warnings.edges.length,
    totalCount: exam.warnings.totalCount,
    warningCount: exam.participant.warningCount,
    ofParticipant: exam.participant.warnings.edges.length,
    warningCountInList: exam.participants.edges[0]?.node.warningCount ?? -1,
    ofParticipantInList: exam.participants.edges[0]?.node.warnings.edges.length ?? -1,
    firstPages: pages.exam.warnings.edges.length,
    warningCountOfPages: pages.exam.participants.edges[0]?.node.warningCount ?? -1,
    rest: rest.warnings.length,
    restList: list.warnings.length,
    replayed: log.items.filter(({ examEvents }) => examEvents.kind === 'WarningAdded').length,
  };
}
const NOTHING = {
  node: 0,
  edges: 0,
  totalCount: 0,
  warningCount: 0,
  ofParticipant: 0,
  warningCountInList: 0,
  ofParticipantInList: 0,
  firstPages: 0,
  warningCountOfPages: 0,
  rest: 0,
  restList: 0,
  replayed: 0,
};
const ALL_OF_IT = {
  node: 1,
  edges: 2,
  totalCount: 2,
  warningCount: 2,
  ofParticipant: 1,
  warningCountInList: 2,
  ofParticipantInList: 2,
  firstPages: 2,
  warningCountOfPages: 2,
  rest: 2,
  restList: 2,
  replayed: 2,
};

const submit = async ({ examId, token }: Seat) => {
  expect((await server.post(`/exams/${examId}/submit`, { stats: {} }, { credential: token })).status).toBe(200);
};

describe('a candidate sees the warnings about itself', () => {
  it.each<[View, object, object]>([
    ['live', ALL_OF_IT, ALL_OF_IT],
    ['after_end', NOTHING, ALL_OF_IT],
    [undefined, NOTHING, ALL_OF_IT],
    ['never', NOTHING, NOTHING],
  ])('by the setting %s at every door, before it has left the exam and after; staff always do', async (view, before, after) => {
    const seat = await seated(view);
    expect(await seenBy(seat, seat.token)).toEqual(before);
    expect(await seenBy(seat)).toEqual(ALL_OF_IT);
    const visible = async () => {
      const { exam } = await server.graphql().request<Answered>(ASK, { examId: seat.examId, one: seat.warnings[0] });
      return exam.warnings.edges.map(({ node }) => node.visibleToCandidate);
    };
    expect(await visible()).toEqual([before === ALL_OF_IT, before === ALL_OF_IT]);
    // Its change of the title is refused once the exam is over, so here the candidate alone leaves.
    await submit(seat);
    expect(await seenBy(seat, seat.token)).toEqual(after);
    expect(await visible()).toEqual([after === ALL_OF_IT, after === ALL_OF_IT]);
  });

  it('not any more after it was let in again, and again when the exam is over', async () => {
    const seat = await seated('after_end');
    await submit(seat);
    expect(await seenBy(seat, seat.token)).toEqual(ALL_OF_IT);
    await server.post(`/exams/${seat.examId}/participants/user_1/readmit`, { reason: 'Left by mistake' });
    expect(await seenBy(seat, seat.token)).toEqual(NOTHING);
    await server.rest(`/exams/${seat.examId}/end`, { method: 'POST' });
    const query = `{ exam(id: "${seat.examId}") { warnings { totalCount } } }`;
    expect(await server.graphql(seat.token).request(query)).toEqual({ exam: { warnings: { totalCount: 2 } } });
  });

  it('at once where the setting is changed while it follows the exam, and not those of others', async () => {
    const seat = await seated('never');
    const client = server.subscribe(seat.token);
    const added = 'subscription ($id: ID!) { warningAdded(examId: $id) { type } }';
    const warnings = collect<{ warningAdded: { type: string } }>(client, added, { id: seat.examId });
    const live = collect<{ examEvents: { kind: string; warning?: { type: string; userId: string } } }>(
      client,
      'subscription ($id: ID!) { examEvents(examId: $id) { kind: __typename ... on WarningAdded { warning { type userId } } } }',
      { id: seat.examId },
    );
    // Both have begun when the first gets an event that everybody gets: they were sent in this order on one socket.
    let titles = 0;
    const begun = async () => {
      await server.post(`/exams/${seat.examId}`, { title: `Title ${(titles += 1)}` }, { method: 'PATCH' });
      return live.items.length;
    };
    await expect.poll(begun).toBeGreaterThan(0);
    await report(server, seat.examId, 'user_1', ['noise']);
    await server.post(`/exams/${seat.examId}`, { settings: { candidateView: 'live' } }, { method: 'PATCH' });
    await report(server, seat.examId, 'user_2', ['headphones']);
    await report(server, seat.examId, 'user_1', ['mouse_left']);
    await live.find(({ examEvents }) => examEvents.kind === 'WarningAdded');
    expect(live.items.filter(({ examEvents }) => examEvents.kind === 'WarningAdded')).toEqual([
      { examEvents: { kind: 'WarningAdded', warning: { type: 'mouse_left', userId: 'user_1' } } },
    ]);
    await warnings.take(1);
    expect(warnings.items).toEqual([{ warningAdded: { type: 'mouse_left' } }]);
  });

  it('whole in a second tab that replays the log after the end, while the first one stays open', async () => {
    const seat = await seated('after_end');
    const client = server.subscribe(seat.token);
    const first = collect<{ examEvents: { kind: string } }>(client, ALL, { examId: seat.examId });
    await first.take(2);
    await report(server, seat.examId, 'user_1', ['noise']);
    await submit(seat);
    await report(server, seat.examId, 'user_1', ['headphones']);
    await first.find(({ examEvents }) => examEvents.kind === 'WarningAdded');
    const second = collect<{ examEvents: { kind: string; seq: number } }>(client, ALL, { examId: seat.examId });
    const last = await second.find(({ examEvents }) => examEvents.seq >= 7);
    expect(last).toBeDefined();
    expect(second.items.filter(({ examEvents }) => examEvents.kind === 'WarningAdded')).toHaveLength(4);
    expect(first.items.filter(({ examEvents }) => examEvents.kind === 'WarningAdded')).toHaveLength(1);
  });

  it('with the picture of that moment, which opens no earlier than the warning', async () => {
    const seat = await seated('after_end');
    const path = joinPath(tempDir(), 'webcam.webm');
    await film(path, [{ picture: pictures.oneFace, seconds: 1 }], []);
    const recording = await uploadRecording(server, { examId: seat.examId, userId: 'user_1', type: 'webcam', path });
    const [id] = seat.warnings;
    await runSql(server, 'UPDATE "Warning" SET "recordingId" = $2, "offsetSeconds" = 0.5 WHERE id = $1', [id, recording.id]);
    const frame = async (credential?: string) => (await server.rest(`/warnings/${id}/frame`, credential ? { credential } : {})).status;
    expect(await frame(seat.token)).toBe(404);
    expect(await frame()).toBe(200);
    await submit(seat);
    expect(await frame(seat.token)).toBe(200);
    const query = `{ node(id: "${id}") { ... on Warning { frameUrl } } }`;
    const { node } = await server.graphql(seat.token).request<{ node: { frameUrl: string } }>(query);
    const { pathname, search } = new URL(node.frameUrl);
    expect((await fetch(`${server.url}${pathname}${search}`)).headers.get('content-type')).toBe('image/jpeg');
  });

  it('without the name of who decided, and without the decision before it may see it, even where its own page reported it', async () => {
    const exam = await createExam(server);
    const token = await join(server, exam.id, 'user_1');
    const { key } = await createKey(server, 'PROCTOR', 'default', 'Jane Doe');
    const reportAgain = async () => {
      const { reportWarnings } = await server
        .graphql(token)
        .request<{ reportWarnings: { id: string; review: object | null }[] }>(
          `mutation { reportWarnings(examId: "${exam.id}", warnings: [{ type: "tab_switch", clientEventId: "a" }]) { id review { reason by } } }`,
        );
      return reportWarnings[0];
    };
    const first = await reportAgain();
    await server
      .graphql(key)
      .request(`mutation { reviewWarning(warningId: "${first?.id}", decision: DISMISSED, reason: "A pop-up") { id } }`);
    expect(await reportAgain()).toEqual({ id: first?.id, review: null });
    await server.rest(`/exams/${exam.id}/end`, { method: 'POST' });
    expect(await reportAgain()).toEqual({ id: first?.id, review: { reason: 'A pop-up', by: 'staff' } });
  });

  it('not by reporting under the id that a proctor gave to a warning, nor does that keep the warning of a proctor out', async () => {
    const exam = await createExam(server, { settings: { candidateView: 'never' } });
    const token = await join(server, exam.id, 'user_1');
    const reportAs = async (credential: string, type: string, clientEventId: string) => {
      const body = { userId: 'user_1', warnings: [{ type, details: 'As seen by its reporter', clientEventId }] };
      const response = await server.post(`/exams/${exam.id}/warnings`, body, { credential });
      return ((await response.json()) as { warnings: { id: string; type: string }[] }).warnings[0];
    };
    const proctor = tokenIn(exam.adminUrl);
    const [seen, claimed] = [await reportAs(proctor, 'books', 'seen-1'), await reportAs(token, 'tab_switch', 'seen-2')];
    expect(await reportAs(token, 'tab_switch', 'seen-1')).toMatchObject({ type: 'tab_switch' });
    expect(await reportAs(proctor, 'headphones', 'seen-2')).toMatchObject({ type: 'headphones' });
    expect([await reportAs(proctor, 'books', 'seen-1'), await reportAs(token, 'tab_switch', 'seen-2')]).toMatchObject([
      { id: seen?.id },
      { id: claimed?.id },
    ]);
    // Handed in, the same ids are those of the candidate too.
    const stats = { stats: {}, warnings: [{ type: 'window_blur', clientEventId: 'seen-3' }] };
    await reportAs(proctor, 'notes', 'seen-3');
    await server.post(`/exams/${exam.id}/submit`, stats, { credential: token });
    const stored = await runSql<{ type: string }>(server, 'SELECT type FROM "Warning" WHERE "examId" = $1 ORDER BY seq', [exam.id]);
    expect(stored.map(({ type }) => type)).toEqual(['books', 'tab_switch', 'tab_switch', 'headphones', 'notes', 'window_blur']);
  });
});
