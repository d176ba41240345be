import type { Pool } from '../../adapters/database/database-transaction.ts';
import { batched } from '../../async/batched.ts';

/** A participant, as identified by a token. */
export interface ParticipantKey {
  examId: string;
  userId: string;
}

/**
 * Joins the participant by both ids. For a plain join the planner may use the index by exam alone, and read the whole exam for
 * each of its participants.
 */
export const participantOf = (who: string) =>
  `CROSS JOIN LATERAL (SELECT * FROM "Participant" WHERE "examId" = ${who}."examId" AND "userId" = ${who}."userId" LIMIT 1) p`;

const MAX_READ = 1_000;

/** Participants whose rows are to be read, as a relation for `FROM`, each joined as `p`. */
export const ASKED = `unnest($1::text[], $2::text[]) AS who("examId", "userId") ${participantOf('who')}`;

/** One text for both ids. */
export const nameOf = ({ examId, userId }: ParticipantKey) => `${examId} ${userId}`;

/**
 * Reads one row per participant; those that are asked for together share one statement.
 * @param text selects from `ASKED`, with `examId` and `userId`
 * @returns undefined for a participant without a row
 */
export function readPerParticipant<Row extends ParticipantKey>(pool: Pool, name: string, text: string) {
  return batched<ParticipantKey, Row | undefined>(async (who) => {
    const values = [who.map(({ examId }) => examId), who.map(({ userId }) => userId)];
    const { rows } = await pool.query<Row>({ name, text, values });
    const found = new Map(rows.map((row) => [nameOf(row), row]));
    return who.map((one) => found.get(nameOf(one)));
  }, MAX_READ);
}
