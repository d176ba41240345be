import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import { notFound } from '../../errors.ts';
import type { Participant, ParticipantStatus } from '../../generated/prisma/client.ts';
import { SEVERITIES } from '../warnings/catalogue.ts';
import { createFlagged } from './flagged.ts';

/** How many warnings there are, by severity. */
export interface WarningTotals {
  info: number;
  low: number;
  medium: number;
  high: number;
  critical: number;
  /** Those that nobody has decided on, without INFO. */
  unreviewed: number;
}

/** With what a console needs to stay right between two reads. */
export interface WarningCounts extends WarningTotals {
  /** Unreviewed ones that are CRITICAL: they decide who needs a proctor first. */
  unreviewedCritical: number;
  /** The newest position that is counted; 0 without warnings. Who follows the log adds only what comes after it. */
  newestSeq: number;
}

export interface ExamCounts {
  /** Only statuses that somebody has, in the order of the enum. */
  participants: { status: ParticipantStatus; count: number }[];
  warnings: WarningCounts;
  handsRaised: number;
  contested: number;
}

/** Only the totals, for those who do not follow the log. */
export const totalsOf = ({ info, low, medium, high, critical, unreviewed }: WarningCounts): WarningTotals => ({
  info,
  low,
  medium,
  high,
  critical,
  unreviewed,
});

const MAX_EXAMS = 500;
const MAX_PARTICIPANTS = 1_000;

const unreviewed = (alias: string) => `${alias}."reviewDecision" IS NULL AND ${alias}.severity > 'INFO'`;
/** @param all condition for the same warnings, in the terms of an index that ends in `seq` */
const countsOf = (all: string) =>
  `json_build_object(${[
    ...SEVERITIES.map((severity) => `'${severity.toLowerCase()}', count(*) FILTER (WHERE w.severity = '${severity}')`),
    `'unreviewed', count(*) FILTER (WHERE ${unreviewed('w')})`,
    `'unreviewedCritical', count(*) FILTER (WHERE ${unreviewed('w')} AND w.severity = 'CRITICAL')`,
    `'newestSeq', coalesce((SELECT max(n.seq) FROM "Warning" n WHERE ${all}), 0)`,
  ].join(', ')})`;

/** Reads nothing but indexes: that of warnings by exam, participant, severity and decision, and that of positions. */
const OF_PARTICIPANTS = `
SELECT who.id, w.counts FROM unnest($1::text[], $2::text[]) AS who("examId", id)
 CROSS JOIN LATERAL (SELECT ${countsOf('n."participantId" = who.id')} AS counts FROM "Warning" w WHERE w."examId" = who."examId" AND w."participantId" = who.id) w`;

const OF_EXAMS = `
SELECT e.id, p.*, w.warnings FROM unnest($1::text[]) AS asked(id) JOIN "Exam" e ON e.id = asked.id
 CROSS JOIN LATERAL (
   SELECT coalesce(json_agg(json_build_object('status', s.status, 'count', s.count) ORDER BY s.status), '[]') AS participants,
          coalesce(sum(s.hands), 0)::int AS "handsRaised", coalesce(sum(s.contested), 0)::int AS contested
     FROM (SELECT status, count(*) AS count, count("handRaisedAt") AS hands, count(*) FILTER (WHERE review = 'CONTESTED') AS contested
             FROM "Participant" WHERE "examId" = e.id GROUP BY status) s) p
 CROSS JOIN LATERAL (SELECT ${countsOf('n."examId" = e.id')} AS warnings FROM "Warning" w WHERE w."examId" = e.id) w`;

/** What the database counts for consoles. What is asked for together, by a list or by many callers, shares one statement. */
export function createCounts({ pool }: { pool: Pool }) {
  const ofExam = batched<string, ExamCounts | undefined>(async (examIds) => {
    const { rows } = await pool.query<ExamCounts & { id: string }>({
      name: 'exam-counts',
      text: OF_EXAMS,
      values: [[...new Set(examIds)]],
    });
    const found = new Map(rows.map(({ id, ...counts }) => [id, counts]));
    return examIds.map((id) => found.get(id));
  }, MAX_EXAMS);

  const ofParticipant = batched<Pick<Participant, 'id' | 'examId'>, WarningCounts | undefined>(async (who) => {
    const asked = [...new Map(who.map((one) => [one.id, one])).values()];
    const { rows } = await pool.query<{ id: string; counts: WarningCounts }>({
      name: 'warning-counts',
      text: OF_PARTICIPANTS,
      values: [asked.map(({ examId }) => examId), asked.map(({ id }) => id)],
    });
    const found = new Map(rows.map(({ id, counts }) => [id, counts]));
    return who.map(({ id }) => found.get(id));
  }, MAX_PARTICIPANTS);

  const flagged = createFlagged({ pool });

  return {
    /** What is left to look at in the recordings. */
    flaggedOf: flagged.ofExam,

    /** Everything in one statement, as of one moment. @throws AppError `not_found` */
    async ofExam(examId: string): Promise<ExamCounts> {
      const counts = await ofExam(examId);
      if (!counts) throw notFound('Exam');
      return counts;
    },

    /** All warnings about the participant, by severity. */
    async ofParticipant(participant: Pick<Participant, 'id' | 'examId'>): Promise<WarningCounts> {
      const counts = await ofParticipant({ id: participant.id, examId: participant.examId });
      if (!counts) throw new Error('unreachable: an aggregate has a row for each that is asked for');
      return counts;
    },
  };
}

export type Counts = ReturnType<typeof createCounts>;
