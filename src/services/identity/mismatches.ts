import type { Database } from '../../adapters/database/database.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { OWN_EVENT_ID } from '../warnings/catalogue.ts';
import { isClearFailure } from './face-match.ts';

/** Comparisons that must clearly fail since the last success before anybody is told. */
const FAILURES = 3;

/**
 * Warns once when a participant's own comparisons have clearly failed three times since the last success. Pictures without a face,
 * poor ones, and faces that may be the same do not count: they show nobody else.
 */
export function createMismatches({ db, eventLog }: { db: Database['prisma']; eventLog: EventLog }) {
  return {
    async look(examId: string, { userId, participantId }: { userId: string; participantId: string }): Promise<void> {
      const rows = await db.verification.findMany({
        where: { participantId, faceDetected: true },
        orderBy: { createdAt: 'desc' },
        select: { id: true, verified: true, faceDetected: true, confidence: true, warnings: true },
      });
      const success = rows.findIndex(({ verified }) => verified);
      const failed = rows.slice(0, success === -1 ? rows.length : success).filter(isClearFailure);
      if (failed.length < FAILURES) return;
      const details = `The face was compared with the reference picture ${FAILURES} times and not recognised.`;
      const since = rows[success]?.id ?? 'the beginning';
      const repeats = {
        warnings: [{ type: 'identity_mismatch', details, clientEventId: `${OWN_EVENT_ID}identity_mismatch since ${since}` }],
        sameMomentIsSame: false,
      };
      await eventLog.write(examId, {
        userId,
        repeats,
        decide(state) {
          const participant = state.participant(userId);
          if (participant) state.addUnseen(participant, 'SYSTEM', repeats);
        },
      });
    },
  };
}

export type Mismatches = ReturnType<typeof createMismatches>;
