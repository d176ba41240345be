import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '../../src/adapters/database/database.ts';
import { createLogger } from '../../src/log.ts';
import { candidateSees, createCandidateViews } from '../../src/services/access/candidate-view.ts';
import {
  EXAM_IN_SIGHT,
  inSight,
  ofUser,
  seesEvent,
  seesExam,
  sightOf,
  visibleExams,
  visibleParticipants,
  visibleRecordings,
  visibleSubmissions,
  visibleWarnings,
  warningInSight,
} from '../../src/services/access/sight.ts';
import { anonymous, type Viewer } from '../../src/services/access/viewer.ts';
import type { LogEvent } from '../../src/services/event-log/event-log.ts';
import { createHotReads } from '../../src/services/reads/hot-reads.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';

const TENANTS = ['north', 'south'];
const VIEWS = [{}, { candidateView: 'AFTER_END' }, { candidateView: 'LIVE' }, { candidateView: 'NEVER' }];
/** Each setting of what candidates see, in an exam that goes on and in one that is over. */
const EXAMS = TENANTS.flatMap((tenant) =>
  VIEWS.flatMap((settings, n) =>
    (['IN_PROGRESS', 'COMPLETED', 'CANCELLED'] as const).map((status) => ({
      id: `exam_${tenant}_${n}_${status}`,
      tenant,
      settings,
      status,
    })),
  ),
);
/** One who is in the exam, and one who has left it. */
const USERS = ['user_1', 'user_2'];
const STATUS = { user_1: 'ACTIVE', user_2: 'SUBMITTED' } as const;
/** One of each kind that belongs to a user, in every exam for every user. */
const ROWS = EXAMS.flatMap(({ id: examId }) => USERS.map((userId) => ({ id: `of_${examId}_${userId}`, examId, userId })));
const OVER = ['COMPLETED', 'CANCELLED'];
const statusOf = (userId: string) => ({ status: STATUS[userId as keyof typeof STATUS] });

let copy: TestDatabase;
let database: Database;
beforeAll(async () => {
  copy = await createTestDatabase();
  database = await connectDatabase(copy.url, { log: createLogger('silent') });
  const { prisma } = database;
  await prisma.exam.createMany({ data: EXAMS.map((exam) => ({ ...exam, title: 'Algebra', duration: 60 })) });
  await prisma.participant.createMany({ data: ROWS.map((row) => ({ ...row, ...statusOf(row.userId) })) });
  const ofParticipant = ROWS.map((row) => Object.assign({ participantId: row.id }, row));
  const warning = { type: 'noise', severity: 'LOW', source: 'CLIENT', timestamp: new Date() } as const;
  await prisma.warning.createMany({ data: ofParticipant.map((row, seq) => Object.assign({ seq }, row, warning)) });
  const file = { type: 'WEBCAM', size: 1, format: 'webm', sha256: 'ab' } as const;
  await prisma.recording.createMany({ data: ofParticipant.map((row) => Object.assign({ storageKey: row.id }, row, file)) });
  const received = { stats: {}, warningsReceived: 0, warningsStored: 0 };
  await prisma.submission.createMany({ data: ofParticipant.map((row) => Object.assign({}, row, received)) });
});
afterAll(async () => {
  await database.close();
  await copy.drop();
});

const key = (role: 'admin' | 'lms' | 'proctor', tenant: string | null): Viewer => ({ ...anonymous, role, tenant, keyId: 'key_1' });
const token = (role: 'proctor' | 'participant', { id, tenant }: { id: string; tenant: string }, userId: string | null): Viewer => ({
  ...anonymous,
  role,
  tenant,
  examId: id,
  userId,
});

/** Tenants, exams and users that exist, and some that do not. */
const aTenant = fc.constantFrom(...TENANTS, 'elsewhere');
const anExam = fc.oneof(fc.constantFrom(...EXAMS), fc.record({ id: fc.constant('exam_gone'), tenant: aTenant }));
const aUser = fc.constantFrom(...USERS, 'user_unknown', '');
const aViewer: fc.Arbitrary<Viewer> = fc.oneof(
  fc.constant(anonymous),
  fc.constant(key('admin', null)),
  fc.tuple(fc.constantFrom('lms' as const, 'proctor' as const), aTenant).map(([role, tenant]) => key(role, tenant)),
  anExam.map((exam) => token('proctor', exam, null)),
  fc.tuple(anExam, fc.option(aUser)).map(([exam, userId]) => token('participant', exam, userId)),
);

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1));

/** The rows of a table that the condition written in SQL lets through. */
async function bySql(viewer: Viewer, table: string): Promise<string[]> {
  const sight = sightOf(viewer);
  const condition = table === 'Warning' ? warningInSight(sight, 'r') : ofUser(sight, 'r');
  const text = `SELECT r.id FROM "${table}" r JOIN "Exam" e ON e.id = r."examId" WHERE e.id = $1 AND ${EXAM_IN_SIGHT} AND ${condition}`;
  const found: { id: string }[] = [];
  for (const { id } of EXAMS) found.push(...(await database.pool.query<{ id: string }>(inSight(`sight-${table}`, text, id, sight))).rows);
  return idsOf(found);
}

describe('what any viewer may see', () => {
  it('is the same set of exams by Prisma, by SQL and in memory', async () => {
    const { prisma, pool } = database;
    const hotReads = createHotReads({ pool });
    await fc.assert(
      fc.asyncProperty(aViewer, async (viewer) => {
        const sight = sightOf(viewer);
        const inMemory = idsOf(EXAMS.filter((exam) => seesExam(sight, exam)));
        expect(idsOf(await prisma.exam.findMany({ where: visibleExams(viewer) }))).toEqual(inMemory);
        const bySql: { id: string }[] = [];
        for (const { id } of EXAMS) {
          const whole = await hotReads.readExam(id, sight);
          if (whole) bySql.push(whole.exam);
          expect(await hotReads.seesExam(id, sight)).toBe(whole !== null);
          expect(await hotReads.sawExam(id, sight)).toBe(whole !== null);
        }
        expect(idsOf(bySql)).toEqual(inMemory);
      }),
    );
  });

  it('is the same set of participants, warnings, recordings and submissions by Prisma, by SQL and by event', async () => {
    const { prisma } = database;
    await fc.assert(
      fc.asyncProperty(aViewer, async (viewer) => {
        const sight = sightOf(viewer);
        const seen = (kind: LogEvent['kind']) =>
          idsOf(
            ROWS.filter(({ examId, userId }) => {
              const exam = EXAMS.find(({ id }) => id === examId);
              return exam && seesExam(sight, exam) && seesEvent(sight, { kind, userId, data: null }, candidateSees(exam, statusOf(userId)));
            }),
          );
        const byEvent = seen('RECORDING_CHANGED');
        const warnings = seen('WARNING_ADDED');
        expect(idsOf(await prisma.participant.findMany({ where: visibleParticipants(viewer) }))).toEqual(byEvent);
        expect(idsOf(await prisma.warning.findMany({ where: visibleWarnings(viewer) }))).toEqual(warnings);
        expect(idsOf(await prisma.recording.findMany({ where: visibleRecordings(viewer) }))).toEqual(byEvent);
        expect(idsOf(await prisma.submission.findMany({ where: visibleSubmissions(viewer) }))).toEqual(byEvent);
        for (const table of ['Participant', 'Recording', 'Submission']) expect(await bySql(viewer, table)).toEqual(byEvent);
        expect(await bySql(viewer, 'Warning')).toEqual(warnings);
      }),
    );
  });

  it('shows candidates the warnings about themselves by the setting of the exam, and never without a setting that says so', async () => {
    const views = createCandidateViews({ pool: database.pool });
    const isOpen = await Promise.all(ROWS.map(async (who) => [who.id, await views.isOpen(who)] as const));
    const expected = EXAMS.flatMap((exam) =>
      USERS.map((userId) => [`of_${exam.id}_${userId}`, candidateSees(exam, statusOf(userId))] as const),
    );
    expect(isOpen).toEqual(expected);
    const open = isOpen.flatMap(([id, isOpen]) => (isOpen && id.includes('north') ? [id.replace('of_exam_north_', '')] : []));
    const afterEnd = (n: number) => [`${n}_IN_PROGRESS_user_2`, ...OVER.flatMap((status) => USERS.map((user) => `${n}_${status}_${user}`))];
    const live = ['IN_PROGRESS', ...OVER].flatMap((status) => USERS.map((user) => `2_${status}_${user}`));
    expect(open).toEqual([...afterEnd(0), ...afterEnd(1), ...live]);
    expect(await views.isOpen({ examId: EXAMS[0]?.id ?? '', userId: 'user_unknown' })).toBe(false);
  });

  it('includes no events without a participant except changes of the exam, unless the viewer is staff', () => {
    const kinds: LogEvent['kind'][] = ['WARNING_ADDED', 'WARNING_REVIEWED', 'WARNING_UPDATED', 'PARTICIPANT_CHANGED', 'RECORDING_CHANGED'];
    fc.assert(
      fc.property(aViewer, fc.constantFrom(...kinds), (viewer, kind) => {
        const sight = sightOf(viewer);
        expect(seesEvent(sight, { kind, userId: null, data: null }, true)).toBe(['admin', 'lms', 'proctor'].includes(viewer.role));
        const change = { kind: 'EXAM_CHANGED', userId: null } as const;
        expect(seesEvent(sight, { ...change, data: null }, false)).toBe(true);
        const isStaff = ['admin', 'lms', 'proctor'].includes(viewer.role);
        expect(seesEvent(sight, { ...change, data: { what: 'share', by: 'Jane' } }, true)).toBe(isStaff);
      }),
    );
  });
});
