import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import type { WarningSource } from '../../generated/prisma/client.ts';
import { groupBy } from '../../group-by.ts';

/** How often people of an organisation agreed with warnings of one type and source. */
export interface WarningRecord {
  type: string;
  source: WarningSource;
  confirmed: number;
  dismissed: number;
  /** Of `dismissed`: confirmed at first, but the candidate contested the verdict and was right. */
  overturned: number;
}

const MAX_TENANTS = 100;

/** With fewer decisions a share says nothing, and its reader would take it for something. */
const LEAST_DECIDED = 5;

/** The share of the decided warnings that were right, 0..1; null as long as too few are decided. */
export const precisionOf = ({ confirmed, dismissed }: Pick<WarningRecord, 'confirmed' | 'dismissed'>): number | null =>
  confirmed + dismissed < LEAST_DECIDED ? null : confirmed / (confirmed + dismissed);

/**
 * A warning of this confirmation counts as dismissed: the verdict that it led to was overturned, and nobody has confirmed it since.
 * `c` is a contest, `p` its participant, `w` a warning of that one.
 */
export const OVERTURNED = `p.review = 'OVERTURNED' AND w."reviewDecision" = 'CONFIRMED' AND w."reviewAt" <= c."answeredAt"`;

/** Reads nothing but the index of decided warnings, which holds only these, and the warnings of the few whose verdict was overturned. */
const DECIDED = `
WITH decided AS (
  SELECT e.tenant, w.type, w.source, count(*) FILTER (WHERE w."reviewDecision" = 'CONFIRMED')::int AS confirmed,
         count(*) FILTER (WHERE w."reviewDecision" = 'DISMISSED')::int AS dismissed
    FROM "Exam" e JOIN "Warning" w ON w."examId" = e.id AND w."reviewDecision" IS NOT NULL
   WHERE e.tenant = ANY($1) AND NOT e."isSample" GROUP BY 1, 2, 3),
overturned AS (
  SELECT e.tenant, w.type, w.source, count(*)::int AS overturned
    FROM "Contest" c JOIN "Participant" p ON p.id = c."participantId" JOIN "Exam" e ON e.id = p."examId"
    JOIN "Warning" w ON w."participantId" = p.id
   WHERE ${OVERTURNED} AND e.tenant = ANY($1) AND NOT e."isSample" GROUP BY 1, 2, 3)
SELECT d.tenant, d.type, d.source, d.confirmed - coalesce(o.overturned, 0) AS confirmed,
       d.dismissed + coalesce(o.overturned, 0) AS dismissed, coalesce(o.overturned, 0) AS overturned
  FROM decided d LEFT JOIN overturned o USING (tenant, type, source) ORDER BY 2, 3`;

/** What people decided about warnings, by type and source. Those who ask at the same time share a statement. */
export function createWarningRecords({ pool }: { pool: Pool }) {
  const read = batched<string, WarningRecord[]>(async (tenants) => {
    const { rows } = await pool.query<WarningRecord & { tenant: string }>({
      name: 'warning-records',
      text: DECIDED,
      values: [[...new Set(tenants)]],
    });
    const found = groupBy(rows, ({ tenant }) => tenant);
    return tenants.map((tenant) => found.get(tenant) ?? []);
  }, MAX_TENANTS);

  return {
    /** Of all exams of the organisation, by type. Types on which nobody has decided are not in it. */
    ofTenant: (tenant: string): Promise<WarningRecord[]> => read(tenant),
  };
}

export type WarningRecords = ReturnType<typeof createWarningRecords>;
