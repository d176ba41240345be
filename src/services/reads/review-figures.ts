import type { Transaction } from '../../adapters/database/database-transaction.ts';
import type { WarningSource } from '../../generated/prisma/client.ts';
import { OVERTURNED } from './warning-records.ts';

/** What people of an organisation decided about the warnings of one detector. */
export interface ReviewFigures {
  organisation: string;
  source: WarningSource;
  /** Name and version of what analysed the recording; null for warnings of the live pictures, and of clients. */
  detector: string | null;
  type: string;
  /** As the exam has it now. */
  sensitivity: string;
  raised: number;
  confirmed: number;
  /** Also those that were confirmed before the verdict about the candidate was overturned. */
  dismissed: number;
  overturned: number;
}

/** Warnings that proctors made are left out: nobody asks how often a person agrees with himself. */
const FIGURES = `
SELECT e.tenant AS organisation, w.source, a.detector, w.type,
       coalesce(e.settings #>> '{aiDetection,sensitivity}', 'MEDIUM') AS sensitivity, count(*)::int AS raised,
       count(*) FILTER (WHERE w."reviewDecision" = 'CONFIRMED' AND NOT o.is)::int AS confirmed,
       count(*) FILTER (WHERE w."reviewDecision" = 'DISMISSED' OR o.is)::int AS dismissed,
       count(*) FILTER (WHERE o.is)::int AS overturned
  FROM "Warning" w JOIN "Exam" e ON e.id = w."examId"
  LEFT JOIN "Analysis" a ON a."recordingId" = w."recordingId" AND w.source = 'ANALYSIS'
  LEFT JOIN "Participant" p ON p.id = w."participantId"
  LEFT JOIN "Contest" c ON c."participantId" = p.id
 CROSS JOIN LATERAL (SELECT coalesce(${OVERTURNED}, false) AS is) o
 WHERE NOT e."isSample" AND w.source <> 'PROCTOR'
 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3 NULLS FIRST, 4, 5`;

/** Of all exams that are no samples, in all organisations: for whoever runs the server. */
export async function readReviewFigures(client: Transaction): Promise<ReviewFigures[]> {
  const { rows } = await client.query<ReviewFigures>(FIGURES);
  return rows;
}
