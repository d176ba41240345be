import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { runSql } from '../helpers/postgres.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

interface Ids {
  exam: string;
  user: string;
  participant: string;
  warning: string;
  recording: string;
  message: string;
  link: string;
}

let server: TestServer;
let there: Ids;
const nowhere: Ids = {
  exam: 'exam_none',
  user: 'nobody',
  participant: 'part_none',
  warning: 'warn_none',
  recording: 'rec_none',
  message: 'msg_none',
  link: 'link_none',
};
let owner: string;
/** Good credentials, of which none is of that exam. */
let strangers: Record<string, string>;

beforeAll(async () => {
  server = await startTestServer();
  const [lms, other] = [await createKey(server, 'LMS', 'here'), await createKey(server, 'LMS', 'elsewhere')];
  owner = lms.key;
  const exam = await createExam(server, {}, lms.key);
  const neighbour = await createExam(server, {}, lms.key);
  const abroad = await createExam(server, {}, other.key);
  const made = async (path: string, body: object) =>
    (await (await server.post(path, body, { credential: lms.key })).json()) as { id: string; url: string };
  await join(server, exam.id, 'user_1', lms.key);
  const query = `{ exam(id: "${exam.id}") { participant(userId: "user_1") { id } } }`;
  const found = await server.graphql(lms.key).request<{ exam: { participant: { id: string } } }>(query);
  there = {
    exam: exam.id,
    user: 'user_1',
    participant: found.exam.participant.id,
    warning: (await report(server, exam.id, 'user_1', ['noise'], lms.key))[0]?.id ?? '',
    recording: (await made('/recordings/live', { examId: exam.id, userId: 'user_1', type: 'webcam' })).id,
    message: (await made(`/exams/${exam.id}/messages`, { userId: 'user_1', text: 'Hello' })).id,
    link: (await made(`/exams/${exam.id}/proctor-links`, { name: 'Jane' })).id,
  };
  strangers = {
    'the key of another tenant': other.key,
    "another exam's proctor link": tokenIn(neighbour.adminUrl),
    "another exam's personal proctor link": tokenIn((await made(`/exams/${neighbour.id}/proctor-links`, { name: 'Jane' })).url),
    "another exam's link for candidates": tokenIn(neighbour.accessUrl),
    "the same user's token of another exam": await join(server, neighbour.id, 'user_1', lms.key),
    "the same user's token of another tenant": await join(server, abroad.id, 'user_1', other.key),
  };
});
afterAll(() => server.stop());

const GETS = [
  ...['', '/warnings', '/notice', '/messages', '/participants', '/participants/USER', '/participants/USER/receipt'],
  ...['/report.json', '/report.csv', '/participants/USER/report.json', '/participants/USER/report.pdf'],
].map((path) => `/exams/EXAM${path}`);
const FILES = [
  ...['', '/download', '/playback', '/poster', '/thumbnails'].map((what) => `/recordings/RECORDING${what}`),
  ...['/warnings/WARNING/frame', '/participants/PARTICIPANT/photo', '/participants/PARTICIPANT/snapshot'],
];
const REASON = { reason: 'r', minutes: 1, status: 'in_review' };
const POSTS: [string, object][] = [
  ...['pause', 'resume', 'admit', 'terminate', 'readmit', 'time', 'review'].map((what): [string, object] => [
    `/exams/EXAM/participants/USER/${what}`,
    REASON,
  ]),
  ...['admit', 'pause', 'resume', 'time', 'start', 'end', 'cancel', 'heartbeat', 'hand', 'hand/lower'].map((what): [string, object] => [
    `/exams/EXAM/${what}`,
    REASON,
  ]),
  ['/exams/EXAM/console', { name: 'Jane' }],
  ['/exams/EXAM/proctor-links', { name: 'Jane' }],
  ['/exams/EXAM/proctor-links/LINK/revoke', {}],
  ['/exams/EXAM/participants', { participants: [{ userId: 'user_2' }] }],
  ['/exams/EXAM/messages', { text: 'Hello' }],
  ['/messages/MESSAGE/read', {}],
  ['/exams/EXAM/warnings', { userId: 'user_1', warnings: [{ type: 'noise' }] }],
  ['/exams/EXAM/warnings/review', { warningIds: ['WARNING'], decision: 'confirmed' }],
  ['/exams/EXAM/contest', { text: 'It was not me' }],
  ['/exams/EXAM/notice', { version: 'a' }],
  ['/exams/EXAM/submit', { userId: 'user_1', stats: {} }],
  ['/recordings/live', { examId: 'EXAM', userId: 'user_1', type: 'screen' }],
  ['/recordings/RECORDING/finish', { chunks: 5_000 }],
  ['/recordings/RECORDING/retry', {}],
];
const OPERATIONS = [
  ...['EXAM', 'PARTICIPANT', 'WARNING', 'RECORDING', 'MESSAGE', 'LINK'].map((id) => `{ node(id: "${id}") { id } }`),
  '{ exam(id: "EXAM") { title contentUrl lastSeq participants { totalCount } } }',
  '{ recording(id: "RECORDING") { url } }',
  '{ messages(examId: "EXAM") { text } }',
  ...[
    'joinExam(examId: "EXAM", userId: "user_1") { token }',
    'updateExam(examId: "EXAM", input: { title: "A" }) { id }',
    'addTimeToAll(examId: "EXAM", minutes: 1, reason: "r") { id }',
    'readmitParticipant(examId: "EXAM", userId: "USER", reason: "r") { token }',
    'reviewWarning(warningId: "WARNING", decision: CONFIRMED) { id }',
    'markMessageRead(messageId: "MESSAGE") { id }',
    'revokeProctorLink(id: "LINK") { id }',
    'checkIn(examId: "EXAM", device: {}) { id }',
    'finishRecording(recordingId: "RECORDING", chunks: 7000) { id }',
  ].map((call) => `mutation { ${call} }`),
];

const fill = (text: string, ids: Ids) =>
  Object.entries(ids).reduce((sum, [name, id]) => sum.replaceAll(name.toUpperCase(), String(id)), text);

/** What it answers, without the ids that were asked for. */
async function answerOf(path: string, body: unknown, credential: string, ids: Ids): Promise<string> {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
  const init = body === null ? { headers } : { method: 'POST', headers, body: fill(JSON.stringify(body), ids) };
  const response = await fetch(server.url + fill(path, ids), init);
  const text = await response.text();
  return `${response.status} ${Object.values(ids).reduce((sum, id) => sum.replaceAll(String(id), '…'), text)}`;
}

const doors = (): [string, unknown][] => [
  ...[...GETS, ...FILES].map((path): [string, unknown] => [`/api${path}`, null]),
  ...POSTS.map(([path, body]): [string, unknown] => [`/api${path}`, body]),
  ...OPERATIONS.map((query): [string, unknown] => ['/graphql', { query }]),
];

it('nobody of another exam or tenant learns or changes anything at any door, not even that it is there, many at once', async () => {
  const state = () => runSql(server, 'SELECT title, status, "lastSeq"::text FROM "Exam" WHERE id = $1', [there.exam]);
  const before = await state();
  const told: string[] = [];
  for (const [path, body] of doors())
    await Promise.all(
      Object.entries(strangers).map(async ([who, credential]) => {
        const [real, none] = await Promise.all([there, nowhere].map((ids) => answerOf(path, body, credential, ids)));
        const isRefused = /^40[014] |^200 \{"(errors|data":\{"\w+":null\})/.test(real ?? '');
        if (real !== none || !isRefused) told.push(`${who}: ${path} ${JSON.stringify(body)} → ${real}, not ${none}`);
      }),
    );
  expect(told).toEqual([]);
  // Its owner, who asks in the same way, is answered.
  for (const path of [...GETS.slice(0, 6), ...FILES.slice(0, 1)]) expect(await answerOf(`/api${path}`, null, owner, there)).toMatch(/^200/);
  expect(await state()).toEqual(before);
});
