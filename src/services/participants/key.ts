/** A participant, by what a token says of it. */
export interface ParticipantKey {
  examId: string;
  userId: string;
}

/**
 * Joins the participant by both ids. As a plain join the planner may take the index by the exam alone, and read the
 * whole exam for each of its participants.
 */
export const participantOf = (who: string) =>
  `CROSS JOIN LATERAL (SELECT * FROM "Participant" WHERE "examId" = ${who}."examId" AND "userId" = ${who}."userId" LIMIT 1) p`;
