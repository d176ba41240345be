import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PRESENCE_GRACE_SECONDS: '20' });
});
afterAll(() => server.stop());

async function ask<T>(query: string, credential?: string): Promise<T | string> {
  try {
    return await server.graphql(credential).request<T>(query);
  } catch (error) {
    return (error as { response: { errors: { extensions: { code: string } }[] } }).response.errors[0]?.extensions.code ?? String(error);
  }
}
interface Sample {
  id: string;
  isSample: boolean;
  adminUrl: string;
}
async function create(credential?: string): Promise<Sample | string> {
  const answer = await ask<{ createSampleExam: Sample }>('mutation { createSampleExam { id isSample adminUrl } }', credential);
  return typeof answer === 'string' ? answer : answer.createSampleExam;
}
async function remove(examId: string, credential?: string): Promise<string> {
  const answer = await ask<{ removeSampleExam: string }>(`mutation { removeSampleExam(examId: "${examId}") }`, credential);
  return typeof answer === 'string' ? answer : answer.removeSampleExam;
}
async function made(credential?: string): Promise<Sample> {
  const sample = await create(credential);
  if (typeof sample === 'string') throw new Error(sample);
  return sample;
}

interface Console {
  exam: {
    counts: { participants: { status: string; count: number }[]; handsRaised: number; flagged: { recordings: number; seconds: number } };
    groups: { name: string; participants: number }[];
    recordings: { edges: { node: { type: string; status: string; duration: number } }[] };
    warnings: { edges: { node: { type: string; source: string; frameUrl: string | null } }[] };
    messages: { edges: { node: { text: string } }[] };
  };
}
const CONSOLE = (id: string) => `{ exam(id: "${id}") { counts { participants { status count } handsRaised flagged { recordings seconds } }
  groups { name participants } recordings(first: 9) { edges { node { type status duration } } }
  warnings(first: 50) { edges { node { type source frameUrl } } } messages(first: 5) { edges { node { text } } } } }`;

it('has people in every status, pictures, recordings and hands, and plays: what happens in it arrives at a console', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'north');
  const sample = await made(lms);
  expect(sample.isSample).toBe(true);
  const shared = tokenIn(sample.adminUrl);
  const read = async () => (await server.graphql(shared).request<Console>(CONSOLE(sample.id))).exam;
  const every = ['INVITED', 'CHECKING_IN', 'WAITING', 'ACTIVE', 'PAUSED', 'DISCONNECTED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'];
  await expect
    .poll(async () => (await read()).counts.participants.map(({ status, count }) => `${status} ${count}`))
    .toEqual(every.map((status) => `${status} ${status === 'ACTIVE' ? 4 : 1}`));
  const shown = async () => {
    const query = `{ exam(id: "${sample.id}") { participants(first: 50) { edges { node { latestSnapshot { url } } } } } }`;
    const { exam } = await server
      .graphql(shared)
      .request<{ exam: { participants: { edges: { node: { latestSnapshot: object | null } }[] } } }>(query);
    return exam.participants.edges.filter(({ node }) => node.latestSnapshot !== null).length;
  };
  await expect.poll(shown).toBe(4);
  const exam = await read();
  expect(exam.groups).toEqual([
    { name: 'Room 1', participants: 6 },
    { name: 'Room 2', participants: 6 },
  ]);
  expect(exam.recordings.edges.map(({ node }) => node.type).toSorted()).toEqual(['SCREEN', 'SCREEN', 'WEBCAM', 'WEBCAM']);
  for (const { node } of exam.recordings.edges) expect(node.duration).toBeCloseTo(20, 0);
  expect(exam.counts.flagged.recordings).toBe(2);
  const pictured = exam.warnings.edges.flatMap(({ node }) => (node.source === 'ANALYSIS' ? [node.frameUrl ?? ''] : []));
  expect(pictured).toHaveLength(6);
  for (const url of pictured)
    expect((await fetch(url.replace(/^https?:\/\/[^/]+/, server.url))).headers.get('content-type')).toBe('image/jpeg');
  const feed = collect<{ examEvents: { kind: string; change?: { what: string; to: string } } }>(
    server.subscribe(shared),
    'subscription ($id: ID!) { examEvents(examId: $id) { kind: __typename ... on ParticipantChanged { change { what to } } } }',
    { id: sample.id },
  );
  await feed.find(({ examEvents: { change } }) => change?.what === 'hand');
  feed.unsubscribe();
  await remove(sample.id, lms);
});

it('is one at a time in each organisation, however many ask at once, and is for nobody but its LMS and admin to make or remove', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'south');
  const { key: proctor } = await createKey(server, 'PROCTOR', 'south');
  const { key: stranger } = await createKey(server, 'LMS', 'west');
  const answers = await Promise.all([lms, lms, lms, proctor].map((key) => create(key)));
  expect(answers.map((answer) => (typeof answer === 'string' ? answer : 'made')).toSorted()).toEqual([
    'CONFLICT',
    'CONFLICT',
    'FORBIDDEN',
    'made',
  ]);
  const sample = answers.find((answer) => typeof answer !== 'string') as Sample;
  const real = await createExam(server, {}, lms);
  const candidate = await join(server, real.id, 'user_1', lms);
  const theirs = [stranger, proctor, tokenIn(sample.adminUrl), candidate, 'invigil_none'];
  expect(await Promise.all(theirs.map((key) => remove(sample.id, key)))).toEqual([
    'NOT_FOUND',
    'FORBIDDEN',
    'FORBIDDEN',
    'FORBIDDEN',
    'UNAUTHORIZED',
  ]);
  expect(await remove(real.id, lms)).toBe('CONFLICT');
  expect((await Promise.all([remove(sample.id, lms), remove(sample.id, lms)])).toSorted()).toContain(sample.id);
  expect(await ask(`{ exam(id: "${real.id}") { isSample } }`, lms)).toEqual({ exam: { isSample: false } });
  const again = await made(lms);
  expect(again.id).not.toBe(sample.id);
  await remove(again.id, lms);
});

it('goes with everything: consoles are told, rows and files are gone; what others have stays', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'east');
  await expect.poll(() => server.storedFiles()).toEqual([]);
  const sample = await made(lms);
  const shared = tokenIn(sample.adminUrl);
  const consoles = [
    'subscription ($id: ID!) { examEvents(examId: $id) { seq } }',
    'subscription ($id: ID!) { examPulse(examId: $id) { at } }',
  ].map((query) => collect(server.subscribe(shared), query, { id: sample.id }));
  await consoles[1]?.take(1);
  await server.idle();
  expect((await server.storedFiles()).length).toBe(4 + 6);
  expect(await remove(sample.id, lms)).toBe(sample.id);
  for (const console of consoles) await console.end();
  expect(await ask(`{ exam(id: "${sample.id}") { id } }`, lms)).toEqual({ exam: null });
  for (const table of ['Participant', 'Warning', 'Event', 'Recording', 'Message'])
    expect(await runSql(server, `SELECT count(*)::int AS n FROM "${table}" WHERE "examId" = $1`, [sample.id]), table).toEqual([{ n: 0 }]);
  await expect.poll(() => server.allFiles()).toEqual([]);
});

it('stands still after a restart, and can be removed then', async () => {
  const { key: lms } = await createKey(server, 'LMS', 'restarted');
  const sample = await made(lms);
  await server.kill();
  await server.restart();
  const newest = async () => (await ask<{ exam: { lastSeq: number } }>(`{ exam(id: "${sample.id}") { lastSeq } }`, lms)) as object;
  const play = `SELECT count(*)::int AS n FROM "Event" WHERE "examId" = $1 AND kind = 'WARNING_ADDED'`;
  const before = await runSql(server, play, [sample.id]);
  await new Promise((resolve) => {
    setTimeout(resolve, 12_000);
  });
  expect(await runSql(server, play, [sample.id])).toEqual(before);
  expect(await newest()).toMatchObject({ exam: {} });
  expect(await remove(sample.id, lms)).toBe(sample.id);
});
