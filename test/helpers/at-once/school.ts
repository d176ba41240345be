import { createExam, createKey, join, report, tokenIn } from '../exam.ts';
import { startLive } from '../live.ts';
import { ADMIN_KEY, type TestServer } from '../server.ts';

/** A candidate in an exam, with their own warning and recording. */
export interface Seat {
  userId: string;
  token: string;
  participantId: string;
  warningId: string;
  recordingId: string;
}

export interface SchoolExam {
  id: string;
  tenant: string;
  title: string;
  accessUrl: string;
  adminUrl: string;
  seats: readonly Seat[];
}

/** A viewer with a credential, and what it gives access to. */
export interface Viewer {
  /** Name of the key or token, as recorded in reviews. */
  name: string;
  role: 'admin' | 'lms' | 'proctor' | 'participant' | 'nobody';
  credential: string | null;
  /** Null means every tenant. */
  tenant: string | null;
  /** Set for tokens: the only exam they give access to. */
  examId: string | null;
  /** Set for candidates. */
  userId: string | null;
}

export const isStaff = ({ role }: Viewer) => role === 'admin' || role === 'lms' || role === 'proctor';

export const seesExam = ({ role, tenant, examId }: Viewer, exam: SchoolExam) =>
  role !== 'nobody' && (tenant === null || tenant === exam.tenant) && (examId === null || examId === exam.id);

export const seesUser = (viewer: Viewer, exam: SchoolExam, userId: string) =>
  seesExam(viewer, exam) && (isStaff(viewer) || viewer.userId === userId);

const KEYS = [
  { role: 'LMS', tenant: 'north', name: 'LMS of the north' },
  { role: 'LMS', tenant: 'south', name: 'LMS of the south' },
  { role: 'PROCTOR', tenant: 'north', name: 'Ada' },
  { role: 'PROCTOR', tenant: 'north', name: 'Bea' },
  { role: 'PROCTOR', tenant: 'south', name: 'Cid' },
] as const;

/** Without analysis, which would take processor time from the test; candidates see the warnings about themselves meanwhile. */
const SETTINGS = { aiDetection: { enabled: false }, candidateView: 'live' };

/** Sequential, so that the setup is right even if the server mixes up concurrent requests. */
async function openExam(server: TestServer, title: string, tenant: string, key: string, users: number): Promise<SchoolExam> {
  const { id, accessUrl, adminUrl } = await createExam(server, { title, settings: SETTINGS }, key);
  const seats: Seat[] = [];
  for (let n = 1; n <= users; n++) {
    // The same user ids in every exam, as an LMS has them: only the exam distinguishes the rows.
    const userId = `user_${n}`;
    const token = await join(server, id, userId);
    const [warning] = await report(server, id, userId, ['noise']);
    const recording = await startLive(server, { examId: id, userId });
    const { exam } = await server.graphql().request<{
      exam: { participant: { id: string } };
    }>('query ($id: ID!, $userId: ID!) { exam(id: $id) { participant(userId: $userId) { id } } }', { id, userId });
    seats.push({ userId, token, participantId: exam.participant.id, warningId: warning?.id ?? '', recordingId: recording.id });
  }
  return { id, tenant, title, accessUrl, adminUrl, seats };
}

/** The viewers with a token of the exam: the proctor link, the access link and the candidates. */
export function bearersOf({ id, tenant, accessUrl, adminUrl, seats }: SchoolExam): Viewer[] {
  const bearer = { tenant, examId: id, userId: null };
  return [
    { ...bearer, name: 'proctor link', role: 'proctor', credential: tokenIn(adminUrl) },
    { ...bearer, name: 'access link', role: 'participant', credential: tokenIn(accessUrl) },
    ...seats.map(({ userId, token }) => ({ ...bearer, name: userId, role: 'participant' as const, credential: token, userId })),
  ];
}

const nobody: Viewer = { name: 'nobody', role: 'nobody', credential: null, tenant: null, examId: null, userId: null };

/**
 * Two independent tenants. `read` are exams in which nothing changes, so that each answer is completely known; in the `halls`,
 * one per tenant, everybody acts at the same time.
 */
export async function openSchool(server: TestServer) {
  const admin: Viewer = { name: 'admin', role: 'admin', credential: ADMIN_KEY, tenant: null, examId: null, userId: null };
  const keys: Viewer[] = [];
  for (const { role, tenant, name } of KEYS) {
    const { key } = await createKey(server, role, tenant, name);
    const kind = role === 'LMS' ? ('lms' as const) : ('proctor' as const);
    keys.push({ name, role: kind, credential: key, tenant, examId: null, userId: null });
  }
  const open = (title: string, tenant: string, users: number) => {
    const lms = keys.find((key) => key.role === 'lms' && key.tenant === tenant);
    return openExam(server, title, tenant, lms?.credential ?? '', users);
  };
  const read = [
    await open('Algebra, read', 'north', 4),
    await open('Biology, read', 'north', 3),
    await open('Chemistry, read', 'south', 3),
  ];
  const halls = [await open('Hall of the north', 'north', 4), await open('Hall of the south', 'south', 3)];
  const staff = [admin, ...keys];
  return { read, halls, staff, open, viewers: [...staff, ...[...read, ...halls].flatMap(bearersOf), nobody] };
}

export type School = Awaited<ReturnType<typeof openSchool>>;
