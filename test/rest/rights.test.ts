import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExam, createKey, join, report, tokenIn } from '../helpers/exam.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../helpers/server.ts';
import { tusHeaders } from '../helpers/tus.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const ROLES = ['admin', 'lms', 'proctor', 'participant'] as const;
type Role = (typeof ROLES)[number];

/** The table in README.md: by what may be done, what each role may. */
const table = new Map(
  [...README.matchAll(/^\| ([^|]+) \| (yes|no) \| (yes|no) \| (yes|no) \| (yes|no|for itself) \|$/gm)].map(([, may = '', ...cells]) => [
    may,
    Object.fromEntries(ROLES.map((role, i) => [role, cells[i]])) as Record<Role, string>,
  ]),
);

let server: TestServer;
/** All credentials of a role; proctors come by key, by the shared link and by one of their own. */
let credentials: Record<Role, string[]>;
/** The shared link before and after its bearer has said its name, which some doors ask for. */
let shared: { nameless: string; named: string };
let examId: string;
let warningId: string;

beforeAll(async () => {
  server = await startTestServer();
  const exam = await createExam(server);
  examId = exam.id;
  await join(server, examId, 'user_0');
  [{ id: warningId = '' } = { id: '' }] = await report(server, examId, 'user_0', ['tab_switch']);
  const lms = await createKey(server, 'LMS');
  const proctor = await createKey(server, 'PROCTOR');
  const personal = (await (await server.post(`/exams/${examId}/proctor-links`, { name: 'Jane' })).json()) as { url: string };
  const nameless = tokenIn(exam.adminUrl);
  const entered = await server.post(`/exams/${examId}/console`, { name: 'Cid' }, { credential: nameless });
  shared = { nameless, named: ((await entered.json()) as { token: string }).token };
  credentials = {
    admin: [ADMIN_KEY],
    lms: [lms.key],
    proctor: [proctor.key, tokenIn(exam.adminUrl), tokenIn(personal.url)],
    participant: [await join(server, examId, 'user_1')],
  };
});
afterAll(() => server.stop());

type Ask = (credential: string, userId: string) => Promise<string>;

const byName =
  (ask: Ask): Ask =>
  (credential, userId) =>
    ask(credential === shared.nameless ? shared.named : credential, userId);

/** The code of the error, or an empty text. */
const graphql =
  (operation: (userId: string) => string): Ask =>
  async (credential, userId) => {
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ query: operation(userId) });
    const answer = await (await fetch(`${server.url}/graphql`, { method: 'POST', headers, body })).json();
    const error = (answer as { errors?: { message: string; extensions: { code: string } }[] }).errors?.[0];
    if (/^(Unknown|Field|Cannot|Syntax)/.test(error?.message ?? '')) throw new Error(error?.message);
    return error?.extensions.code.toLowerCase() ?? '';
  };

const rest =
  (method: string, path: (userId: string) => string, body?: (userId: string) => unknown, type = 'application/json'): Ask =>
  async (credential, userId) => {
    const payload = body ? { body: type === 'application/json' ? JSON.stringify(body(userId)) : 'x' } : {};
    const response = await server.rest(path(userId), { method, credential, headers: { 'content-type': type }, ...payload });
    const answer = (await response.json().catch(() => ({}))) as { error?: { code: string } };
    return answer.error?.code ?? '';
  };

const metadata = (userId: string) =>
  Object.entries({ examId, userId, type: 'webcam' })
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');

const tus: Ask = async (credential, userId) => {
  const headers = { ...tusHeaders(credential), 'upload-length': '10', 'upload-metadata': metadata(userId) };
  const response = await fetch(`${server.api}/uploads`, { method: 'POST', headers });
  return response.status === 201 ? '' : ((await response.json()) as { error: { code: string } }).error.code;
};

const upload: Ask = async (credential, userId) => {
  const body = new FormData();
  for (const [name, value] of Object.entries({ examId, userId, type: 'webcam' })) body.set(name, value);
  body.set('file', new Blob(['no video']), 'a.webm');
  const response = await server.rest('/recordings', { method: 'POST', credential, body });
  return ((await response.json()) as { error?: { code: string } }).error?.code ?? '';
};

/** Each must be answered with `forbidden` to roles that may not do it, and with anything else to the others. */
const DOORS: Record<string, [string, Ask][]> = {
  'manage keys': [
    ['apiKeys', graphql(() => '{ apiKeys { id } }')],
    ['createApiKey', graphql(() => 'mutation { createApiKey(input: { name: "a", role: LMS, tenant: "x" }) { key } }')],
    ['revokeApiKey', graphql(() => 'mutation { revokeApiKey(id: "key_none") { id } }')],
  ],
  'create, change, cancel, invite': [
    [
      'PATCH …',
      rest(
        'PATCH',
        () => '/exams/exam_none',
        () => ({ title: 'A' }),
      ),
    ],
    ['updateExam', graphql(() => 'mutation { updateExam(examId: "exam_none", input: { title: "A" }) { id } }')],
    [
      'POST /exams',
      rest(
        'POST',
        () => '/exams',
        () => ({ title: 'A', duration: 1 }),
      ),
    ],
    ['createExam', graphql(() => 'mutation { createExam(input: { title: "A", duration: 1 }) { id } }')],
    [
      'POST …/participants',
      rest(
        'POST',
        () => '/exams/exam_none/participants',
        () => ({ participants: [{ userId: 'a' }] }),
      ),
    ],
    ['POST …/cancel', rest('POST', () => '/exams/exam_none/cancel')],
    ['cancelExam', graphql(() => 'mutation { cancelExam(examId: "exam_none") { id } }')],
    [
      'inviteParticipants',
      graphql((user) => `mutation { inviteParticipants(examId: "${examId}", participants: [{ userId: "i_${user}" }]) { id } }`),
    ],
  ],
  'make and remove a sample exam': [
    ['createSampleExam', graphql(() => 'mutation { createSampleExam { id } }')],
    ['removeSampleExam', graphql(() => `mutation { removeSampleExam(examId: "${examId}") }`)],
  ],
  'verify a face': [
    [
      'POST /verify/user',
      rest(
        'POST',
        () => '/verify/user',
        (userId) => ({ userId, referenceImage: 'AAAA', verificationImage: 'AAAA' }),
      ),
    ],
    [
      'verifyUser',
      graphql((user) => `mutation { verifyUser(input: { userId: "${user}", referenceImage: "AAAA", verificationImage: "AAAA" }) { id } }`),
    ],
  ],
  'make and close personal links of proctors': [
    [
      'POST …/proctor-links',
      rest(
        'POST',
        () => `/exams/${examId}/proctor-links`,
        () => ({ name: 'Jane' }),
      ),
    ],
    ['POST …/proctor-links/…/revoke', rest('POST', () => `/exams/${examId}/proctor-links/link_none/revoke`)],
    ['createProctorLink', graphql(() => `mutation { createProctorLink(examId: "${examId}", name: "Jane") { url } }`)],
    ['revokeProctorLink', graphql(() => 'mutation { revokeProctorLink(id: "link_none") { id } }')],
    ['Exam.proctorLinks', graphql(() => `{ exam(id: "${examId}") { proctorLinks { url } } }`)],
  ],
  'start, end, review': [
    [
      'POST …/participants/…/review',
      rest(
        'POST',
        () => `/exams/${examId}/participants/user_0/review`,
        () => ({ status: 'passed' }),
      ),
    ],
    [
      'POST …/warnings/review',
      rest(
        'POST',
        () => `/exams/${examId}/warnings/review`,
        () => ({ warningIds: [warningId], decision: 'confirmed' }),
      ),
    ],
    ['reviewWarnings', graphql(() => `mutation { reviewWarnings(warningIds: ["${warningId}"], decision: CONFIRMED) { id } }`)],
    ['reopenWarnings', graphql(() => `mutation { reopenWarnings(warningIds: ["${warningId}"]) { id } }`)],
    ['Participant.verdicts', graphql((user) => `{ exam(id: "${examId}") { participant(userId: "${user}") { verdicts { by } } } }`)],
    ['POST …/start', rest('POST', () => '/exams/exam_none/start')],
    ['POST …/end', rest('POST', () => '/exams/exam_none/end')],
    ['startExam', graphql(() => 'mutation { startExam(examId: "exam_none") { id } }')],
    ['endExam', graphql(() => 'mutation { endExam(examId: "exam_none") { id } }')],
    ['reviewWarning', graphql(() => `mutation { reviewWarning(warningId: "${warningId}", decision: CONFIRMED) { id } }`)],
    ['reviewParticipant', graphql(() => `mutation { reviewParticipant(examId: "${examId}", userId: "user_0", status: PASSED) { id } }`)],
  ],
  'see counts, the pulse and newest snapshots of an exam, ask for a picture': [
    ['requestSnapshot', graphql(() => `mutation { requestSnapshot(examId: "${examId}", userId: "nobody") { id } }`)],
    ['counts', graphql(() => `{ exam(id: "${examId}") { counts { handsRaised } } }`)],
    ['warningRecord', graphql(() => `{ warningRecord(examId: "${examId}") { type } }`)],
    ['GET …/snapshot', rest('GET', () => '/participants/part_none/snapshot')],
  ],
  'take, release, hand over a group, mark as seen': [
    ...['takeGroup', 'releaseGroup', 'handOverGroup'].map((call): [string, Ask] => {
      const to = call === 'handOverGroup' ? ', to: "Jane (shared link)"' : '';
      return [call, byName(graphql(() => `mutation { ${call}(examId: "${examId}", group: "A"${to}) { takenBy } }`))];
    }),
    ['markSeen', byName(graphql(() => `mutation { markSeen(examId: "${examId}", userId: "user_0") { seenAt } }`))],
  ],
  'grant accommodations': [
    [
      'PUT …/accommodations',
      rest(
        'PUT',
        () => `/exams/${examId}/participants/user_0/accommodations`,
        () => ({ suppress: ['talking'], reason: 'reads aloud' }),
      ),
    ],
    [
      'setAccommodations',
      graphql(
        () => `mutation { setAccommodations(examId: "${examId}", userId: "user_0", suppress: ["talking"], reason: "reads aloud") { id } }`,
      ),
    ],
  ],
  'admit, pause, resume, add time, send out, readmit': [
    ...(['admit', 'pause', 'resume', 'terminate', 'readmit', 'time'] as const).map((what): [string, Ask] => [
      `POST …/participants/…/${what}`,
      rest(
        'POST',
        () => `/exams/${examId}/participants/nobody/${what}`,
        () => ({ reason: 'r', minutes: 1 }),
      ),
    ]),
    ...(['admit', 'pause', 'resume', 'time'] as const).map((what): [string, Ask] => [
      `POST …/${what}`,
      rest(
        'POST',
        () => `/exams/${examId}/${what}`,
        () => ({ reason: 'r', minutes: 1, group: 'nobody', userIds: [] }),
      ),
    ]),
    ...[
      'admitParticipants(examId: "E", userIds: ["nobody"])',
      'pauseParticipant(examId: "E", userId: "nobody", reason: "r")',
      'resumeParticipant(examId: "E", userId: "nobody")',
      'pauseParticipants(examId: "E", group: "nobody", reason: "r")',
      'resumeParticipants(examId: "E", group: "nobody")',
      'terminateParticipant(examId: "E", userId: "nobody", reason: "r")',
      'addTime(examId: "E", userId: "nobody", minutes: 1, reason: "r")',
      'addTimeToAll(examId: "E", group: "nobody", minutes: 1, reason: "r")',
    ].map((call): [string, Ask] => [call.split('(')[0] ?? '', graphql(() => `mutation { ${call.replace('"E"', `"${examId}"`)} { id } }`)]),
    ['readmitParticipant', graphql(() => `mutation { readmitParticipant(examId: "${examId}", userId: "nobody", reason: "r") { token } }`)],
  ],
  'write messages': [
    [
      'POST …/messages',
      rest(
        'POST',
        () => `/exams/${examId}/messages`,
        (userId) => ({ userId, text: 'Hello' }),
      ),
    ],
    ['sendMessage', graphql((user) => `mutation { sendMessage(examId: "${examId}", userId: "${user}", text: "Hello") { id } }`)],
  ],
  'run an analysis again': [
    ['POST …/retry', rest('POST', () => '/recordings/rec_none/retry')],
    ['retryAnalysis', graphql(() => 'mutation { retryAnalysis(recordingId: "rec_none") { id } }')],
  ],
  'report warnings': [
    [
      'POST …/warnings',
      rest(
        'POST',
        () => `/exams/${examId}/warnings`,
        (userId) => ({ userId, warnings: [{ type: 'tab_switch' }] }),
      ),
    ],
    [
      'reportWarnings',
      graphql((user) => `mutation { reportWarnings(examId: "${examId}", userId: "${user}", warnings: [{ type: "tab_switch" }]) { id } }`),
    ],
  ],
  'submit, upload, send snapshots': [
    [
      'POST …/submit',
      rest(
        'POST',
        () => `/exams/${examId}/submit`,
        (userId) => ({ userId, stats: {} }),
      ),
    ],
    ['submitExam', graphql((user) => `mutation { submitExam(examId: "${examId}", input: { userId: "${user}", stats: {} }) { id } }`)],
    ['POST /recordings', upload],
    ['tus', tus],
    [
      'POST /recordings/live',
      rest(
        'POST',
        () => '/recordings/live',
        (userId) => ({ examId, userId, type: 'webcam' }),
      ),
    ],
    [
      'startRecording',
      graphql((user) => `mutation { startRecording(input: { examId: "${examId}", userId: "${user}", type: SCREEN }) { id } }`),
    ],
    [
      'POST …/snapshots',
      rest(
        'POST',
        (userId) => `/exams/${examId}/snapshots?userId=${userId}`,
        () => 'x',
        'image/jpeg',
      ),
    ],
  ],
  'send heartbeats, raise the hand': [
    ['POST …/heartbeat', rest('POST', () => `/exams/${examId}/heartbeat`)],
    [
      'POST …/hand',
      rest(
        'POST',
        () => `/exams/${examId}/hand`,
        () => ({}),
      ),
    ],
    ['raiseHand', graphql(() => `mutation { raiseHand(examId: "${examId}") { id } }`)],
    ['heartbeat', graphql(() => `mutation { heartbeat(examId: "${examId}") { id } }`)],
  ],
  'contest a verdict': [
    [
      'POST …/contest',
      rest(
        'POST',
        () => `/exams/${examId}/contest`,
        () => ({ text: 'It was not me' }),
      ),
    ],
    ['contestVerdict', graphql(() => `mutation { contestVerdict(examId: "${examId}", text: "It was not me") { id } }`)],
  ],
  'try out camera and line': (['check-picture', 'echo'] as const).map((what): [string, Ask] => [
    `POST …/${what}`,
    rest(
      'POST',
      () => `/exams/${examId}/${what}`,
      () => 'x',
      what === 'echo' ? 'video/webm' : 'image/jpeg',
    ),
  ]),
};

/** What nobody can ask for in another's name. */
const OF_THE_TOKEN = new Set(['send heartbeats', 'contest a verdict', 'try out camera and line']);

it('the table of rights in README.md names the operations that are tried here', () => {
  expect([...table.keys()].toSorted()).toEqual(Object.keys(DOORS).toSorted());
});

it.each(Object.entries(DOORS).flatMap(([may, doors]) => doors.map(([door, ask]) => [door, may, ask] as const)))(
  '%s does what README.md says of "%s", for every role',
  async (_door, may, ask) => {
    const found: Record<string, string[]> = {};
    for (const role of ROLES) {
      // Participants name themselves; that naming another user is refused is tried next.
      const userId = role === 'participant' ? 'user_1' : 'user_2';
      for (const credential of credentials[role]) {
        const isForbidden = (await ask(credential, userId)) === 'forbidden';
        (found[role] ??= []).push(isForbidden ? 'no' : 'yes');
      }
    }
    const rights = table.get(may);
    const expected = Object.fromEntries(ROLES.map((role) => [role, credentials[role].map(() => (rights?.[role] === 'no' ? 'no' : 'yes'))]));
    expect(found).toEqual(expected);
    if (rights?.participant === 'for itself' && may !== 'send heartbeats, raise the hand')
      if (rights?.participant === 'for itself' && !OF_THE_TOKEN.has(may))
        expect(await ask(credentials.participant[0] ?? '', 'user_0')).toBe('forbidden');
  },
);
