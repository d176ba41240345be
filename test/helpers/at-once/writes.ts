import { ACCOMMODATE, CREATE, HEARTBEAT, JOIN, REPORT, REVIEW } from './documents.ts';
import type { SchoolExam, Viewer } from './school.ts';
import type { Ask } from './storm.ts';

/** The claims of a signed token. */
function claimsOf(token: string) {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const { role, tenant, exam, sub = null } = JSON.parse(payload) as Record<string, unknown>;
  return { role, tenant, exam, sub };
}

const write = (viewer: Viewer, name: string, query: string, variables: Ask['variables'], data: unknown, see?: Ask['see']): Ask => ({
  kind: 'write',
  name,
  viewer,
  query,
  variables,
  expected: { data },
  ...(see && { see }),
});

function join(viewer: Viewer, { id: exam, tenant }: SchoolExam, userId: string): Ask {
  const claims = { role: 'participant', tenant, exam, sub: userId };
  const see = (data: unknown) => {
    const { joinExam } = data as { joinExam: { token: string; participant: unknown } };
    return { ...joinExam, token: claimsOf(joinExam.token) };
  };
  const name = `Name of ${userId}`;
  return write(viewer, 'join', JOIN, { examId: exam, userId, name }, { token: claims, participant: { userId, name } }, see);
}

function report(viewer: Viewer, { id: examId }: SchoolExam, named: string | null, details: string): Ask {
  const source = viewer.role === 'proctor' ? 'PROCTOR' : 'CLIENT';
  const reported = { examId, userId: named ?? viewer.userId, source, details };
  return write(viewer, 'report', REPORT, { examId, userId: named, details }, { reportWarnings: [reported] });
}

function createExam(viewer: Viewer, title: string): Ask {
  const see = (data: unknown) => {
    const { createExam } = data as { createExam: { title: string; adminUrl: string } };
    return { title: createExam.title, tenant: claimsOf(createExam.adminUrl.split('#t=')[1] ?? '').tenant };
  };
  return write(viewer, 'create', CREATE, { title }, { title, tenant: viewer.tenant ?? 'default' }, see);
}

/** A viewer's changes in the hall, in their own name. */
function writesOf(viewer: Viewer, hall: SchoolExam, mark: string, named: string): Ask[] {
  const { id: examId, seats } = hall;
  const { name, role, userId } = viewer;
  const joins = ['a', 'b', 'c'].map((letter) => join(viewer, hall, `${letter} ${mark}`));
  if (role === 'lms') return [...joins, createExam(viewer, mark), report(viewer, hall, named, mark)];
  if (role === 'participant' && userId === null) return joins;
  if (role === 'participant') {
    const heartbeat = { id: seats.find((seat) => seat.userId === userId)?.participantId, userId };
    return [write(viewer, 'heartbeat', HEARTBEAT, { examId }, { heartbeat }), report(viewer, hall, null, mark)];
  }
  const setAccommodations = { userId: mark, accommodations: [{ by: name, reason: mark }] };
  const reviews = seats.map(({ warningId: id }) => {
    const reviewWarning = { id, review: { by: name, reason: mark } };
    return write(viewer, 'review', REVIEW, { warningId: id, reason: mark }, { reviewWarning });
  });
  const accommodation = write(viewer, 'accommodate', ACCOMMODATE, { examId, userId: mark, reason: mark }, { setAccommodations });
  return [report(viewer, hall, named, mark), accommodation, ...reviews];
}

/** The changes of all viewers with the right in the hall. `round` makes names unique. */
export function writesIn(hall: SchoolExam, viewers: readonly Viewer[], round: string): Ask[] {
  const { id, tenant, seats } = hall;
  const here = viewers.filter((viewer) => viewer.tenant === tenant && (viewer.examId === null || viewer.examId === id));
  return here.flatMap((viewer, at) => writesOf(viewer, hall, `${viewer.name} ${at} by ${round}`, seats[at % seats.length]?.userId ?? ''));
}
