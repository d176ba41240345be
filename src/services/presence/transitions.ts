import type { Participant } from '../../generated/prisma/client.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { isExamOver } from '../exams.ts';
import { disconnectSilent, reconnect } from '../participants/lifecycle.ts';

/**
 * The changes that presence makes. The caller's data may be outdated, so both check again under the exam's lock, by the
 * database's clock: of several servers one makes the change, the others find it done.
 */
export function createTransitions(eventLog: EventLog) {
  return {
    disconnect: (examId: string, userIds: readonly string[], silentMs: number) =>
      eventLog.write(examId, {
        userId: '',
        others: userIds,
        decide(state) {
          if (!isExamOver(state.exam)) disconnectSilent(state, userIds, silentMs);
        },
      }),

    /** @returns the current participants, changed or not. */
    bringBack: (examId: string, userIds: readonly string[]) =>
      eventLog.write(examId, {
        userId: '',
        others: userIds,
        decide(state): Participant[] {
          if (!isExamOver(state.exam)) reconnect(state, userIds);
          return userIds.flatMap((userId) => state.participant(userId) ?? []);
        },
      }),
  };
}

export type Transitions = ReturnType<typeof createTransitions>;
