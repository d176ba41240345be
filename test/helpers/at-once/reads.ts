import { LIST, PAGES, WHOLE } from './documents.ts';
import { isStaff, type School, type SchoolExam, seesExam, seesUser, type Viewer } from './school.ts';
import type { Ask } from './storm.ts';

const edges = (nodes: readonly unknown[]) => ({ edges: nodes.map((node) => ({ node })) });
const adminUrlFor = (viewer: Viewer, { adminUrl }: SchoolExam) => (isStaff(viewer) ? adminUrl : null);

function pagesFor(viewer: Viewer, exam: SchoolExam) {
  if (!seesExam(viewer, exam)) return { exam: null };
  const seats = exam.seats.filter(({ userId }) => seesUser(viewer, exam, userId));
  return {
    exam: {
      id: exam.id,
      accessUrl: exam.accessUrl,
      adminUrl: adminUrlFor(viewer, exam),
      participants: edges(seats.map(({ participantId: id, userId }) => ({ id, userId }))),
      warnings: edges(seats.map(({ warningId: id, userId }) => ({ id, userId }))),
    },
  };
}

function wholeFor(viewer: Viewer, exam: SchoolExam, seat: SchoolExam['seats'][number]) {
  if (!seesExam(viewer, exam)) return { exam: null, participant: null, warning: null, recording: null };
  const { userId, participantId, warningId, recordingId } = seat;
  const seats = exam.seats.filter((other) => seesUser(viewer, exam, other.userId));
  const sees = seats.includes(seat);
  const adminUrl = adminUrlFor(viewer, exam);
  const participants = edges(seats.map((other) => ({ userId: other.userId })));
  return {
    exam: {
      title: exam.title,
      adminUrl,
      recordings: edges(seats.map((other) => ({ id: other.recordingId, userId: other.userId }))),
      warnings: edges(seats.map((other) => ({ id: other.warningId, userId: other.userId }))),
      participant: sees ? { id: participantId, exam: { adminUrl, participants }, recordings: [{ id: recordingId }] } : null,
    },
    participant: sees ? { id: participantId, userId, exam: { adminUrl } } : null,
    warning: sees ? { id: warningId } : null,
    recording: sees ? { id: recordingId, userId } : null,
  };
}

/** Without credentials, everything has the same answer. */
const seenBy = (viewer: Viewer, data: unknown): Pick<Ask, 'kind' | 'expected'> =>
  viewer.role === 'nobody' ? { kind: 'refusal', expected: { code: 'UNAUTHORIZED' } } : { kind: 'read', expected: { data } };

/** Every viewer asks for everything; what the viewer may not see must be missing. */
export function readsOf({ read, viewers }: School): Ask[] {
  return viewers.flatMap((viewer, at) => [
    ...read.flatMap((exam): Ask[] => {
      // Each viewer asks for a different candidate, so that many ask for each candidate.
      const seat = exam.seats[at % exam.seats.length];
      if (!seat) throw new Error('an exam without candidates');
      const { userId, participantId, warningId, recordingId } = seat;
      const variables = { examId: exam.id, userId, participantId, warningId, recordingId };
      return [
        { name: `pages of ${exam.title}`, viewer, query: PAGES, variables: { examId: exam.id }, ...seenBy(viewer, pagesFor(viewer, exam)) },
        { name: `${userId} of ${exam.title}`, viewer, query: WHOLE, variables, ...seenBy(viewer, wholeFor(viewer, exam, seat)) },
      ];
    }),
    listOf(viewer, read),
  ]);
}

function listOf(viewer: Viewer, read: readonly SchoolExam[]): Ask {
  const ask = { name: 'list of exams', viewer, query: LIST, variables: {} };
  if (viewer.role === 'participant') return { ...ask, kind: 'refusal', expected: { code: 'FORBIDDEN' } };
  const seen = read.filter((exam) => seesExam(viewer, exam)).map(({ id, adminUrl }) => ({ id, adminUrl }));
  return { ...ask, ...seenBy(viewer, { exams: edges(seen) }) };
}
