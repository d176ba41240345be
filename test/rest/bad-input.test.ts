import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExam, createKey, join } from '../helpers/exam.ts';
import { faces } from '../helpers/faces.ts';
import { appendByGraphql, cut, putChunk, recorded, sendChunks, startLive } from '../helpers/live.ts';
import { openClient } from '../helpers/postgres.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let database: Client;
let ada: string;
let bea: string;
let film: Buffer[];
let crowd: string;
beforeAll(async () => {
  server = await startTestServer();
  database = await openClient(server.databaseUrl);
  [ada, bea] = (await Promise.all(['Ada', 'Bea'].map((name) => createKey(server, 'PROCTOR', 'default', name)))).map(({ key }) => key) as [
    string,
    string,
  ];
  film = cut(await recorded(2), 3);
  crowd = Buffer.from(await faces.several()).toString('base64');
});
afterAll(async () => {
  await database.end();
  await server.stop();
});

interface Fault {
  code: string;
  message: string;
  details: { field: string; issue: string }[];
}

/** An exam with a participant whose violation was found by two people, and another one. */
interface Stage {
  examId: string;
  token: string;
  other: string;
  recordingId: string;
}

async function byRest(path: string, body: unknown, credential = ADMIN_KEY, headers: Record<string, string> = {}): Promise<Fault | null> {
  const isText = typeof body === 'string';
  const response = await server.post(path, body, { credential, headers, ...(isText && { body }) });
  return ((await response.json()) as { error?: Fault }).error ?? null;
}

async function byGraphql(mutation: string, variables: object, credential = ADMIN_KEY): Promise<Fault | null> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: mutation, variables }),
  });
  const { errors } = (await response.json()) as { errors?: { message: string; extensions: Omit<Fault, 'message'> }[] };
  const [error] = errors ?? [];
  return error ? { ...error.extensions, message: error.message, code: error.extensions.code.toLowerCase() } : null;
}

const review = (examId: string, status: string, credential: string) =>
  byRest(`/exams/${examId}/participants/user_1/review`, { status, reason: 'It rang' }, credential);

async function stage(): Promise<Stage> {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
  const [token, other] = [await join(server, examId, 'user_1'), await join(server, examId, 'user_2')];
  const { id: recordingId } = await startLive(server, { examId, userId: 'user_1' }, token);
  await sendChunks(server, recordingId, film.slice(0, 1), 0, token);
  return { examId, token, other, recordingId };
}
const end = ({ examId }: Stage) => byRest(`/exams/${examId}/end`, {});
const contest = ({ examId, token }: Stage) => byRest(`/exams/${examId}/contest`, { text: 'It was my calculator' }, token);

const STORED = `SELECT (SELECT "lastSeq" FROM "Exam" WHERE id = $1) AS events, (SELECT count(*) FROM "Participant" WHERE "examId" = $1) AS participants,
  (SELECT count(*) FROM "TimeCredit") AS credits, (SELECT count(*) FROM "Message") AS messages, (SELECT count(*) FROM "Verdict") AS verdicts,
  (SELECT json_agg(c.*) FROM "Contest" c) AS contests, (SELECT count(*) FROM "FaceTemplate") AS faces,
  (SELECT count(*) FROM "RecordingChunk") AS chunks, (SELECT json_agg(r."expectedChunks") FROM "Recording" r WHERE r."examId" = $1) AS announced`;
const stored = async ({ examId }: Stage) => [(await database.query(STORED, [examId])).rows, (await server.storedFiles()).toSorted()];

const MEGABYTE = 'x'.repeat(1 << 20);
const PARTICIPANTS = () => [{ userId: 'user_3' }, { userId: 'user_4', referenceImage: crowd }];
const minutes = (what: number, { examId }: Stage) => [
  byRest(`/exams/${examId}/participants/user_1/time`, { minutes: what, reason: 'r' }),
  byRest(`/exams/${examId}/time`, { minutes: what, reason: 'r' }),
  byGraphql('mutation ($id: ID!, $minutes: Int!) { addTime(examId: $id, userId: "user_1", minutes: $minutes, reason: "r") { id } }', {
    id: examId,
    minutes: what,
  }),
  byGraphql('mutation ($id: ID!, $minutes: Int!) { addTimeToAll(examId: $id, minutes: $minutes, reason: "r") { id } }', {
    id: examId,
    minutes: what,
  }),
];

/** What comes before, what is sent by each door, and the answer of all of them. */
const CASES: [string, (at: Stage) => Promise<unknown>, (at: Stage) => Promise<Fault | null>[], Partial<Fault> | null][] = [
  ['time that is added after the end', end, (at) => minutes(5, at), { code: 'conflict', message: 'The exam is over' }],
  [
    'negative time',
    async () => {},
    (at) => minutes(-5, at),
    { code: 'invalid_request', details: [{ field: 'minutes', issue: 'must be at least 1' }] },
  ],
  [
    'a pause of one who is paused',
    ({ examId }) => byRest(`/exams/${examId}/participants/user_1/pause`, { reason: 'Fire drill' }),
    ({ examId }) => [
      byRest(`/exams/${examId}/participants/user_1/pause`, { reason: 'Another reason' }),
      byRest(`/exams/${examId}/pause`, { reason: 'Another reason', userIds: ['user_1'] }),
      byGraphql('mutation ($id: ID!) { pauseParticipant(examId: $id, userId: "user_1", reason: "Another") { id } }', { id: examId }),
    ],
    null,
  ],
  [
    'a message of 1 MB',
    async () => {},
    ({ examId, token }) =>
      [ADMIN_KEY, token].flatMap((credential) => [
        byRest(`/exams/${examId}/messages`, { text: MEGABYTE }, credential),
        byGraphql(
          'mutation ($id: ID!, $text: String!) { sendMessage(examId: $id, text: $text) { id } }',
          { id: examId, text: MEGABYTE },
          credential,
        ),
      ]),
    { code: 'invalid_request', details: [{ field: 'text', issue: 'must have at most 2000 characters' }] },
  ],
  [
    'a second contest',
    async (at) => {
      for (const who of [ada, bea]) await review(at.examId, 'violation', who);
      await contest(at);
    },
    (at) => [
      contest(at),
      byGraphql('mutation ($id: ID!) { contestVerdict(examId: $id, text: "And another thing") { id } }', { id: at.examId }, at.token),
    ],
    { code: 'conflict', message: 'You have contested the verdict already' },
  ],
  [
    'the second verdict of one proctor',
    ({ examId }) => review(examId, 'violation', ada),
    ({ examId }) => [
      byRest(`/exams/${examId}/participants/user_1/review`, { status: 'violation', reason: 'In other words' }, ada),
      byGraphql(
        'mutation ($id: ID!) { reviewParticipant(examId: $id, userId: "user_1", status: VIOLATION, reason: "In other words") { id } }',
        { id: examId },
        ada,
      ),
    ],
    { code: 'conflict', message: expect.stringContaining('needs another person') as unknown as string },
  ],
  [
    "a chunk for somebody else's recording after the end",
    end,
    ({ other, recordingId }) => [
      putChunk(server, recordingId, 1, film[1] ?? Buffer.alloc(0), other).then(
        async (response) => ((await response.json()) as { error: Fault }).error,
      ),
      byRest(`/recordings/${recordingId}/finish`, { chunks: 1 }, other),
      appendByGraphql(server, recordingId, 1, new Uint8Array(film[1] ?? []), other).then(({ errors }) => {
        const [error] = (errors ?? []) as { message: string; extensions: Omit<Fault, 'message'> }[];
        return error ? { ...error.extensions, message: error.message, code: error.extensions.code.toLowerCase() } : null;
      }),
      byGraphql('mutation ($id: ID!) { finishRecording(recordingId: $id, chunks: 1) { id } }', { id: recordingId }, other),
    ],
    { code: 'not_found', message: 'Recording not found' },
  ],
  [
    'an invitation whose picture shows several people',
    async () => {},
    ({ examId }) => [
      byRest(`/exams/${examId}/participants`, { participants: PARTICIPANTS() }),
      byRest(`/exams/${examId}/participants`, `userId,referenceImage\nuser_3,\nuser_4,${crowd}\n`, ADMIN_KEY, {
        'content-type': 'text/csv',
      }),
      byGraphql('mutation ($id: ID!, $all: [ParticipantInput!]!) { inviteParticipants(examId: $id, participants: $all) { id } }', {
        id: examId,
        all: PARTICIPANTS(),
      }),
    ],
    {
      code: 'invalid_request',
      details: [{ field: expect.any(String), issue: 'must show one face: it shows several' }],
    },
  ],
];

describe('by REST, GraphQL and any other door', () => {
  it.each(CASES)('%s is answered clearly, and nothing is stored', async (_name, before, send, wanted) => {
    const at = await stage();
    await before(at);
    const was = await stored(at);
    for (const answer of await Promise.all(send(at))) expect(answer).toEqual(wanted && expect.objectContaining(wanted));
    await expect.poll(() => stored(at)).toEqual(was);
  });
});
