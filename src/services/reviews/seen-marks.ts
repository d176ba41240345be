import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';
import { notFound } from '../../errors.ts';
import type { ParticipantKey } from '../participants/key.ts';
import type { Reviewer } from './reviewers.ts';

/** That a reviewer has looked through what there is of a participant. */
export interface Seen {
  at: Date;
  /** Whether a warning, a recording or an analysis came later. */
  isBehind: boolean;
}

interface Asked {
  participantId: string;
  reviewer: Reviewer;
}

const MOST_TOGETHER = 1_000;

const READ = `
SELECT m."participantId", m.reviewer, m.at,
       EXISTS (SELECT FROM "Warning" w WHERE w."participantId" = m."participantId" AND w.seq > m.seq)
         OR EXISTS (SELECT FROM "Recording" r LEFT JOIN "Analysis" a ON a."recordingId" = r.id
                     WHERE r."participantId" = m."participantId" AND (r."createdAt" > m.at OR a."createdAt" > m.at)) AS "isBehind"
  FROM unnest($1::text[], $2::text[]) AS asked(id, reviewer)
  JOIN "SeenMark" m ON m."participantId" = asked.id AND m.reviewer = asked.reviewer`;

/** A later mark may be about less, if its page knew less. */
const MARK = `
INSERT INTO "SeenMark" ("participantId", reviewer, at, seq)
SELECT p.id, $3, clock_timestamp(), least(e."lastSeq", $4::bigint) FROM "Exam" e JOIN "Participant" p ON p."examId" = e.id
 WHERE e.id = $1 AND p."userId" = $2
ON CONFLICT ("participantId", reviewer) DO UPDATE SET at = excluded.at, seq = excluded.seq
RETURNING "participantId"`;

const keyOf = ({ participantId, reviewer }: Asked) => `${participantId} ${reviewer}`;

/** Each reviewer's own marks: what others have looked through is still to be looked through by this one. */
export function createSeenMarks({ pool }: { pool: Pool }) {
  const read = batched<Asked, Seen | null>(async (asked) => {
    const each = [...new Map(asked.map((one) => [keyOf(one), one])).values()];
    const { rows } = await pool.query<Asked & Seen>({
      name: 'seen-marks',
      text: READ,
      values: [each.map(({ participantId }) => participantId), each.map(({ reviewer }) => reviewer)],
    });
    const found = new Map(rows.map((row) => [keyOf(row), row]));
    return asked.map((one) => found.get(keyOf(one)) ?? null);
  }, MOST_TOGETHER);

  return {
    /** Null for one whom the reviewer has not marked. Those that are asked for together share a statement. */
    of: (participantId: string, reviewer: Reviewer): Promise<Seen | null> => read({ participantId, reviewer }),

    /**
     * @param upTo the newest position of the log that the reviewer's page knew; null for all that is there
     * @throws AppError `not_found`
     */
    async mark({ examId, userId }: ParticipantKey, reviewer: Reviewer, upTo: number | null): Promise<void> {
      const { rowCount } = await pool.query({ name: 'mark-seen', text: MARK, values: [examId, userId, reviewer, upTo] });
      if (rowCount === 0) throw notFound('Participant');
    },
  };
}

export type SeenMarks = ReturnType<typeof createSeenMarks>;
