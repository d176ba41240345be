import type { Participant } from '../../generated/prisma/client.ts';
import type { ParticipantBatch } from '../event-log/by-exam.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';

type Changed = Pick<Participant, 'id' | 'userId'>;

function tell({ emit }: Draft, changed: readonly Changed[], from: string, to: string): void {
  for (const { id, userId } of changed) emit('PARTICIPANT_CHANGED', id, { userId, data: { by: 'presence', from, to } });
}

/**
 * The two changes of status that presence makes, each with its event. What the caller knows may be old by now, so both
 * look again under the exam's lock, by the database's clock: of several servers one makes the change, the rest find it done.
 */
export function createTransitions(eventLog: EventLog) {
  return {
    /** Only ACTIVE goes: who is paused or waits to be let in would come back as ACTIVE without being let. */
    disconnect: ({ examId, participantIds }: ParticipantBatch, silentMs: number) =>
      eventLog.append(examId, async (draft) => {
        if (draft.exam.status !== 'IN_PROGRESS') return;
        const gone = await draft.tx.$queryRaw<Changed[]>`
          UPDATE "Participant" SET status = 'DISCONNECTED'
           WHERE id = ANY (${participantIds}) AND status = 'ACTIVE' AND "sendsHeartbeats"
             AND "lastSeenAt" < clock_timestamp() - ${silentMs}::float8 * interval '1 ms'
          RETURNING id, "userId"`;
        tell(draft, gone, 'ACTIVE', 'DISCONNECTED');
      }),

    /** @returns the participants as they are now, changed or not. */
    bringBack: ({ examId, participantIds }: ParticipantBatch) =>
      eventLog.append(examId, async (draft) => {
        if (draft.exam.status === 'IN_PROGRESS') {
          const back = await draft.tx.$queryRaw<Changed[]>`
            UPDATE "Participant" SET status = 'ACTIVE', "lastSeenAt" = clock_timestamp()
             WHERE id = ANY (${participantIds}) AND status = 'DISCONNECTED'
            RETURNING id, "userId"`;
          tell(draft, back, 'DISCONNECTED', 'ACTIVE');
        }
        return draft.tx.participant.findMany({ where: { id: { in: participantIds } } });
      }),
  };
}

export type Transitions = ReturnType<typeof createTransitions>;
