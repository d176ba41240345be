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
