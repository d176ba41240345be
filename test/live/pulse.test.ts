import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, tokenIn } from '../helpers/exam.ts';
import { recorded, sendChunks, startLive } from '../helpers/live.ts';
import { runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';
import { photographs, snap } from '../helpers/snapshots.ts';
import { startStatementCounter, type StatementCounter } from '../helpers/statements.ts';

let direct: TestServer;
let counter: StatementCounter;
let server: TestServer;
beforeAll(async () => {
  direct = await startTestServer();
  counter = await startStatementCounter(direct.databaseUrl);
  server = await direct.another({ DATABASE_URL: counter.url });
});
afterAll(async () => {
  await server.stop();
  await counter.stop();
  await direct.stop();
});

interface Pulse {
  at: string;
  lastSeq: number;
  online: number;
  missing: number;
  snapshotsPerSecond: number;
  lookedAtPerSecond: number;
  participants: Record<string, string | number | null>[];
}

const PULSE = `subscription ($examId: ID!) { examPulse(examId: $examId) {
  at lastSeq online missing snapshotsPerSecond lookedAtPerSecond
  participants { userId lastSeenAt snapshotAt webcamChunkAt screenChunkAt outageSeconds } } }`;

function watch(examId: string, credential?: string, on = server) {
  const { take, find, ...rest } = collect<{ examPulse: Pulse }>(on.subscribe(credential), PULSE, { examId });
  return {
    ...rest,
    take: async (count: number) => (await take(count)).map(({ examPulse }) => examPulse),
    find: async (wanted: (pulse: Pulse) => boolean) => (await find(({ examPulse }) => wanted(examPulse)))?.examPulse,
  };
}
const isPulse = (text: string) => text.includes('"isMissing"');
const idle = { settings: { aiDetection: { enabled: false } } };

it('a console sees who is there and what was heard of them last, at once and again', async () => {
  const { id: examId } = await createExam(server, idle);
  const token = await join(server, examId, 'user_1');
  await join(server, examId, 'user_2');
  await join(server, examId, 'user_3');
  await server.graphql().request(`mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "absent" }]) { id } }`);
  await server.rest(`/exams/${examId}/participants/user_3/terminate`, {
    method: 'POST',
    body: '{"reason":"left"}',
    headers: { 'content-type': 'application/json' },
  });
  const set = `"offlineSince" = now() - interval '100 s', "outageMs" = 60000, "outageCreditMs" = 20000`;
  await runSql(server, `UPDATE "Participant" SET ${set} WHERE "examId" = $1 AND "userId" = 'user_2'`, [examId]);
  const live = watch(examId);
  const [first] = await live.take(1);
  const { exam } = await server.graphql().request<{ exam: { lastSeq: number } }>(`{ exam(id: "${examId}") { lastSeq } }`);
  expect(first).toMatchObject({ lastSeq: exam.lastSeq, online: 1, missing: 1, snapshotsPerSecond: 0 });
  const nothing = { snapshotAt: null, webcamChunkAt: null, screenChunkAt: null };
  expect(first?.participants).toMatchObject([
    { userId: 'user_1', ...nothing, outageSeconds: 0 },
    { userId: 'user_2', ...nothing },
  ]);
  expect(first?.participants[1]?.['outageSeconds']).toBeGreaterThanOrEqual(140);
  const recording = await startLive(server, { examId, userId: 'user_1', type: 'screen' });
  await sendChunks(server, recording.id, [await recorded(1)]);
  expect((await snap(server, examId, photographs.oneFace, token)).status).toBe(200);
  const next = await live.find(({ participants: [one] }) => one?.['snapshotAt'] != null);
  expect(next?.participants[0]).toMatchObject({ webcamChunkAt: null, screenChunkAt: expect.any(String) as string });
  const shown = await server
    .graphql()
    .request(`{ exam(id: "${examId}") { participant(userId: "user_1") { latestSnapshot { takenAt } } } }`);
  expect(shown).toEqual({ exam: { participant: { latestSnapshot: { takenAt: next?.participants[0]?.['snapshotAt'] } } } });
  expect((await live.find(({ snapshotsPerSecond }) => snapshotsPerSecond > 0))?.lookedAtPerSecond).toBe(0);
  live.unsubscribe();
});

it('only staff of the exam get it, whoever else watches at the same time', async () => {
  const { id: examId, adminUrl, accessUrl } = await createExam(server);
  const token = await join(server, examId, 'user_1');
  const other = await createExam(server);
  const { key: lms } = await createKey(server, 'LMS');
  const { key: stranger } = await createKey(server, 'PROCTOR', 'another');
  const staff = [undefined, lms, tokenIn(adminUrl)].map((credential) => watch(examId, credential));
  const refused = [token, tokenIn(accessUrl), stranger, tokenIn(other.adminUrl)].map((credential) => watch(examId, credential));
  for (const live of staff) expect((await live.take(1))[0]).toMatchObject({ participants: [{ userId: 'user_1' }] });
  for (const live of refused) {
    expect(await live.take(1)).toEqual([]);
    expect(JSON.stringify(live.errors)).toMatch(/FORBIDDEN|NOT_FOUND/);
  }
  for (const live of staff) live.unsubscribe();
});

it('twenty consoles cost one statement per pulse, and none once the last has gone', async () => {
  const { id: examId, adminUrl } = await createExam(server);
  const { id: other } = await createExam(server);
  let seen: string[][] = [];
  const { statements } = await counter.during(async () => {
    const consoles = Array.from({ length: 20 }, (_, i) => watch(examId, i % 2 ? tokenIn(adminUrl) : undefined));
    await Promise.all(consoles.map((live) => live.take(2)));
    for (const live of consoles) live.unsubscribe();
    seen = consoles.map(({ items }) => items.map(({ examPulse: { at } }) => at));
  });
  // Whoever comes later on a busy machine misses the first ones, and one may be read when the last console goes.
  const all = [...new Set(seen.flat())].toSorted();
  for (const one of seen) expect(one).toEqual(all.slice(all.indexOf(one[0] ?? ''), all.indexOf(one.at(-1) ?? '') + 1));
  expect(statements.filter(isPulse).length).toBeGreaterThanOrEqual(all.length);
  expect(statements.filter(isPulse).length).toBeLessThanOrEqual(all.length + 1);
  // While the pulse of another exam beats three times, that of the first would beat twice if it still did.
  let count = 0;
  const after = await counter.during(async () => {
    const live = watch(other);
    await live.take(3);
    live.unsubscribe();
    count = live.items.length;
  });
  // And once more if it was read as the console went.
  expect(after.statements.filter(isPulse).length).toBeLessThanOrEqual(count + 1);
});

it('ends with the exam, on every server', async () => {
  const { id: examId } = await createExam(server);
  const live = [watch(examId), watch(examId, undefined, direct)];
  for (const one of live) expect(await one.take(1)).toHaveLength(1);
  await runSql(server, 'DELETE FROM "Exam" WHERE id = $1', [examId]);
  for (const one of live) {
    await one.find(() => false);
    expect(one.errors).toEqual([]);
  }
});

it('comes by server-sent events too', async () => {
  const { id: examId } = await createExam(server);
  await join(server, examId, 'user_1');
  const query = 'subscription ($examId: ID!) { examPulse(examId: $examId) { online } }';
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await keyOf()}`, accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { examId } }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (!seen.includes('"online":1')) seen += (await reader?.read())?.value ?? '';
  await reader?.cancel();
});

const keyOf = async () => (await createKey(server, 'PROCTOR')).key;

it('a console that comes while others watch is told what is true then, not what the newest pulse said', async () => {
  const { id: examId } = await createExam(server, idle);
  const consoles = [watch(examId)];
  await consoles[0]?.take(1);
  for (let round = 0; round < 3; round += 1) {
    // Until the newest is old, and long before the next.
    await setTimeout(1_000);
    // One millisecond of rounding.
    const freshest = Date.now() - 501;
    const late = [watch(examId), watch(examId), watch(examId)];
    for (const [pulse] of await Promise.all(late.map((one) => one.take(1))))
      expect(Date.parse(pulse?.at ?? '')).toBeGreaterThanOrEqual(freshest);
    consoles.push(...late);
  }
  for (const live of consoles) live.unsubscribe();
});

it('is read twice a second at most while consoles come and go, and never for those who may not have it', async () => {
  const { id: examId, accessUrl } = await createExam(server, idle);
  const token = await join(server, examId, 'user_1');
  const steady = watch(examId);
  await steady.take(1);
  const begun = performance.now();
  const { statements } = await counter.during(async () => {
    for (let round = 0; round < 40; round += 1) {
      const consoles = Array.from({ length: 5 }, () => watch(examId));
      const refused = [token, tokenIn(accessUrl)].map((credential) => watch(examId, credential));
      for (const live of consoles) expect(await live.take(1)).toHaveLength(1);
      for (const live of refused) expect(await live.take(1)).toEqual([]);
      for (const live of consoles) live.unsubscribe();
    }
  });
  const seconds = (performance.now() - begun) / 1_000;
  // The beat itself, and one at each end.
  expect(statements.filter(isPulse).length).toBeLessThanOrEqual(Math.ceil(seconds * 2.2) + 2);
  steady.unsubscribe();
});
