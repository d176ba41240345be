import { API_KEYS, ACCOMMODATE, CREATE, HEARTBEAT, JOIN, PAGES, REPORT, REVIEW, START, SUBMIT } from './documents.ts';
import { isStaff, type School, type SchoolExam, seesExam, type Viewer } from './school.ts';
import type { Ask } from './storm.ts';

type Refusal = [code: string, name: string, query: string, variables: Ask['variables']];

/** Requests in the hall by viewers without the right, while others may send the same ones. */
export function refusalsOf({ halls, viewers }: School): Ask[] {
  return halls.flatMap((hall) =>
    viewers.flatMap((viewer) =>
      forbiddenTo(viewer, hall).map(([code, name, query, variables]): Ask => {
        return { kind: 'refusal', name: `${name} in ${hall.title}`, viewer, query, variables, expected: { code } };
      }),
    ),
  );
}

function forbiddenTo(viewer: Viewer, hall: SchoolExam): Refusal[] {
  const other = hall.seats.find(({ userId }) => userId !== viewer.userId);
  if (!other) throw new Error('an exam without candidates');
  const { userId, warningId } = other;
  const examId = hall.id;
  const details = 'in another name';
  const reportAs = (code: string): Refusal => [code, 'report as another', REPORT, { examId, userId, details }];
  const joinAs = (code: string): Refusal => [code, 'join as another', JOIN, { examId, userId }];
  const submitAs = (code: string): Refusal => [code, 'submit as another', SUBMIT, { examId, userId, stats: {} }];
  const review = (code: string): Refusal => [code, 'review', REVIEW, { warningId, reason: details }];
  const heartbeat = (code: string): Refusal => [code, 'heartbeat', HEARTBEAT, { examId }];
  const keys: Refusal = ['FORBIDDEN', 'list of keys', API_KEYS, {}];

  if (viewer.role === 'nobody') {
    const code = 'UNAUTHORIZED';
    return [reportAs(code), joinAs(code), review(code), heartbeat(code), [code, 'read', PAGES, { examId }]];
  }
  if (!seesExam(viewer, hall)) {
    const code = 'NOT_FOUND';
    return [reportAs(code), ...(isStaff(viewer) ? [review(code)] : [joinAs(code)])];
  }
  switch (viewer.role) {
    case 'participant': {
      const code = 'FORBIDDEN';
      const isJoined = viewer.userId !== null;
      const alike: Refusal[] = [reportAs(code), submitAs(code), review(code), [code, 'start', START, { examId }], keys];
      const accommodate: Refusal = [code, 'accommodate', ACCOMMODATE, { examId, userId: viewer.userId ?? userId, reason: details }];
      // The candidate has already joined, so the holder of the link is refused for that reason and not for its role.
      return [...alike, accommodate, joinAs(isJoined ? code : 'CONFLICT'), ...(isJoined ? [] : [heartbeat(code)])];
    }
    case 'proctor':
      return [
        joinAs('FORBIDDEN'),
        submitAs('FORBIDDEN'),
        heartbeat('FORBIDDEN'),
        keys,
        ['FORBIDDEN', 'create', CREATE, { title: details }],
      ];
    case 'lms':
      return [heartbeat('FORBIDDEN'), keys];
    default:
      return [heartbeat('FORBIDDEN')];
  }
}
