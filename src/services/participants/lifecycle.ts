import { AppError } from '../../errors.ts';
import type { Participant, ParticipantStatus, Prisma } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Draft } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';

/**
 * The status of a participant: its possible moves, and the only functions that change it, each with its event.
 * docs/architecture.md shows the same moves; a test compares the two.
 */

/** The possible next statuses of each status. `null` is a participant who does not exist yet. */
export const PARTICIPANT_MOVES = {
  null: ['INVITED', 'ACTIVE'],
  INVITED: ['ACTIVE', 'SUBMITTED', 'TERMINATED'],
  CHECKING_IN: ['ACTIVE', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  WAITING: ['ACTIVE', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  ACTIVE: ['DISCONNECTED', 'PAUSED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  PAUSED: ['ACTIVE', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  DISCONNECTED: ['ACTIVE', 'PAUSED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  // Only by readmission.
  SUBMITTED: ['ACTIVE'],
  TIMED_OUT: ['ACTIVE'],
  TERMINATED: ['ACTIVE'],
} as const satisfies Record<ParticipantStatus | 'null', readonly ParticipantStatus[]>;

/** A participant with one of these has left the exam, and comes back only if staff readmit them. */
export const FINAL_STATUSES: readonly ParticipantStatus[] = ['SUBMITTED', 'TIMED_OUT', 'TERMINATED'];

export const isFinal = (status: ParticipantStatus) => FINAL_STATUSES.includes(status);

/** The statuses from which a participant may become `to`. */
const sourcesOf = (to: ParticipantStatus): ParticipantStatus[] =>
  (Object.keys(PARTICIPANT_MOVES) as (keyof typeof PARTICIPANT_MOVES)[]).flatMap((from) =>
    from !== 'null' && mayBecome(from, to) ? [from] : [],
  );

const mayBecome = (from: keyof typeof PARTICIPANT_MOVES, to: ParticipantStatus) =>
  (PARTICIPANT_MOVES[from] as readonly ParticipantStatus[]).includes(to);

interface NewParticipant {
  userId: string;
  name?: string | null | undefined;
  status: 'INVITED' | 'ACTIVE';
}

export const MINUTE_MS = 60_000;

/** The columns of a participant whose time begins now. */
const started = (
  { exam, now }: Pick<Draft, 'exam' | 'now'>,
  { extraMinutes, creditMs }: Pick<Participant, 'extraMinutes' | 'creditMs'>,
) => ({ startedAt: now, endsAt: new Date(now.getTime() + (exam.duration + extraMinutes) * MINUTE_MS + creditMs) });

/** The columns of a participant whose time stands still from now on. */
export const stopped = (now: Date, { endsAt, remainingMs }: Pick<Participant, 'endsAt' | 'remainingMs'>) => ({
  endsAt: null,
  remainingMs: endsAt ? Math.max(0, endsAt.getTime() - now.getTime()) : remainingMs,
});

/** The columns of a participant whose time goes on from now on. */
export const resumed = (now: Date, { endsAt, remainingMs }: Pick<Participant, 'endsAt' | 'remainingMs'>) =>
  remainingMs === null ? { endsAt, remainingMs } : { endsAt: new Date(now.getTime() + remainingMs), remainingMs: null };

/** The columns of a participant who has so many milliseconds more, whether the time runs or not. */
export const shifted = ({ endsAt, remainingMs }: Pick<Participant, 'endsAt' | 'remainingMs'>, ms: number) => ({
  endsAt: endsAt && new Date(endsAt.getTime() + ms),
  remainingMs: remainingMs === null ? null : Math.max(0, remainingMs + ms),
});

/** Adds to a participant's time, with an event. */
export function credit(
  state: ExamState,
  participant: Participant,
  { ms, reason, by }: { ms: number; reason: string; by: string },
): Participant {
  const { id, userId, creditMs: before } = participant;
  const creditMs = before + ms;
  state.timeCredits.push({ id: newId('cred'), participantId: id, ms, reason, by, at: state.now });
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { by, reason, time: creditMs / MINUTE_MS, previousTime: before / MINUTE_MS } });
  return state.setParticipant({ ...participant, creditMs, ...shifted(participant, ms) });
}

const newRow = ({ exam, now }: Pick<Draft, 'exam' | 'now'>, { userId, name, status }: NewParticipant): Participant => ({
  id: newId('part'),
  examId: exam.id,
  userId,
  name: name ?? null,
  status,
  joinedAt: status === 'ACTIVE' ? now : null,
  lastSeenAt: status === 'ACTIVE' ? now : null,
  sendsHeartbeats: false,
  extraMinutes: 0,
  creditMs: 0,
  offlineSince: null,
  outageMs: 0,
  outageCreditMs: 0,
  seatOpen: false,
  handRaisedAt: null,
  handText: null,
  noticeVersion: null,
  noticeAcceptedAt: null,
  device: null,
  group: null,
  startedAt: null,
  endsAt: null,
  remainingMs: null,
  ...(status === 'ACTIVE' && started({ exam, now }, { extraMinutes: 0, creditMs: 0 })),
  review: 'NOT_REVIEWED',
  warningCount: 0,
  createdAt: now,
});

/** Adds a participant to the exam. */
export async function addParticipant(draft: Draft, participant: NewParticipant): Promise<Participant> {
  // Prisma has no plain null for JSON; the column is null without it.
  const { device: _absent, ...data } = newRow(draft, participant);
  const row = await draft.tx.participant.create({ data });
  draft.emit('PARTICIPANT_CHANGED', row.id, { userId: row.userId, data: { to: row.status } });
  return row;
}

/** As `addParticipant`, together with other writes. */
export function enrol(state: ExamState, participant: NewParticipant): Participant {
  const row = state.setParticipant(newRow(state, participant));
  state.emit('PARTICIPANT_CHANGED', row.id, { userId: row.userId, data: { to: row.status } });
  return row;
}

/** Brings a participant into the exam, or back into it; no change for one who is already in it. */
export function activate(state: ExamState, participant: Participant, name?: string | null): Participant {
  const { id, userId, status, joinedAt } = participant;
  if (status !== 'ACTIVE') requireMove(status, 'ACTIVE');
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { from: status, to: 'ACTIVE' } });
  return state.setParticipant({
    ...participant,
    ...(participant.startedAt === null && joinedAt === null && started(state, participant)),
    status: 'ACTIVE',
    joinedAt: joinedAt ?? state.now,
    lastSeenAt: state.now,
    ...(name && { name }),
  });
}

/** Records a submission. A participant who has left for good, for example by running out of time, keeps that status. */
export function submitted(state: ExamState, participant: Participant, submissionId: string): void {
  const { id, userId, status, joinedAt } = participant;
  const to = mayBecome(status, 'SUBMITTED') ? 'SUBMITTED' : status;
  const clock = to === status ? {} : stopped(state.now, participant);
  state.setParticipant({ ...participant, ...clock, joinedAt: joinedAt ?? state.now, lastSeenAt: state.now, status: to });
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { from: status, to, submission: submissionId } });
}

/** Gives everybody whose time has begun and who is still in the exam so many milliseconds more; or less, if negative. */
export async function shiftAll({ tx, exam }: Draft, ms: number): Promise<void> {
  await tx.$executeRaw`
    UPDATE "Participant" SET "endsAt" = "endsAt" + ${ms}::float8 * interval '1 ms', "remainingMs" = CASE WHEN "remainingMs" IS NOT NULL THEN greatest(0, "remainingMs" + ${ms}::int) END
     WHERE "examId" = ${exam.id} AND "startedAt" IS NOT NULL AND status <> ALL (${FINAL_STATUSES}::"ParticipantStatus"[])`;
}

/** Sets TIMED_OUT for all participants who came and did not submit. */
export async function timeOutAll({ tx, exam, emit }: Draft, by: string): Promise<void> {
  const where = { examId: exam.id, status: { in: sourcesOf('TIMED_OUT') } };
  const rest = await tx.participant.findMany({ where, select: { id: true, userId: true, status: true } });
  await tx.participant.updateMany({ where, data: { status: 'TIMED_OUT', endsAt: null, remainingMs: 0 } });
  for (const { id, userId, status } of rest) emit('PARTICIPANT_CHANGED', id, { userId, data: { by, from: status, to: 'TIMED_OUT' } });
}

/** Sets TIMED_OUT for those of these participants whose time is over by the database's clock. */
export async function timeOutDue(draft: Draft, participantIds: readonly string[]): Promise<void> {
  const due = await draft.tx.$queryRaw<(Changed & { status: ParticipantStatus })[]>`
    UPDATE "Participant" p SET status = 'TIMED_OUT', "endsAt" = NULL, "remainingMs" = 0
      FROM (SELECT id, status FROM "Participant" WHERE id = ANY (${participantIds}) FOR NO KEY UPDATE) before
     WHERE p.id = before.id AND p."endsAt" <= clock_timestamp() AND p.status = ANY (${sourcesOf('TIMED_OUT')}::"ParticipantStatus"[])
    RETURNING p.id, p."userId", before.status`;
  for (const { id, userId, status } of due)
    draft.emit('PARTICIPANT_CHANGED', id, { userId, data: { by: 'system', from: status, to: 'TIMED_OUT', reason: 'The time is over.' } });
}

/**
 * Moves a participant by a decision of staff, with its event.
 * @throws AppError `conflict` that says what is possible, for a move that is not
 */
export function moveByStaff(
  state: ExamState,
  participant: Participant,
  { to, clock, ...decision }: { to: ParticipantStatus; clock: Partial<Participant>; by: string; reason: string | null },
): Participant {
  const { id, userId, status } = participant;
  if (!mayBecome(status, to)) throw illegalMove(status, to);
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { ...decision, from: status, to } });
  return state.setParticipant({ ...participant, ...clock, status: to });
}

function illegalMove(from: ParticipantStatus, to: ParticipantStatus): AppError {
  const legal = PARTICIPANT_MOVES[from].map((status) => status.toLowerCase()).join(', ');
  return new AppError('conflict', `A participant who is ${from.toLowerCase()} cannot become ${to.toLowerCase()}`, [
    { field: 'userId', issue: legal === '' ? 'no other status is possible' : `possible: ${legal}` },
  ]);
}

type Changed = Pick<Participant, 'id' | 'userId'>;

function emitChanges({ emit }: Draft, changed: readonly Changed[], data: Prisma.InputJsonObject): void {
  for (const { id, userId } of changed) emit('PARTICIPANT_CHANGED', id, { userId, data });
}

/**
 * Marks participants as disconnected who are silent by the database's clock. Only ACTIVE ones: a participant who is paused or
 * waits for admission would come back as ACTIVE without being admitted.
 */
export async function disconnectSilent(draft: Draft, participantIds: readonly string[], silentMs: number): Promise<void> {
  const gone = await draft.tx.$queryRaw<Changed[]>`
    UPDATE "Participant" SET status = 'DISCONNECTED'
     WHERE id = ANY (${participantIds}) AND status = 'ACTIVE' AND "sendsHeartbeats"
       AND "lastSeenAt" < clock_timestamp() - ${silentMs}::float8 * interval '1 ms'
    RETURNING id, "userId"`;
  emitChanges(draft, gone, { by: 'presence', from: 'ACTIVE', to: 'DISCONNECTED' });
}

/** Marks disconnected participants as active again. */
export async function reconnect(draft: Draft, participantIds: readonly string[]): Promise<void> {
  const back = await draft.tx.$queryRaw<Changed[]>`
    UPDATE "Participant" SET status = 'ACTIVE', "lastSeenAt" = clock_timestamp()
     WHERE id = ANY (${participantIds}) AND status = 'DISCONNECTED'
    RETURNING id, "userId"`;
  emitChanges(draft, back, { by: 'presence', from: 'DISCONNECTED', to: 'ACTIVE' });
}

/** @throws Error if a caller requests an invalid move: callers check what their user may request. */
function requireMove(from: ParticipantStatus, to: ParticipantStatus): void {
  if (!mayBecome(from, to)) throw new Error(`a participant who is ${from} cannot become ${to}`);
}
