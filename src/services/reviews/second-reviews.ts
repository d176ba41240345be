import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import type { Participant, Verdict } from '../../generated/prisma/client.ts';
import { groupBy } from '../../group-by.ts';
import { openViolation } from './rules.ts';

type Opinion = Pick<Verdict, 'participantId' | 'reviewer' | 'status'>;

const MOST_TOGETHER = 1_000;
const READ = `SELECT "participantId", reviewer, status FROM "Verdict" WHERE "participantId" = ANY($1) ORDER BY "participantId", seq`;

/** Which participants wait for a second person. Those that are asked for together share a statement. */
export function createSecondReviews({ pool }: { pool: Pool }) {
  const read = batched<string, boolean>(async (ids) => {
    const { rows } = await pool.query<Opinion>({ name: 'second-reviews', text: READ, values: [[...new Set(ids)]] });
    const found = groupBy(rows, ({ participantId }) => participantId);
    return ids.map((id) => openViolation(found.get(id) ?? []) !== undefined);
  }, MOST_TOGETHER);

  return {
    /** Whether somebody found a violation that nobody has confirmed, and that is not outweighed. */
    isNeeded: async ({ id, review }: Pick<Participant, 'id' | 'review'>): Promise<boolean> => review === 'IN_REVIEW' && read(id),
  };
}

export type SecondReviews = ReturnType<typeof createSecondReviews>;
