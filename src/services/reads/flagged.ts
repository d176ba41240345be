import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';

/** What is left to look at in the recordings of an exam. */
export interface Flagged {
  /** Those with a warning of LOW and above on which nobody has decided. */
  recordings: number;
  /** Of these, the time of such warnings; what several say of the same moment counts once. */
  seconds: number;
}

const MOST_EXAMS = 100;
/** A warning of a moment, or one that goes on: so much is looked at. */
const LEAST_S = 10;
/** What a row says that is older than the checks of its times. */
const LONGEST_S = 86_400;

const LENGTH = `least(greatest(extract(epoch FROM w."endedAt" - w.timestamp), ${LEAST_S}), ${LONGEST_S})`;

/** Reads the warnings of the index `Warning_flagged`, and no others. */
const READ = `
SELECT f."examId", count(*)::int AS recordings, round(sum(t.seconds))::int AS seconds FROM (
  SELECT w."examId", w."recordingId", range_agg(numrange(w."offsetSeconds"::numeric, w."offsetSeconds"::numeric + ${LENGTH})) AS times
    FROM "Warning" w
   WHERE w."examId" = ANY($1) AND w."recordingId" IS NOT NULL AND w."reviewDecision" IS NULL AND w.severity > 'INFO'
     AND w."offsetSeconds" IS NOT NULL
   GROUP BY 1, 2) f
 CROSS JOIN LATERAL (SELECT sum(upper(part) - lower(part)) AS seconds FROM unnest(f.times) AS part) t
 GROUP BY 1`;

const NOTHING: Flagged = { recordings: 0, seconds: 0 };

/** The work that is left to reviewers. Exams that are asked for together share a statement. */
export function createFlagged({ pool }: { pool: Pool }) {
  const read = batched<string, Flagged>(async (examIds) => {
    const { rows } = await pool.query<Flagged & { examId: string }>({ name: 'flagged', text: READ, values: [[...new Set(examIds)]] });
    const found = new Map(rows.map(({ examId, ...flagged }) => [examId, flagged]));
    return examIds.map((id) => found.get(id) ?? NOTHING);
  }, MOST_EXAMS);
  return { ofExam: (examId: string): Promise<Flagged> => read(examId) };
}
