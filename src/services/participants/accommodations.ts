import type { Accommodation, Participant, Prisma } from '../../generated/prisma/client.ts';
import type { EventLog } from '../event-log/event-log.ts';
import { refuseCancelled } from '../exams.ts';
import { ensureParticipant } from './participants.ts';

export interface AccommodationChange {
  /** All types that raise no warnings from now on. */
  suppress: readonly string[];
  reason: string;
  by: string;
}

export type ParticipantWithAccommodations = Participant & { accommodations: Accommodation[] };

/** Warning types that are not raised for a participant who needs to look away, read aloud, have a helper or use other software. */
export function createAccommodations({ eventLog }: { eventLog: EventLog }) {
  return {
    /**
     * Suppresses exactly these types. Types that were suppressed before keep their reason; a user who is new to the exam is
     * invited. A change commits with an event that records who did what and why; a repeat changes nothing.
     */
    set: (examId: string, userId: string, { suppress, reason, by }: AccommodationChange): Promise<ParticipantWithAccommodations> =>
      eventLog.append(examId, async (draft) => {
        refuseCancelled(draft.exam);
        const { tx, now, emit } = draft;
        const participant = await ensureParticipant(draft, userId);
        const participantId = participant.id;
        const before = await tx.accommodation.findMany({ where: { participantId } });
        const wanted = new Set<string>(suppress);
        const lifted = before.map(({ type }) => type).filter((type) => !wanted.has(type));
        const added = [...wanted].filter((type) => before.every((known) => known.type !== type));
        if (lifted.length + added.length > 0) {
          await tx.accommodation.deleteMany({ where: { participantId, type: { in: lifted } } });
          await tx.accommodation.createMany({ data: added.map((type) => ({ participantId, type, reason, by, at: now })) });
          emit('PARTICIPANT_CHANGED', participantId, { userId, data: { by, suppressed: added, lifted, reason } });
        }
        return {
          ...participant,
          accommodations: await tx.accommodation.findMany({ where: { participantId }, orderBy: ACCOMMODATIONS_IN_ORDER }),
        };
      }),
  };
}

export type Accommodations = ReturnType<typeof createAccommodations>;

export const ACCOMMODATIONS_IN_ORDER = [{ at: 'asc' }, { type: 'asc' }] satisfies Prisma.AccommodationOrderByWithRelationInput[];

/** Warning types that are suppressed for a participant; who may talk may say one word, too. Read them in the transaction that adds the warning. */
export async function suppressedOf(
  tx: Pick<Prisma.TransactionClient, 'accommodation'>,
  participantId: string,
): Promise<ReadonlySet<string>> {
  const rows = await tx.accommodation.findMany({ where: { participantId }, select: { type: true } });
  const types = rows.map(({ type }) => type);
  return new Set([...types, ...(types.includes('talking') ? ['short_utterances'] : [])]);
}
