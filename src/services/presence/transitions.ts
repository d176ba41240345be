import type { ParticipantBatch } from '../event-log/by-exam.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { disconnectSilent, reconnect } from '../participants/lifecycle.ts';

/**
 * The two status changes that presence makes. The caller's data may be outdated, so both check again under the exam's lock, by
 * the database's clock: of several servers one makes the change, the others find it done.
 */
export function createTransitions(eventLog: EventLog) {
  return {
    disconnect: ({ examId, participantIds }: ParticipantBatch, silentMs: number) =>
      eventLog.append(examId, async (draft) => {
        if (draft.exam.status === 'IN_PROGRESS') await disconnectSilent(draft, participantIds, silentMs);
      }),

    /** @returns the current participants, changed or not. */
    bringBack: ({ examId, participantIds }: ParticipantBatch) =>
      eventLog.append(examId, async (draft) => {
        if (draft.exam.status === 'IN_PROGRESS') await reconnect(draft, participantIds);
        return draft.tx.participant.findMany({ where: { id: { in: participantIds } } });
      }),
  };
}

export type Transitions = ReturnType<typeof createTransitions>;
