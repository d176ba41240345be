import { AppError } from '../../errors.ts';
import type { Exam, Participant } from '../../generated/prisma/client.ts';
import type { Access } from '../access/access.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { refuseCancelled, startTogether } from '../exams.ts';
import { OWN_EVENT_ID } from '../warnings/catalogue.ts';
import { addParticipant, comes, enrol, entryOf } from './lifecycle.ts';
import { comesInBySign, impossible, isFinal } from './moves.ts';
import { allowedMs, MINUTE_MS, shifted } from './time.ts';

/** Added after the participant's time, for uploads and messages that arrive late. */
export const TOKEN_GRACE_MS = 24 * 3_600_000;

/** A token for the rest of the participant's time, as it is known now; `heartbeat` gives a longer one when there is more. */
export async function signParticipantToken(access: Access, exam: Exam, participant: Participant) {
  const left = participant.remainingMs ?? (participant.endsAt ? participant.endsAt.getTime() - Date.now() : allowedMs(exam, participant));
  const expiresAt = new Date(Date.now() + Math.max(0, left) + TOKEN_GRACE_MS);
  const { userId } = participant;
  const token = await access.sign({ role: 'participant', tenant: exam.tenant, examId: exam.id, userId, issuedAt: new Date(), expiresAt });
  return { participant, token, expiresAt };
}

/** @throws AppError `conflict` if it is too late to begin. Staff may still let somebody in. */
export function refuseClosed({ exam: { closesAt }, now }: Pick<ExamState, 'exam' | 'now'>): void {
  if (closesAt && now >= closesAt)
    throw new AppError('conflict', `The exam closed at ${closesAt.toISOString()}: nobody may begin any more`);
}

/** @throws AppError `conflict` if a participant may not come now; one who has come before may come back */
function refuseOutsideWindow(state: Pick<ExamState, 'exam' | 'now'>, known: Participant | undefined): void {
  if (known?.joinedAt) return;
  const { opensAt } = state.exam;
  if (opensAt && state.now < opensAt) throw new AppError('conflict', `The exam opens at ${opensAt.toISOString()}`);
  refuseClosed(state);
}

const find = ({ tx, exam }: Draft, userId: string) => tx.participant.findUnique({ where: { examId_userId: { examId: exam.id, userId } } });

/** The participant of that user, invited if the exam does not know the user yet. */
export async function ensureParticipant(draft: Draft, userId: string, name?: string | null): Promise<Participant> {
  return (await find(draft, userId)) ?? addParticipant(draft, { userId, name });
}

/** As `ensureParticipant`, together with other writes. */
export const enrolled = (state: ExamState, userId: string, name?: string | null): Participant =>
  state.participant(userId) ?? enrol(state, { userId, name });

/**
 * Brings a user into the exam, or to where it waits to be let in; the first one who is in starts the exam. No change of the status
 * for a participant who waits, is paused, or has left for good.
 */
export function bringIn(state: ExamState, userId: string, name?: string | null, { checksIn = false } = {}): Participant {
  const known = state.participant(userId);
  const hasName = !name || name === known?.name;
  const named = known && !hasName ? { ...known, name } : known;
  if (named && (!comesInBySign(named.status) || (named.status === 'ACTIVE' && hasName)))
    return hasName || isFinal(named.status) ? named : state.setParticipant(named);
  const to = named && named.status !== 'INVITED' ? 'ACTIVE' : entryOf(state, { checksIn });
  if (to === 'ACTIVE') startTogether(state, userId);
  if (!named) return enrol(state, { userId, name }, to);
  return named.status === to ? state.setParticipant(named) : comes(state, named, to);
}

/** A token is renewed when it would end so much earlier than the participant's time, with the grace after it. */
const RENEWED_BEFORE_MS = MINUTE_MS;

export interface Token {
  token: string;
  expiresAt: Date;
}

/** One per participant and hour, however often the seat is tried. */
const secondSession = () => ({
  type: 'second_session',
  clientEventId: `${OWN_EVENT_ID}second_session ${Math.floor(Date.now() / 3_600_000)}`,
  details: 'The personal link was opened again while this participant was in the exam. It may have been the participant.',
});

export interface JoinInput {
  userId: string;
  name?: string | null | undefined;
  /** Whether the page checks the user in first: see `checkIn`. */
  checkIn?: boolean | null | undefined;
}

export interface InviteInput extends Omit<JoinInput, 'checkIn'> {
  extraMinutes?: number | null | undefined;
  group?: string | null | undefined;
  /** Base64 or a data URL. */
  referenceImage?: string | null | undefined;
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
     * Brings a user into the exam, or to where it waits to be let in, and signs a token.
     * @param by the link that the caller shows, null for an API key or a participant's own token. By a link a seat is taken once, so
     *   that nobody takes another's; a readmission lets its owner in once more.
     */
    async join(examId: string, { userId, name, checkIn }: JoinInput, { by }: { by: 'shared link' | 'personal link' | null }) {
      const outcome = await eventLog.write(examId, {
        userId,
        repeats: by === 'personal link' ? { warnings: [secondSession()], sameMomentIsSame: false } : undefined,
        decide(state) {
          refuseCancelled(state.exam);
          if (state.exam.status === 'COMPLETED') throw new AppError('conflict', 'The exam is over');
          if (by === 'shared link' && !settingsOf(state.exam).sharedLink)
            throw new AppError('forbidden', 'The link for everybody is switched off: use your personal link');
          const known = state.participant(userId);
          refuseOutsideWindow(state, known);
          if (known && isFinal(known.status)) throw impossible(known.status, 'This participant has already left the exam');
          if (by !== null && known?.joinedAt && !known.seatOpen) {
            // Only the personal link shows that it was at least meant for this participant.
            if (by === 'personal link') state.addUnseen(known, 'SYSTEM', { warnings: [secondSession()], sameMomentIsSame: false });
            return null;
          }
          const participant = bringIn(state, userId, name, { checksIn: checkIn ?? false });
          const seated = participant.seatOpen ? state.setParticipant({ ...participant, seatOpen: false }) : participant;
          return { exam: state.exam, participant: seated };
        },
      });
      if (!outcome) throw new AppError('conflict', 'This participant has already joined; a proctor or the LMS can let them in again');
      return signParticipantToken(access, outcome.exam, outcome.participant);
    },

    /**
     * A token for a participant whose own one ends too early, because time was added to the exam; null for all others.
     * @param expiresAt when the one in use ends
     */
    async renew(participant: Participant, { tenant, expiresAt }: { tenant: string; expiresAt: Date }): Promise<Token | null> {
      const { examId, userId, endsAt, startedAt, remainingMs, status } = participant;
      if (startedAt === null || isFinal(status)) return null;
      const end = endsAt?.getTime() ?? Date.now() + (remainingMs ?? 0);
      const until = new Date(end + TOKEN_GRACE_MS);
      if (expiresAt.getTime() >= until.getTime() - RENEWED_BEFORE_MS) return null;
      const token = await access.sign({ role: 'participant', tenant, examId, userId, issuedAt: new Date(), expiresAt: until });
      return { token, expiresAt: until };
    },
  };
}

export type Participants = ReturnType<typeof createParticipants>;
