import type { Participant } from '../../generated/prisma/client.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';

/** Participants of one exam that change in one transaction: few enough not to hold up its log. */
const MAX_TOGETHER = 500;
/** Exams that change at once, so that a network that fails whole campuses leaves connections to the others. */
const EXAMS_AT_ONCE = 4;

export interface Group {
  examId: string;
  participantIds: string[];
}

/** Groups ids by exam, in portions that may change together. */
export function groupByExam(members: readonly { examId: string; participantId: string }[]): Group[] {
  const byExam = new Map<string, Set<string>>();
  for (const { examId, participantId } of members) {
    const ids = byExam.get(examId) ?? new Set();
    byExam.set(examId, ids.add(participantId));
  }
  return [...byExam].flatMap(([examId, ids]) => {
    const all = [...ids];
    return Array.from({ length: Math.ceil(all.length / MAX_TOGETHER) }, (_, i) => ({
      examId,
      participantIds: all.slice(i * MAX_TOGETHER, (i + 1) * MAX_TOGETHER),
    }));
  });
}

/** Runs `change` for every group, some at once. It deals with its own failures. */
export async function forEachGroup(groups: readonly Group[], change: (group: Group) => Promise<void>): Promise<void> {
  const rest = groups.values();
  const work = async () => {
    for (const group of rest) await change(group);
  };
  await Promise.all(Array.from({ length: EXAMS_AT_ONCE }, work));
}

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
    disconnect: ({ examId, participantIds }: Group, silentMs: number) =>
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
    bringBack: ({ examId, participantIds }: Group) =>
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
