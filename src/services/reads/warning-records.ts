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
}

const MAX_TENANTS = 100;

/** Reads nothing but the index of decided warnings, which holds only these. */
const DECIDED = `
SELECT e.tenant, w.type, w.source, count(*) FILTER (WHERE w."reviewDecision" = 'CONFIRMED')::int AS confirmed,
       count(*) FILTER (WHERE w."reviewDecision" = 'DISMISSED')::int AS dismissed
  FROM "Exam" e JOIN "Warning" w ON w."examId" = e.id AND w."reviewDecision" IS NOT NULL
 WHERE e.tenant = ANY($1) AND NOT e."isSample" GROUP BY 1, 2, 3 ORDER BY 2, 3`;

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
