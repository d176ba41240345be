import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Exam, type ExamStatus, type Participant, Prisma } from '../../generated/prisma/client.ts';
import { settingsOf } from '../exam-settings.ts';
import { ASKED, type ParticipantKey, readPerParticipant } from '../participants/key.ts';
import { FINAL_STATUSES } from '../participants/moves.ts';

/**
 * When candidates see the warnings about themselves: by the exam's setting `candidateView`, LIVE, NEVER, or AFTER_END, which is when
 * they have left the exam, or it is over. In three forms: in memory, as a Prisma filter and as an SQL condition;
 * test/units/sight.test.ts checks that they agree.
 */

type SeenExam = Pick<Exam, 'settings' | 'status'>;
type SeenParticipant = Pick<Participant, 'status'>;

const OVER: readonly ExamStatus[] = ['COMPLETED', 'CANCELLED'];

/** In memory. */
export function candidateSees(exam: SeenExam, { status }: SeenParticipant): boolean {
  const { candidateView } = settingsOf(exam);
  if (candidateView !== 'AFTER_END') return candidateView === 'LIVE';
  return OVER.includes(exam.status) || FINAL_STATUSES.includes(status);
}

const SETTING = ['candidateView'];
const isSetTo = (equals: string | typeof Prisma.DbNull): Prisma.ExamWhereInput => ({ settings: { path: SETTING, equals } });

/** As a Prisma filter. */
export const SHOWN_TO_CANDIDATE: Prisma.WarningWhereInput = {
  OR: [
    { exam: isSetTo('LIVE') },
    {
      exam: { OR: [isSetTo('AFTER_END'), isSetTo(Prisma.DbNull)] },
      OR: [{ exam: { status: { in: [...OVER] } } }, { participant: { status: { in: [...FINAL_STATUSES] } } }],
    },
  ],
};

const listed = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

/** As an SQL condition. @param alias of the warning; the exam is `e` */
export const shownToCandidate = (alias: string) => `CASE coalesce(e.settings->>'candidateView', 'AFTER_END')
  WHEN 'LIVE' THEN true
  WHEN 'AFTER_END' THEN e.status IN (${listed(OVER)})
    OR EXISTS (SELECT 1 FROM "Participant" about WHERE about.id = ${alias}."participantId" AND about.status IN (${listed(FINAL_STATUSES)}))
  ELSE false END`;

/** What it depends on. */
export interface CandidateState {
  exam: SeenExam;
  participant: SeenParticipant;
}

interface Row extends ParticipantKey, SeenParticipant {
  examStatus: ExamStatus;
  settings: Exam['settings'];
}

const READ = `SELECT who."examId", who."userId", p.status, e.status AS "examStatus",
    jsonb_strip_nulls(jsonb_build_object('candidateView', e.settings->'candidateView')) AS settings
  FROM ${ASKED} JOIN "Exam" e ON e.id = who."examId"`;

export function createCandidateViews({ pool }: { pool: Pool }) {
  const read = readPerParticipant<Row>(pool, 'read-candidate-views', READ);

  /** Null if there is no such participant. */
  async function find(who: ParticipantKey): Promise<CandidateState | null> {
    const row = await read({ examId: who.examId, userId: who.userId });
    return row ? { exam: { settings: row.settings, status: row.examStatus }, participant: row } : null;
  }

  return {
    find,
    /** Whether the participant sees the warnings about itself now. Calls that arrive together share one statement. */
    async isOpen(who: ParticipantKey): Promise<boolean> {
      const state = await find(who);
      return state !== null && candidateSees(state.exam, state.participant);
    },
  };
}

export type CandidateViews = ReturnType<typeof createCandidateViews>;
