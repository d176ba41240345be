import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isStaff, seesExam, seesUser } from './crowd.mjs';

const PAGES = `query Pages($examId: ID!) { exam(id: $examId) {
  id accessUrl adminUrl
  participants(first: 50) { edges { node { id userId } } }
  warnings(first: 50) { edges { node { id userId } } }
} }`;
const WHOLE = `query Whole($examId: ID!, $userId: ID!, $participantId: ID!, $warningId: ID!, $recordingId: ID!) {
  exam(id: $examId) {
    adminUrl
    recordings(first: 50) { edges { node { id userId } } }
    participant(userId: $userId) { id exam { adminUrl } recordings { id } }
  }
  participant: node(id: $participantId) { id }
  warning: node(id: $warningId) { id }
  recording(id: $recordingId) { id userId }
}`;
const LIST = 'query List { exams(first: 50, search: ", read") { edges { node { id adminUrl } } } }';
const REPORT = `mutation Report($examId: ID!, $userId: ID, $details: String!) {
  reportWarnings(examId: $examId, userId: $userId, warnings: [{ type: "tab_switch", details: $details }]) { examId userId source details }
}`;
const REVIEW = `mutation Review($warningId: ID!, $reason: String!) {
  reviewWarning(warningId: $warningId, decision: DISMISSED, reason: $reason) { id review { by reason } }
}`;
const JOIN = `mutation Join($examId: ID!, $userId: ID!) {
  joinExam(examId: $examId, userId: $userId) { token participant { userId } }
}`;
const HEARTBEAT = 'mutation Heartbeat($examId: ID!) { heartbeat(examId: $examId) { id userId } }';
const CHUNK = `mutation Chunk($recordingId: ID!, $index: Int!, $file: Upload!) {
  appendRecordingChunk(recordingId: $recordingId, index: $index, chunk: $file) { recordingId sha256 }
}`;
/** Including the fields for staff only. */
export const EVENTS = `subscription Events($examId: ID!) { examEvents(examId: $examId) {
  seq
  ... on WarningAdded { warning { userId } }
  ... on WarningReviewed { warning { userId } }
  ... on ParticipantChanged { participant { userId exam { adminUrl } } }
} }`;

const WALK_INS = 5;
const CHUNK_BYTES = 200;

const edges = (nodes) => ({ edges: nodes.map((node) => ({ node })) });
const adminUrlFor = (viewer, exam) => (isStaff(viewer) ? exam.adminUrl : null);
const codes = (viewer, code) => ({ code: viewer.role === 'nobody' ? 'UNAUTHORIZED' : code });
const seen = (viewer, data) => (viewer.role === 'nobody' ? { code: 'UNAUTHORIZED' } : { data });

function claimsOf(token) {
  const { role, tenant, exam, sub } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  return { role, tenant, exam, sub };
}

function pagesOf(viewer, exam) {
  const { id, accessUrl } = exam;
  const seats = exam.seats.filter(({ userId }) => seesUser(viewer, exam, userId));
  const participants = edges(seats.map(({ participantId, userId }) => ({ id: participantId, userId })));
  const warnings = edges(seats.map(({ warningId, userId }) => ({ id: warningId, userId })));
  const whole = { id, accessUrl, adminUrl: adminUrlFor(viewer, exam), participants, warnings };
  return { query: PAGES, variables: { examId: id }, expected: seen(viewer, { exam: seesExam(viewer, exam) ? whole : null }) };
}

function wholeOf(viewer, exam, { token: _token, ...seat }) {
  const { userId, participantId, warningId, recordingId } = seat;
  const sees = seesUser(viewer, exam, userId);
  const adminUrl = adminUrlFor(viewer, exam);
  const recordings = exam.seats
    .filter((other) => seesUser(viewer, exam, other.userId))
    .map((other) => ({ id: other.recordingId, userId: other.userId }));
  const participant = sees ? { id: participantId, exam: { adminUrl }, recordings: [{ id: recordingId }] } : null;
  const data = {
    exam: seesExam(viewer, exam) ? { adminUrl, recordings: edges(recordings), participant } : null,
    participant: sees ? { id: participantId } : null,
    warning: sees ? { id: warningId } : null,
    recording: sees ? { id: recordingId, userId } : null,
  };
  return { query: WHOLE, variables: { examId: exam.id, ...seat }, expected: seen(viewer, data) };
}

function listOf(viewer, read) {
  const own = read.filter((exam) => seesExam(viewer, exam)).map(({ id, adminUrl }) => ({ id, adminUrl }));
  const expected = viewer.role === 'participant' ? codes(viewer, 'FORBIDDEN') : seen(viewer, { exams: edges(own.reverse()) });
  return { query: LIST, variables: {}, expected };
}

/** Different bytes each time, and the hash with which the answer shows whose bytes arrived. */
function chunkOf({ recordingId }, index, expectedOf) {
  const file = randomBytes(CHUNK_BYTES);
  const sha256 = createHash('sha256').update(file).digest('hex');
  const expected = expectedOf({ appendRecordingChunk: { recordingId, sha256 } });
  return { query: CHUNK, variables: { recordingId, index, file: null }, file, expected };
}

const chunks = (seat, indexOf, expectedOf) => ({ query: CHUNK, isFile: true, renew: () => chunkOf(seat, indexOf(), expectedOf) });

/** The changes that this viewer may make in the hall, in its own name. */
function actsOf(viewer, hall) {
  const { id: examId, tenant, seats } = hall;
  const { name, role, userId } = viewer;
  const details = `by ${name}`;
  if (role === 'proctor') {
    return seats.map(({ warningId }) => {
      const reviewWarning = { id: warningId, review: { by: name, reason: details } };
      return { query: REVIEW, variables: { warningId, reason: details }, expected: { data: { reviewWarning } } };
    });
  }
  if (role === 'participant' && userId !== null) {
    const seat = seats.find((other) => other.userId === userId);
    let sent = 0;
    const reported = { examId, userId, source: 'CLIENT', details };
    const heartbeat = { id: seat.participantId, userId };
    return [
      { query: REPORT, variables: { examId, details }, expected: { data: { reportWarnings: [reported] } } },
      { query: HEARTBEAT, variables: { examId }, expected: { data: { heartbeat } } },
      chunks(
        seat,
        () => sent++,
        (data) => ({ data }),
      ),
    ];
  }
  if (role !== 'lms') return [];
  return Array.from({ length: WALK_INS }, (_, n) => {
    const walkIn = `walk_in_${n}`;
    const data = { token: { role: 'participant', tenant, exam: examId, sub: walkIn }, participant: { userId: walkIn } };
    const see = ({ joinExam: { token, participant } }) => ({ token: claimsOf(token), participant });
    return { query: JOIN, variables: { examId, userId: walkIn }, see, expected: { data } };
  });
}

/** Changes that others may make in the hall at the same time, but this viewer may not. */
function refusedOf(viewer, hall) {
  const other = hall.seats.find(({ userId }) => userId !== viewer.userId);
  const { userId, warningId } = other;
  const variables = { examId: hall.id, userId, details: 'in another name' };
  const report = (code) => ({ query: REPORT, variables, expected: codes(viewer, code) });
  const review = (code) => ({ query: REVIEW, variables: { warningId, reason: 'not mine' }, expected: codes(viewer, code) });
  const chunk = (code) =>
    chunks(
      other,
      () => 0,
      () => codes(viewer, code),
    );
  if (!seesExam(viewer, hall)) return isStaff(viewer) ? [report('NOT_FOUND'), review('NOT_FOUND')] : [report('NOT_FOUND')];
  if (viewer.role === 'participant')
    return [report('FORBIDDEN'), review('FORBIDDEN'), chunk(viewer.userId === null ? 'FORBIDDEN' : 'NOT_FOUND')];
  if (viewer.role === 'proctor') return [chunk('FORBIDDEN')];
  return [{ query: HEARTBEAT, variables: { examId: hall.id }, expected: { code: 'FORBIDDEN' } }];
}

/** All operations of a viewer with their only correct answers; some are changed each time by `renew`. */
export function asksOf(viewer, { read, halls }, at) {
  const inHall = (hall) => [...(seesExam(viewer, hall) ? actsOf(viewer, hall) : []), ...refusedOf(viewer, hall)];
  return [
    ...read.flatMap((exam) => [pagesOf(viewer, exam), wholeOf(viewer, exam, exam.seats[at % exam.seats.length])]),
    listOf(viewer, read),
    ...halls.flatMap(inHall),
  ];
}

const holdsNothing = (data) => data == null || Object.values(data).every((value) => value === null);

/** `null` if the answer is correct, else `wrong`; `refused` if it should have been granted; `busy` if it says to try again. */
export function mistakeIn({ expected, see }, { data, errors }) {
  if (errors?.[0]?.message === 'The database is busy; try again') return 'busy';
  if (expected.code) return holdsNothing(data) && errors?.[0]?.extensions?.code === expected.code ? null : 'wrong';
  if (errors) return 'refused';
  return isDeepStrictEqual(see ? see(data) : data, expected.data) ? null : 'wrong';
}

/** Whether an event shows a viewer only what they may see. */
export function isRightEvent(viewer, exam, event) {
  let isRight = true;
  JSON.stringify(event, (name, value) => {
    if (name === 'adminUrl') isRight &&= value === adminUrlFor(viewer, exam);
    if (name === 'userId') isRight &&= seesUser(viewer, exam, value);
    return value;
  });
  return isRight;
}
