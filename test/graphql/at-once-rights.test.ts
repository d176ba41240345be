import { afterAll, beforeAll, expect, it } from 'vitest';
import { DOORS, type Entrance, openEntrance } from '../helpers/at-once/doors.ts';
import { type Court, openCourt, OUTSIDERS, type Person, SECRET_NAMES, type Viewer } from '../helpers/at-once/rights.ts';
import { isStaff } from '../helpers/at-once/school.ts';
import { type Ask, atOnce, expectOverlap, expectRight } from '../helpers/at-once/storm.ts';
import { runSql } from '../helpers/postgres.ts';
import { collect, startTestServer, type TestServer } from '../helpers/server.ts';

// As at-once.test.ts, of what staff decide and candidates say: fields that are read for many callers by one statement.

const ROUNDS = 2;

let server: TestServer;
let entrance: Entrance;
let courts: Court[];
let viewers: Viewer[];
beforeAll(async () => {
  server = await startTestServer({ INLINE_WORKER: 'false' });
  entrance = openEntrance(server);
  courts = [
    await openCourt(server, 'north', 'live', 3),
    await openCourt(server, 'north', 'never', 3),
    await openCourt(server, 'south', 'never', 2),
  ];
  viewers = [...OUTSIDERS, ...courts.flatMap((court) => court.viewers)];
});
afterAll(() => server.stop());

const seesExam = ({ role, tenant, examId }: Viewer, court: Court) =>
  role !== 'nobody' && (tenant === null || tenant === court.tenant) && (examId === null || examId === court.id);
const sees = (viewer: Viewer, court: Court, { userId }: Person) => seesExam(viewer, court) && (isStaff(viewer) || viewer.userId === userId);
const edges = (nodes: readonly unknown[]) => ({ edges: nodes.map((node) => ({ node })) });

const MESSAGE = '{ edges { node { text by from readCount } } }';
const PERSON = `id userId name review warningCount warningCounts { low unreviewed } handText timeCredits { reason by }
  latestSnapshot { takenAt } renewedToken { token } accessUrl contest { text answeredBy }
  warnings(first: 5) { edges { node { id } } } checkIn { device } messages(first: 5) ${MESSAGE}`;
const RIGHTS = `query ($examId: ID!, $userId: ID!, $participantId: ID!, $warningId: ID!) {
  exam(id: $examId) {
    participants(first: 5, order: NEWEST_WARNING, filter: { search: "user" }) { totalCount edges { node { ${PERSON} } } }
    warnings(first: 20) { totalCount edges { node { id userId visibleToCandidate } } }
    messages(first: 20) ${MESSAGE}
    participant(userId: $userId) { ${PERSON} evidence { type } }
  }
  participant: node(id: $participantId) { ... on Participant { ${PERSON} } }
  warning: node(id: $warningId) { id }
}`;
const STAFF_ONLY = `query ($examId: ID!, $userId: ID!) { exam(id: $examId) {
  counts { warnings { low } handsRaised contested flagged { recordings } } groups { name } participant(userId: $userId) { verdicts { reason by } } } }`;
const ME = 'query { me { role examId userId organisation } }';
const INBOX = 'query ($examId: ID!) { messages(examId: $examId) { id text readAt } }';

function personFor(viewer: Viewer, court: Court, { participantId, userId, mark, warningIds, accessUrl }: Person) {
  const shown = isStaff(viewer) || court.view === 'live';
  const who = (name: string | undefined) => (isStaff(viewer) ? name : 'staff');
  const low = shown ? warningIds.length : 0;
  const messages = [
    { text: mark, by: who(SECRET_NAMES[0]), from: 'STAFF', readCount: 1 },
    { text: mark, by: userId, from: 'PARTICIPANT', readCount: 0 },
  ];
  return {
    id: participantId,
    userId,
    name: mark,
    review: 'CONTESTED',
    warningCount: low,
    warningCounts: { low, unreviewed: low },
    handText: mark,
    timeCredits: [{ reason: mark, by: who(SECRET_NAMES[0]) }],
    latestSnapshot: null,
    renewedToken: isStaff(viewer) || viewer.isLink ? null : { token: `of ${userId} in ${court.id}` },
    accessUrl: isStaff(viewer) ? accessUrl : null,
    contest: { text: mark, answeredBy: null },
    warnings: edges(shown ? warningIds.map((id) => ({ id })) : []),
    checkIn: viewer.isLink ? null : { device: { mark } },
    messages: edges(viewer.isLink ? [] : messages),
  };
}

/** Time was added, so that the token in use ends too early: a new one has other words each second. */
const withClaims = (data: unknown): unknown =>
  JSON.parse(JSON.stringify(data), (name, value: unknown) => {
    if (name !== 'token') return value;
    const { sub, exam } = JSON.parse(Buffer.from(String(value).split('.')[1] ?? '', 'base64url').toString()) as Record<string, string>;
    return `of ${sub} in ${exam}`;
  });

function rightsOf(viewer: Viewer, court: Court, person: Person) {
  if (!seesExam(viewer, court)) return { exam: null, participant: null, warning: null };
  const people = court.people.filter((one) => sees(viewer, court, one));
  const shown = isStaff(viewer) || court.view === 'live' ? people : [];
  const isOwn = people.includes(person);
  const own = isOwn ? personFor(viewer, court, person) : null;
  const warnings = shown.flatMap(({ userId, warningIds }) =>
    warningIds.map((id) => ({ id, userId, visibleToCandidate: court.view === 'live' })),
  );
  const everybody = {
    text: `<${court.view} ${court.id} everybody>`,
    by: isStaff(viewer) ? SECRET_NAMES[0] : 'staff',
    from: 'STAFF',
    readCount: court.people.length - 1,
  };
  const written = people.flatMap((one) => personFor(viewer, court, one).messages.edges.map(({ node }) => node));
  return {
    exam: {
      participants: { totalCount: people.length, ...edges(people.map((one) => personFor(viewer, court, one))) },
      warnings: { totalCount: warnings.length, ...edges(warnings) },
      messages: edges(viewer.isLink ? [] : [...written, everybody]),
      participant: own && { ...own, evidence: viewer.isLink ? [] : [{ type: 'WEBCAM' }, { type: 'SCREEN' }] },
    },
    participant: own,
    warning: shown.includes(person) ? { id: person.warningIds[0] } : null,
  };
}

const meOf = ({ role, examId, userId, tenant }: Viewer) => ({
  role: role.toUpperCase(),
  examId,
  userId,
  organisation: tenant,
});

const refused = (code: string): Pick<Ask, 'kind' | 'expected'> => ({ kind: 'refusal', expected: { code } });
const read = (data: unknown): Pick<Ask, 'kind' | 'expected'> => ({ kind: 'read', expected: { data } });

function staffOnly(viewer: Viewer, court: Court, { mark }: Person) {
  if (viewer.role === 'nobody') return refused('UNAUTHORIZED');
  if (!seesExam(viewer, court)) return read({ exam: null });
  if (!isStaff(viewer)) return refused('FORBIDDEN');
  const low = court.people.reduce((sum, { warningIds }) => sum + warningIds.length, 0);
  const counts = { warnings: { low }, handsRaised: court.people.length, contested: court.people.length, flagged: { recordings: 0 } };
  const verdicts = [SECRET_NAMES[0], SECRET_NAMES[1]].map((by) => ({ reason: mark, by }));
  return read({ exam: { counts, groups: [], participant: { verdicts } } });
}

/** Which messages, and whether each was read: of one to everybody, by the caller. */
function inboxOf(viewer: Viewer, court: Court): { answer: Pick<Ask, 'kind' | 'expected'>; see: NonNullable<Ask['see']> } {
  const see = (data: unknown) =>
    (data as { messages: { text: string; readAt: string | null }[] }).messages.map(({ text, readAt }) => `${text} ${readAt !== null}`);
  if (viewer.role === 'nobody') return { answer: refused('UNAUTHORIZED'), see };
  if (!seesExam(viewer, court)) return { answer: refused('NOT_FOUND'), see };
  if (viewer.isLink) return { answer: refused('FORBIDDEN'), see };
  const own = court.people.filter((one) => sees(viewer, court, one)).flatMap(({ mark }) => [`${mark} true`, `${mark} false`]);
  const isLast = court.people.at(-1)?.userId === viewer.userId;
  return { answer: read([...own, `<${court.view} ${court.id} everybody> ${!isStaff(viewer) && !isLast}`]), see };
}

function asksOf(viewer: Viewer, at: number): Ask[] {
  // Once each: an address that fails to log in again and again is told to wait.
  if (viewer.isRevoked)
    return at < viewers.length ? [{ name: 'by a revoked link', viewer, query: ME, variables: {}, ...refused('UNAUTHORIZED') }] : [];
  return courts.flatMap((court): Ask[] => {
    const person = court.people[at % court.people.length];
    if (!person) throw new Error('an exam without candidates');
    const { userId, participantId, warningIds } = person;
    const variables = { examId: court.id, userId, participantId, warningId: warningIds[0] };
    const inbox = inboxOf(viewer, court);
    const whole = viewer.role === 'nobody' ? refused('UNAUTHORIZED') : read(rightsOf(viewer, court, person));
    return [
      { name: `${userId} of ${court.view} ${court.tenant}`, viewer, query: RIGHTS, variables, ...whole, see: withClaims },
      { name: 'for staff', viewer, query: STAFF_ONLY, variables: { examId: court.id, userId }, ...staffOnly(viewer, court, person) },
      ...(viewer.role === 'nobody' ? [] : [{ name: 'me', viewer, query: ME, variables: {}, ...read({ me: meOf(viewer) }) }]),
      { name: 'inbox', viewer, query: INBOX, variables: { examId: court.id }, ...inbox.answer, see: inbox.see },
    ];
  });
}

it.each(DOORS.filter(({ name }) => ['POST of JSON', 'GET', 'WebSocket', 'POST for an event stream'].includes(name)))(
  'everybody gets by $name what they may see of decisions, messages and hands, while all others ask for theirs',
  async (door) => {
    const rounds = Array.from({ length: ROUNDS }, (_, round) =>
      viewers.flatMap((viewer, at) => asksOf(viewer, at + round * viewers.length)),
    );
    const checked = await atOnce(
      entrance,
      rounds.flat().map((ask) => ({ door, ask })),
      { width: 40 },
    );
    expectRight(checked, 800);
    expectOverlap(checked);
  },
);

interface RestAsk {
  path: string;
  /** What the answer must be, or the code of a refusal. */
  expected: string | ((answer: unknown) => unknown);
  right?: unknown;
}

function restOf(viewer: Viewer, court: Court, person: Person): RestAsk[] {
  const { id, view } = court;
  const shown = isStaff(viewer) || view === 'live';
  const people = court.people.filter((one) => sees(viewer, court, one));
  const counts = ({ warningIds }: Person) => (shown ? warningIds.length : 0);
  const out = viewer.role === 'nobody' ? 'unauthorized' : 'not_found';
  const other = viewer.role === 'participant' ? 'forbidden' : out;
  const hidden = (path: string): RestAsk => ({ path, expected: out });
  const inside = seesExam(viewer, court);
  const own = inside && people.includes(person);
  const line = (one: { id: string; warnings: { low: number }; review: string }) => [one.id, one.warnings.low, one.review];
  return [
    inside
      ? {
          path: `/exams/${id}/participants`,
          expected: (answer) => (answer as { participants: Parameters<typeof line>[0][] }).participants.map(line),
          right: people.map((one) => [one.userId, counts(one), 'contested']),
        }
      : hidden(`/exams/${id}/participants`),
    own
      ? {
          path: `/exams/${id}/participants/${person.userId}`,
          expected: (answer) => line(answer as Parameters<typeof line>[0]),
          right: [person.userId, counts(person), 'contested'],
        }
      : hidden(`/exams/${id}/participants/${person.userId}`),
    inside
      ? {
          path: `/exams/${id}/warnings`,
          expected: (answer) => (answer as { warnings: { id: string }[] }).warnings.map((one) => one.id).toSorted(),
          right: (shown ? people : []).flatMap(({ warningIds }) => warningIds).toSorted(),
        }
      : hidden(`/exams/${id}/warnings`),
    inside && !viewer.isLink
      ? {
          path: `/exams/${id}/messages`,
          expected: (answer) => (answer as { messages: { text: string; by: string }[] }).messages.map(({ text, by }) => `${text} ${by}`),
          right: [
            ...people.flatMap(({ mark, userId }) => [`${mark} ${isStaff(viewer) ? SECRET_NAMES[0] : 'staff'}`, `${mark} ${userId}`]),
            `<${view} ${id} everybody> ${isStaff(viewer) ? SECRET_NAMES[0] : 'staff'}`,
          ],
        }
      : { path: `/exams/${id}/messages`, expected: inside ? 'forbidden' : out },
    ...(isStaff(viewer) && inside
      ? []
      : [`/exams/${id}/report.json`, `/exams/${id}/report.csv`, `/exams/${id}/participants/${person.userId}/report.pdf`].map((path) => ({
          path,
          expected: other,
        }))),
  ];
}

it('everybody gets by REST what they may see, while all others ask for theirs', async () => {
  const jobs = viewers
    .filter(({ isRevoked }) => !isRevoked)
    .flatMap((viewer) =>
      courts.flatMap((court) => court.people.flatMap((person) => restOf(viewer, court, person).map((ask) => ({ viewer, ask })))),
    );
  const wrong: string[] = [];
  const ask = async ({ viewer, ask: { path, expected, right } }: (typeof jobs)[number]) => {
    const response = await server.rest(path, { credential: viewer.credential });
    const text = await response.text();
    const answer = JSON.parse(text) as { error?: { code: string } };
    const found = typeof expected === 'string' || answer.error ? answer.error?.code : expected(answer);
    if (JSON.stringify(found) !== JSON.stringify(typeof expected === 'string' ? expected : right))
      wrong.push(`${path} by ${viewer.name}: ${response.status} ${text.slice(0, 300)}`);
  };
  for (let at = 0; at < jobs.length; at += 60) await Promise.all(jobs.slice(at, at + 60).map(ask));
  expect(wrong.slice(0, 3), `${wrong.length} of ${jobs.length}`).toEqual([]);
  expect(jobs.length).toBeGreaterThan(500);
});

const EVENTS = `subscription ($id: ID!, $after: SafeInt) { examEvents(examId: $id, after: $after) {
  kind: __typename seq
  ... on WarningAdded { warning { id userId } }
  ... on MessageSent { message { text by readAt } }
  ... on MessageRead { message { text } }
  ... on ParticipantChanged { change { what from to by reason } participant { userId warningCount warningCounts { low } contest { text }
    messages(first: 5) { edges { node { text } } } accessUrl renewedToken { token } } }
} }`;
const LAST = 'That is all';

it('everybody who follows an exam gets what is theirs, at once and again from its beginning, and candidates no name, verdict or hidden warning', async () => {
  const permitted = courts.flatMap((court) =>
    court.viewers.filter((viewer) => !viewer.isLink && !viewer.isRevoked && viewer.examId !== null).map((viewer) => ({ viewer, court })),
  );
  const feeds = permitted.flatMap(({ viewer, court }) =>
    [0, 0, 3].map((after) => ({
      viewer,
      court,
      feed: collect<{ examEvents: { kind: string; message?: { text: string } } }>(entrance.socketOf(viewer), EVENTS, {
        id: court.id,
        after,
      }),
    })),
  );
  for (const { id } of courts) await server.post(`/exams/${id}/messages`, { text: LAST });
  for (const { viewer, court, feed } of feeds) {
    await feed.find(({ examEvents: { message } }) => message?.text === LAST);
    const text = JSON.stringify(feed.items);
    expect(feed.errors, viewer.name).toEqual([]);
    for (const other of courts)
      for (const { mark, userId } of other.people)
        expect(text.includes(mark), `${mark} to ${viewer.name}`).toBe(other === court && (isStaff(viewer) || viewer.userId === userId));
    if (isStaff(viewer)) continue;
    for (const name of SECRET_NAMES) expect(text, `${name} to ${viewer.name}`).not.toContain(name);
    expect(text).not.toContain('accessUrl":"');
    const kinds = feed.items.map(({ examEvents: { kind } }) => kind);
    const warnings = court.people.find(({ userId }) => userId === viewer.userId)?.warningIds.length ?? 0;
    if (court.view === 'never') {
      expect(kinds).not.toContain('WarningAdded');
      expect(text).not.toMatch(/"warningCount":[1-9]|"low":[1-9]/);
    } else if (text.includes('"seq":1,')) expect(kinds.filter((kind) => kind === 'WarningAdded')).toHaveLength(warnings);
    // The first of the two who found a violation accuses of nothing, and gives no reason.
    const reviews = feed.items.flatMap(({ examEvents }) =>
      'change' in examEvents ? [examEvents['change'] as { what: string; reason: unknown }] : [],
    );
    for (const { what, reason } of reviews) if (what === 'review') expect(reason).toBeNull();
    feed.unsubscribe();
  }
});

/** All that staff decide and candidates do, about one person. */
const deeds = ({ id }: Court, { userId, warningIds: [warningId], messageId }: Person): { forStaff: string[]; forOwner: string[] } => {
  const who = `examId: "${id}", userId: "${userId}"`;
  return {
    forStaff: [
      `pauseParticipant(${who}, reason: "r") { id }`,
      `resumeParticipant(${who}) { id }`,
      `terminateParticipant(${who}, reason: "r") { id }`,
      `readmitParticipant(${who}, reason: "r") { token }`,
      `addTime(${who}, minutes: 5, reason: "r") { id }`,
      `addTimeToAll(examId: "${id}", minutes: 5, reason: "r") { id }`,
      `pauseParticipants(examId: "${id}", reason: "r") { id }`,
      `resumeParticipants(examId: "${id}") { id }`,
      `admitParticipants(examId: "${id}") { id }`,
      `reviewParticipant(${who}, status: PASSED) { id }`,
      `reviewWarnings(warningIds: ["${warningId}"], decision: CONFIRMED) { id }`,
      `reopenWarnings(warningIds: ["${warningId}"]) { id }`,
      `setAccommodations(${who}, suppress: [], reason: "r") { id }`,
      `enterConsole(examId: "${id}", name: "Jane") { token }`,
      `removeSampleExam(examId: "${id}")`,
      `markSeen(${who}) { id }`,
      `requestSnapshot(${who}) { id }`,
      `takeGroup(examId: "${id}", group: "A") { name }`,
      `releaseGroup(examId: "${id}", group: "A") { name }`,
      `handOverGroup(examId: "${id}", group: "A", to: "Jane (shared link)") { name }`,
    ],
    forOwner: [
      `sendMessage(${who}, text: "Hello") { id }`,
      `markMessageRead(messageId: "${messageId}") { id }`,
      `lowerHand(${who}) { id }`,
      `raiseHand(examId: "${id}") { id }`,
      `contestVerdict(examId: "${id}", text: "No") { id }`,
      `acceptNotice(examId: "${id}", version: "1") { id }`,
      `checkIn(examId: "${id}", device: {}) { id }`,
      `heartbeat(examId: "${id}") { id }`,
    ],
  };
};

it('nobody from another exam or organisation, and no link, does anything to a candidate, while all try at once', async () => {
  const ask = async (viewer: Viewer, deed: string) => {
    const headers = { 'content-type': 'application/json', ...(viewer.credential && { authorization: `Bearer ${viewer.credential}` }) };
    const body = JSON.stringify({ query: `mutation { ${deed} }` });
    const { errors } = (await (await fetch(entrance.url, { method: 'POST', headers, body })).json()) as {
      errors?: { message: string; extensions?: { code: string } }[];
    };
    return errors?.[0]?.extensions?.code ?? errors?.[0]?.message ?? 'done';
  };
  const logs = () => runSql(server, 'SELECT id, "lastSeq"::int AS seq FROM "Exam" ORDER BY id');
  const before = await logs();
  const tries = courts.flatMap((court) =>
    court.people.flatMap((person) => {
      const { forStaff, forOwner } = deeds(court, person);
      const strangers = viewers.filter((viewer) => !viewer.isRevoked && !seesExam(viewer, court));
      const fellows = court.viewers.filter((viewer) => viewer.role === 'participant' && (viewer.isLink || viewer.userId !== person.userId));
      return [
        ...strangers.flatMap((viewer) => [...forStaff, ...forOwner].map((deed) => ({ viewer, deed }))),
        ...fellows.flatMap((viewer) => [...forStaff, ...forOwner.slice(0, 3)].map((deed) => ({ viewer, deed }))),
      ];
    }),
  );
  const done: string[] = [];
  for (let at = 0; at < tries.length; at += 50)
    await Promise.all(
      tries.slice(at, at + 50).map(async ({ viewer, deed }) => {
        const code = await ask(viewer, deed);
        if (!['NOT_FOUND', 'FORBIDDEN', 'UNAUTHORIZED'].includes(code)) done.push(`${deed} by ${viewer.name}: ${code}`);
      }),
    );
  expect(done.slice(0, 5), `${done.length} of ${tries.length}`).toEqual([]);
  expect(tries.length).toBeGreaterThan(3_000);
  expect(await logs()).toEqual(before);
});
