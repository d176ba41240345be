import type { Prisma } from '../../generated/prisma/client.ts';
import type { LogEvent } from '../event-log/event-log.ts';
import { SHARE } from '../shares/share-event.ts';
import { SHOWN_TO_CANDIDATE, shownToCandidate } from './candidate-view.ts';
import { isStaff, type Viewer } from './viewer.ts';

/**
 * Who sees what, in four forms: a Prisma filter, an SQL condition, a check of an exam in memory, and a check of an event. All
 * derive from `sightOf`, and test/units/sight.test.ts checks that they agree. Candidates see the warnings about themselves only when
 * the exam's settings say so: `candidate-view.ts`.
 */

/** What a viewer may see, as plain values: null means everything, an empty list nothing. */
export interface Sight {
  tenant: string | null;
  exams: readonly string[] | null;
  /** The users whose participants, warnings, recordings and submissions are visible. */
  users: readonly string[] | null;
}

export function sightOf(viewer: Viewer): Sight {
  const { role, tenant, examId, userId } = viewer;
  if (role === 'anonymous') return { tenant: null, exams: [], users: [] };
  const own = userId === null ? [] : [userId];
  return { tenant, exams: examId === null ? null : [examId], users: isStaff(viewer) ? null : own };
}

// As a Prisma filter.

export function visibleExams(viewer: Viewer): Prisma.ExamWhereInput {
  const { tenant, exams } = sightOf(viewer);
  return { ...(tenant !== null && { tenant }), ...(exams && { id: { in: [...exams] } }) };
}

/** In the exams that the viewer sees: everything for staff, only their own for a participant. */
function visibleOfUser(viewer: Viewer) {
  const { users } = sightOf(viewer);
  return { exam: visibleExams(viewer), ...(users && { userId: { in: [...users] } }) };
}

export const visibleParticipants = (viewer: Viewer): Prisma.ParticipantWhereInput => visibleOfUser(viewer);
export const visibleWarnings = (viewer: Viewer): Prisma.WarningWhereInput => ({ ...visibleOfUser(viewer), ...shownWarnings(viewer) });

/** Those of a participant whom the viewer sees. */
export const shownWarnings = (viewer: Viewer): Prisma.WarningWhereInput => (isStaff(viewer) ? {} : SHOWN_TO_CANDIDATE);

/** A link may lie in a mailbox: it opens no recordings, nor what was handed in, written or shown at the check-in. */
export const visibleRecordings = (viewer: Viewer): Prisma.RecordingWhereInput =>
  viewer.isLink ? { id: { in: [] } } : visibleOfUser(viewer);
export const visibleSubmissions = (viewer: Viewer): Prisma.SubmissionWhereInput =>
  viewer.isLink ? { id: { in: [] } } : visibleOfUser(viewer);

/** What is written to everybody is visible to all who are in the exam. */
export function visibleMessages(viewer: Viewer): Prisma.MessageWhereInput {
  const { users } = sightOf(viewer);
  if (viewer.isLink) return { id: { in: [] } };
  if (users === null) return { exam: visibleExams(viewer) };
  const own = users.map((userId) => ({ OR: [{ userId }, { userId: null }] }));
  return own.length === 0 ? { id: { in: [] } } : { exam: visibleExams(viewer), AND: own };
}

/** Verifications belong to a tenant and not to an exam: only the tenant's API keys see them. */
export function visibleVerifications(viewer: Viewer): Prisma.VerificationWhereInput {
  if (!isStaff(viewer) || viewer.examId !== null) return { id: { in: [] } };
  return viewer.tenant === null ? {} : { tenant: viewer.tenant };
}

// As an SQL condition.

/** The exam `e` is visible, by the parameters $2 and $3. $4 is only mentioned so that it may be unused. */
export const EXAM_IN_SIGHT =
  '($2::text IS NULL OR e.tenant = $2) AND ($3::text[] IS NULL OR e.id = ANY($3)) AND ($4::text[] IS NULL OR true)';

/**
 * A user's row is visible, by the parameter $4. Not a condition that a parameter switches off: with that, the generic plan of a
 * prepared statement could not use the index by user.
 */
export const ofUser = ({ users }: Sight, alias: string) => (users ? `${alias}."userId" = ANY($4)` : 'true');

/** As `ofUser`, for the warning `alias` of the exam `e`. */
export const warningInSight = (sight: Sight, alias: string) =>
  sight.users ? `${ofUser(sight, alias)} AND ${shownToCandidate(alias)}` : 'true';

/** A prepared statement whose own parameters follow those of the conditions above. */
export const inSight = (name: string, text: string, id: string, { tenant, exams, users }: Sight, ...own: unknown[]) => ({
  name: users ? `${name}-of-user` : name,
  text,
  values: [id, tenant, exams, users, ...own],
});

// In memory.

/** @param exam its id and its tenant */
export const seesExam = ({ tenant, exams }: Sight, exam: { id: string; tenant: string }): boolean =>
  (tenant === null || tenant === exam.tenant) && (exams === null || exams.includes(exam.id));

const OF_WARNINGS: ReadonlySet<LogEvent['kind']> = new Set(['WARNING_ADDED', 'WARNING_REVIEWED', 'WARNING_UPDATED']);

/** What staff arrange among themselves: it bears names, and is nothing to candidates. */
const isOfStaff = ({ kind, data }: Pick<LogEvent, 'kind' | 'data'>): boolean =>
  kind === 'EXAM_CHANGED' && (data as { what?: unknown } | null)?.what === SHARE;

/**
 * Whether an event of a visible exam may reach the viewer.
 * @param warningsShown whether a candidate sees the warnings about itself: `candidateSees`
 */
export const seesEvent = (
  { users }: Sight,
  { kind, userId, data }: Pick<LogEvent, 'kind' | 'userId' | 'data'>,
  warningsShown: boolean,
): boolean =>
  users === null ||
  (kind === 'EXAM_CHANGED' && !isOfStaff({ kind, data })) ||
  (userId === null ? kind === 'MESSAGE_SENT' && users.length > 0 : users.includes(userId) && (warningsShown || !OF_WARNINGS.has(kind)));
