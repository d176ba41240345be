import type { Participant, ParticipantStatus } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Draft } from '../event-log/event-log.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { FINAL_STATUSES, illegalMove, isFinal, isPresent, mayBecome, sourcesOf } from './moves.ts';
import { clockAfter, isOver, settleOutage } from './time.ts';

/** The only functions that change the status of a participant, each with its event. */

/** What an event says beside the statuses: who did it, and why. */
type Facts = Readonly<{ by?: string; reason?: string | null; submission?: string; since?: string }>;

interface NewParticipant {
  userId: string;
  name?: string | null | undefined;
}

const invitation = ({ exam, now }: Pick<Draft, 'exam' | 'now'>, { userId, name }: NewParticipant): Participant => ({
  id: newId('part'),
  examId: exam.id,
  userId,
  name: name ?? null,
  status: 'INVITED',
  joinedAt: null,
  lastSeenAt: null,
  sendsHeartbeats: false,
  extraMinutes: 0,
  creditMs: 0,
  offlineSince: null,
  outageMs: 0,
  outageCreditMs: 0,
  coveredUntil: null,
  readmittedAt: null,
  seatOpen: false,
  handRaisedAt: null,
  handText: null,
  noticeVersion: null,
  noticeAcceptedAt: null,
  checkInStep: null,
  device: null,
  group: null,
  startedAt: null,
  endsAt: null,
  remainingMs: null,
  review: 'NOT_REVIEWED',
  warningCount: 0,
  createdAt: now,
});

/** Adds a participant to the exam. */
export async function addParticipant(draft: Draft, participant: NewParticipant): Promise<Participant> {
  // Prisma has no plain null for JSON; the column is null without it.
  const { device: _absent, ...data } = invitation(draft, participant);
  const row = await draft.tx.participant.create({ data });
  draft.emit('PARTICIPANT_CHANGED', row.id, { userId: row.userId, data: { to: row.status } });
  return row;
}

/** As `addParticipant`, together with other writes. @param status for one who is not only invited */
export function enrol(state: ExamState, participant: NewParticipant, status: ParticipantStatus = 'INVITED'): Participant {
  const invited = invitation(state, participant);
  const came =
    status === 'INVITED' ? {} : { status, joinedAt: state.now, lastSeenAt: state.now, ...clockAfter(state, invited, [null, status]) };
  const row = state.setParticipant({ ...invited, ...came });
  state.emit('PARTICIPANT_CHANGED', row.id, { userId: row.userId, data: { to: row.status } });
  return row;
}

/** @throws AppError `conflict` that says what is possible, for a move that is not */
export function move(state: ExamState, participant: Participant, to: ParticipantStatus, facts: Facts): Participant {
  const { id, userId, status: from } = participant;
  if (!mayBecome(from, to)) throw illegalMove(from, to);
  const settled = settleOutage(state, participant);
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { ...facts, from, to } });
  return state.setParticipant({
    ...settled,
    ...clockAfter(state, settled, [from, to]),
    status: to,
    ...((to === 'ACTIVE' || isFinal(to)) && { offlineSince: null }),
    ...(isFinal(to) && { handRaisedAt: null, handText: null }),
  });
}

/** Where somebody goes who comes into the exam: to the check-in, to the waiting room, or in. */
export function entryOf({ exam }: Pick<ExamState, 'exam'>, { checksIn = false } = {}): 'CHECKING_IN' | 'WAITING' | 'ACTIVE' {
  const { identityPhoto, admission } = settingsOf(exam);
  if (checksIn || identityPhoto) return 'CHECKING_IN';
  return admission === 'PROCTOR' ? 'WAITING' : 'ACTIVE';
}

/** Notes that a participant has come, into the exam or where it waits to be let in. */
export const comes = (state: ExamState, participant: Participant, to: ParticipantStatus): Participant =>
  move(state, { ...participant, joinedAt: participant.joinedAt ?? state.now, lastSeenAt: state.now }, to, {});

/** Records a submission. A participant who has left for good, for example by running out of time, keeps that status. */
export function submitted(state: ExamState, participant: Participant, submissionId: string): void {
  const { id, userId, status } = participant;
  const seen = { ...participant, joinedAt: participant.joinedAt ?? state.now, lastSeenAt: state.now };
  if (mayBecome(status, 'SUBMITTED')) {
    move(state, seen, 'SUBMITTED', { submission: submissionId });
    return;
  }
  state.setParticipant(seen);
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { from: status, to: status, submission: submissionId } });
}

/** Gives everybody whose time has begun and who is still in the exam so many milliseconds more; or less, if negative. */
export async function shiftAll({ tx, exam }: Draft, ms: number): Promise<void> {
  await tx.$executeRaw`
    UPDATE "Participant" SET "endsAt" = "endsAt" + ${ms}::float8 * interval '1 ms',
        "remainingMs" = "remainingMs" + ${ms}::int
     WHERE "examId" = ${exam.id} AND "startedAt" IS NOT NULL AND status <> ALL (${FINAL_STATUSES}::"ParticipantStatus"[])`;
}

/** Sets TIMED_OUT for all participants who came and did not submit. */
export async function timeOutAll({ tx, exam, emit }: Draft, by: string): Promise<void> {
  const rest = await tx.$queryRaw<{ id: string; userId: string; status: ParticipantStatus }[]>`
    UPDATE "Participant" p SET status = 'TIMED_OUT', "endsAt" = NULL, "remainingMs" = 0, "handRaisedAt" = NULL, "handText" = NULL,
        "offlineSince" = NULL, "outageMs" = least(2147483647, p."outageMs" + CASE WHEN before.status = 'DISCONNECTED'
          THEN coalesce(greatest(0, extract(epoch FROM now() - p."offlineSince") * 1000), 0)::bigint ELSE 0 END)::int
      FROM (SELECT id, status FROM "Participant" WHERE "examId" = ${exam.id}
        AND status = ANY (${sourcesOf('TIMED_OUT')}::"ParticipantStatus"[]) FOR NO KEY UPDATE) before
     WHERE p.id = before.id
    RETURNING p.id, p."userId", before.status`;
  for (const { id, userId, status } of rest) emit('PARTICIPANT_CHANGED', id, { userId, data: { by, from: status, to: 'TIMED_OUT' } });
}

/** Sets TIMED_OUT for those of these participants whose time is over. */
export function timeOutDue(state: ExamState, userIds: readonly string[]): void {
  for (const userId of userIds) {
    const participant = state.participant(userId);
    if (participant && mayBecome(participant.status, 'TIMED_OUT') && isOver(state, participant)) {
      const gone = move(state, participant, 'TIMED_OUT', { by: 'system', reason: 'The time is over.' });
      state.setParticipant({ ...gone, remainingMs: 0 });
    }
  }
}

/** Sets TIMED_OUT for those of these participants who never began, when nobody can be in the exam any more. */
export function timeOutWaiting(state: ExamState, userIds: readonly string[]): void {
  for (const userId of userIds) {
    const participant = state.participant(userId);
    if (participant?.status === 'CHECKING_IN' || participant?.status === 'WAITING')
      move(state, participant, 'TIMED_OUT', { by: 'system', reason: 'The exam is closed.' });
  }
}

function online(state: ExamState, { id, userId, offlineSince }: Participant): void {
  const isOnline = offlineSince === null;
  const change = { by: 'presence', what: 'online', from: String(!isOnline), to: String(isOnline) };
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { ...change, ...(offlineSince && { since: offlineSince.toISOString() }) } });
}

/** Marks these participants as offline if they are still silent: DISCONNECTED if their time runs, else where they are. */
export function disconnectSilent(state: ExamState, userIds: readonly string[], silentMs: number): void {
  for (const userId of userIds) {
    const participant = state.participant(userId);
    if (!participant || participant.offlineSince || !isPresent(participant.status)) continue;
    const { lastSeenAt, startedAt } = participant;
    if (!lastSeenAt || state.now.getTime() - lastSeenAt.getTime() <= silentMs) continue;
    // The silence before the time began is no outage of it.
    const offlineSince = startedAt && startedAt > lastSeenAt ? startedAt : lastSeenAt;
    if (participant.status === 'ACTIVE')
      move(state, { ...participant, offlineSince }, 'DISCONNECTED', { by: 'presence', since: offlineSince.toISOString() });
    else online(state, state.setParticipant({ ...participant, offlineSince }));
  }
}

/** Marks these participants as heard again. */
export function reconnect(state: ExamState, userIds: readonly string[]): void {
  for (const userId of userIds) {
    const participant = state.participant(userId);
    if (!participant?.offlineSince || isFinal(participant.status)) continue;
    const seen = { ...participant, lastSeenAt: state.now };
    if (participant.status === 'DISCONNECTED') move(state, seen, 'ACTIVE', { by: 'presence' });
    else online(state, state.setParticipant({ ...seen, offlineSince: null }));
  }
}
