import type { Prisma } from '../../generated/prisma/client.ts';
import type { LogEvent } from '../event-log/event-log.ts';
import { isStaff, type Viewer } from './viewer.ts';

/**
 * Who sees what, in the four forms in which it is asked: as a filter for Prisma, as a condition of SQL, of an exam in memory,
 * and of an event. All are made of `sightOf`, and test/units/sight.test.ts holds them to the same answers.
 */

/** What a viewer may see, as plain values: null is everything, an empty list nothing. */
export interface Sight {
  tenant: string | null;
  exams: readonly string[] | null;
  /** The users whose participants, warnings, recordings and submissions may be seen. */
  users: readonly string[] | null;
}

export function sightOf(viewer: Viewer): Sight {
  const { role, tenant, examId, userId } = viewer;
  if (role === 'anonymous') return { tenant: null, exams: [], users: [] };
  const own = userId === null ? [] : [userId];
  return { tenant, exams: examId === null ? null : [examId], users: isStaff(viewer) ? null : own };
}

// As a filter for Prisma.

export function visibleExams(viewer: Viewer): Prisma.ExamWhereInput {
  const { tenant, exams } = sightOf(viewer);
  return { ...(tenant !== null && { tenant }), ...(exams && { id: { in: [...exams] } }) };
}

/** In the exams that the viewer sees: everything for staff, the viewer's own for a participant. */
function visibleOfUser(viewer: Viewer) {
  const { users } = sightOf(viewer);
  return { exam: visibleExams(viewer), ...(users && { userId: { in: [...users] } }) };
}

export const visibleParticipants = (viewer: Viewer): Prisma.ParticipantWhereInput => visibleOfUser(viewer);
export const visibleWarnings = (viewer: Viewer): Prisma.WarningWhereInput => visibleOfUser(viewer);
export const visibleRecordings = (viewer: Viewer): Prisma.RecordingWhereInput => visibleOfUser(viewer);
export const visibleSubmissions = (viewer: Viewer): Prisma.SubmissionWhereInput => visibleOfUser(viewer);

/** Verifications belong to a tenant and to no exam: only its API keys see them. */
export function visibleVerifications(viewer: Viewer): Prisma.VerificationWhereInput {
  if (!isStaff(viewer) || viewer.examId !== null) return { id: { in: [] } };
  return viewer.tenant === null ? {} : { tenant: viewer.tenant };
}

// As a condition of SQL.

/** The exam `e` is visible, by the parameters $2 and $3. $4 is only named, so that it may go unused. */
export const EXAM_IN_SIGHT =
  '($2::text IS NULL OR e.tenant = $2) AND ($3::text[] IS NULL OR e.id = ANY($3)) AND ($4::text[] IS NULL OR true)';

/**
 * A row of a user is visible, by the parameter $4. No condition that a parameter switches off: the generic plan of a prepared
 * statement could not use the index by user.
 */
export const ofUser = ({ users }: Sight, alias: string) => (users ? `${alias}."userId" = ANY($4)` : 'true');

/** A prepared statement with the parameters that the conditions above take, before its own. */
export const inSight = (name: string, text: string, id: string, { tenant, exams, users }: Sight, ...own: unknown[]) => ({
  name: users ? `${name}-of-user` : name,
  text,
  values: [id, tenant, exams, users, ...own],
});

// In memory.

/** @param exam its id, and the tenant that it belongs to */
export const seesExam = ({ tenant, exams }: Sight, exam: { id: string; tenant: string }): boolean =>
  (tenant === null || tenant === exam.tenant) && (exams === null || exams.includes(exam.id));

/** Whether an event of a visible exam may reach the viewer. */
export const seesEvent = ({ users }: Sight, { kind, userId }: Pick<LogEvent, 'kind' | 'userId'>): boolean =>
  users === null || kind === 'EXAM_CHANGED' || (userId !== null && users.includes(userId));
