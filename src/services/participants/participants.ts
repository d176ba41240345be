import { AppError } from '../../errors.ts';
import type { Exam, Participant } from '../../generated/prisma/client.ts';
import type { Access } from '../access/access.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { refuseCancelled, startTogether } from '../exams.ts';
import { activate, addParticipant, enrol, isFinal, MINUTE_MS, shifted } from './lifecycle.ts';

/** Added after the exam's time, so that a slow upload or a late message is not refused. */
const TOKEN_GRACE_MS = 24 * 3_600_000;

const tokenExpiry = (exam: Exam, { extraMinutes, creditMs }: Participant) =>
  new Date(Date.now() + (exam.duration + extraMinutes) * MINUTE_MS + creditMs + TOKEN_GRACE_MS);

/** A token for the rest of the exam. */
export async function signParticipantToken(access: Access, exam: Exam, participant: Participant) {
  const expiresAt = tokenExpiry(exam, participant);
  const { userId } = participant;
  const token = await access.sign({ role: 'participant', tenant: exam.tenant, examId: exam.id, userId, issuedAt: new Date(), expiresAt });
  return { participant, token, expiresAt };
}

/** @throws AppError `conflict` if a participant may not begin now; one who has begun may go on */
function refuseOutsideWindow({ exam, now }: Pick<ExamState, 'exam' | 'now'>, known: Participant | undefined): void {
  if (known?.joinedAt) return;
  const { opensAt, closesAt } = exam;
  if (opensAt && now < opensAt) throw new AppError('conflict', `The exam opens at ${opensAt.toISOString()}`);
  if (closesAt && now >= closesAt)
    throw new AppError('conflict', `The exam closed at ${closesAt.toISOString()}: nobody may begin any more`);
}

const find = ({ tx, exam }: Draft, userId: string) => tx.participant.findUnique({ where: { examId_userId: { examId: exam.id, userId } } });

/** The participant of that user, invited if the exam does not know the user yet. */
export async function ensureParticipant(draft: Draft, userId: string, name?: string | null): Promise<Participant> {
  return (await find(draft, userId)) ?? addParticipant(draft, { userId, name, status: 'INVITED' });
}

/** As `ensureParticipant`, together with other writes. */
export const enrolled = (state: ExamState, userId: string, name?: string | null): Participant =>
  state.participant(userId) ?? enrol(state, { userId, name, status: 'INVITED' });

/** Brings a user into the exam; the first one starts it. A participant who has left for good, or is paused, is not changed. */
export function bringIn(state: ExamState, userId: string, name?: string | null): Participant {
  const known = state.participant(userId);
  if (known && (isFinal(known.status) || known.status === 'PAUSED')) return known;
  startTogether(state, userId);
  if (!known) return enrol(state, { userId, name, status: 'ACTIVE' });
  if (known.status === 'ACTIVE' && (!name || name === known.name)) return known;
  return activate(state, known, name);
}

export interface JoinInput {
  userId: string;
  name?: string | null | undefined;
}

export interface InviteInput extends JoinInput {
  extraMinutes?: number | null | undefined;
  group?: string | null | undefined;
}

export function createParticipants({ eventLog, access }: { eventLog: EventLog; access: Access }) {
  return {
    /** Adds participants, or updates the name and the extra time of those invited before. In the order given. */
    invite: (examId: string, invited: readonly InviteInput[]) =>
      eventLog.write(examId, {
        userId: '',
        others: invited.map(({ userId }) => userId),
        decide(state) {
          refuseCancelled(state.exam);
          return invited.map(({ userId, name, extraMinutes, group }) => {
            const participant = enrolled(state, userId, name);
            const more = extraMinutes == null ? 0 : extraMinutes - participant.extraMinutes;
            return state.setParticipant({
              ...participant,
              ...(name && { name }),
              ...(extraMinutes != null && { extraMinutes, ...shifted(participant, more * MINUTE_MS) }),
              ...(group != null && { group }),
            });
          });
        },
      }),

    /**
     * Admits a user and signs a token for the rest of the exam.
     * @param byLink whether the caller only shows the exam's access link. Such a caller may join once per user, so that nobody
     *   takes another's seat; an API key may admit the user again.
     */
    async join(examId: string, { userId, name }: JoinInput, { byLink }: { byLink: boolean }) {
      const { exam, participant } = await eventLog.write(examId, {
        userId,
        decide(state) {
          refuseCancelled(state.exam);
          if (state.exam.status === 'COMPLETED') throw new AppError('conflict', 'The exam is over');
          const known = state.participant(userId);
          refuseOutsideWindow(state, known);
          if (known && isFinal(known.status)) throw new AppError('conflict', 'This participant has already left the exam');
          if (byLink && known?.joinedAt)
            throw new AppError('conflict', 'This participant has already joined; the LMS can let them in again');
          return { exam: state.exam, participant: bringIn(state, userId, name) };
        },
      });
      return signParticipantToken(access, exam, participant);
    },
  };
}

export type Participants = ReturnType<typeof createParticipants>;
