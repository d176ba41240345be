import { AppError } from '../../errors.ts';
import type { Exam, Participant, ParticipantStatus } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import { settingsOf } from '../exam-settings.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { isRunning } from './moves.ts';

/** A participant's time: it begins with the first ACTIVE, runs in ACTIVE and DISCONNECTED, and stands still otherwise. */

export const MINUTE_MS = 60_000;

type Clock = Pick<Participant, 'startedAt' | 'endsAt' | 'remainingMs'>;

/** The whole time of a participant, in milliseconds. */
export const allowedMs = (
  { duration }: Pick<Exam, 'duration'>,
  { extraMinutes, creditMs }: Pick<Participant, 'extraMinutes' | 'creditMs'>,
) => (duration + extraMinutes) * MINUTE_MS + creditMs;

const later = (at: Date, ms: number) => new Date(at.getTime() + ms);

/** The columns of the clock when a participant changes from one status to another. */
export function clockAfter(
  { exam, now }: Pick<ExamState, 'exam' | 'now'>,
  participant: Participant,
  [from, to]: readonly [ParticipantStatus | null, ParticipantStatus],
): Partial<Clock> {
  const { startedAt, endsAt, remainingMs } = participant;
  if (!isRunning(to)) return { endsAt: null, remainingMs: endsAt ? Math.max(0, endsAt.getTime() - now.getTime()) : remainingMs };
  if (remainingMs !== null) return { endsAt: later(now, remainingMs), remainingMs: null };
  // Participants of earlier releases have been in an exam without a clock.
  const begins = startedAt === null && (from === null || !['ACTIVE', 'DISCONNECTED', 'PAUSED'].includes(from));
  return begins ? { startedAt: now, endsAt: later(now, allowedMs(exam, participant)) } : {};
}

/**
 * The columns of a participant who has so many milliseconds more, or less, whether the time runs or not. What is left may become
 * negative: with 0 instead, to take a change back would give time that was used before.
 */
export const shifted = ({ endsAt, remainingMs }: Pick<Clock, 'endsAt' | 'remainingMs'>, ms: number) => ({
  endsAt: endsAt && later(endsAt, ms),
  remainingMs: remainingMs === null ? null : remainingMs + ms,
});

/** To two decimals: measured outages are no whole minutes. */
export const inMinutes = (ms: number) => Math.round((ms * 100) / MINUTE_MS) / 100;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** The columns hold 2^31 milliseconds, 24 days: one who had more would fail the decisions about everybody of the exam. */
const MOST_MS = 2 ** 31 - 1;
/** By staff; the rest is for outages. */
const MOST_ADDED_MS = 7 * DAY_MS;
const MOST_CREDIT_MS = 14 * DAY_MS;

/** What of a credit nobody decided upon still fits. */
const fitting = (ms: number, { creditMs }: Pick<Participant, 'creditMs'>) => Math.min(ms, MOST_CREDIT_MS - creditMs);

/** @throws AppError `conflict` if staff would add more than seven days to one participant's time altogether */
export function refuseTooMuch({ userId, creditMs }: Participant, ms: number): void {
  if (creditMs + ms > MOST_ADDED_MS)
    throw new AppError('conflict', 'At most seven days can be added to the time of one participant', [
      { field: 'minutes', issue: `is too much for ${userId}, who has ${Math.round(creditMs / MINUTE_MS)} already` },
    ]);
}

/** Adds to a participant's time, with an event. */
export function credit(
  state: ExamState,
  participant: Participant,
  { ms, reason, by }: { ms: number; reason: string; by: string },
): Participant {
  const { id, userId, creditMs: before } = participant;
  const creditMs = before + ms;
  state.timeCredits.push({ id: newId('cred'), participantId: id, ms, reason, by, at: state.now });
  state.emit('PARTICIPANT_CHANGED', id, { userId, data: { by, reason, time: inMinutes(creditMs), previousTime: inMinutes(before) } });
  return state.setParticipant({ ...participant, creditMs, ...shifted(participant, ms) });
}

/** How long a participant whose time runs has been offline by now, in milliseconds; 0 for one who is not. */
export const offlineMs = (now: Date, { status, offlineSince }: Pick<Participant, 'status' | 'offlineSince'>) =>
  status === 'DISCONNECTED' && offlineSince ? Math.max(0, now.getTime() - offlineSince.getTime()) : 0;

/** What of an outage is credited without a decision of staff. */
function creditable({ exam, now }: Pick<ExamState, 'exam' | 'now'>, participant: Participant): number {
  const left = settingsOf(exam).creditDisconnectedMinutes * MINUTE_MS - participant.outageCreditMs;
  return Math.max(0, fitting(Math.min(left, offlineMs(now, participant)), participant));
}

const inSeconds = (ms: number) => `${Math.round(ms / 1_000)} s`;

/** Counts the outage of a participant who is DISCONNECTED up to now, and credits what the exam's settings allow. */
export function settleOutage(state: ExamState, participant: Participant): Participant {
  const ms = offlineMs(state.now, participant);
  if (ms === 0) return participant;
  const credited = creditable(state, participant);
  const counted = state.setParticipant({
    ...participant,
    outageMs: Math.min(MOST_MS, participant.outageMs + ms),
    outageCreditMs: participant.outageCreditMs + credited,
    offlineSince: state.now,
  });
  if (credited === 0 || !participant.endsAt) return counted;
  return credit(state, counted, { ms: credited, reason: `The connection was lost for ${inSeconds(ms)}.`, by: 'system' });
}

/** Whether a participant's time is over, with the outage that would be credited by now. */
export const isOver = (state: ExamState, participant: Participant): boolean =>
  participant.endsAt !== null && later(participant.endsAt, creditable(state, participant)) <= state.now;

/** More is no interruption of an exam. */
const LONGEST_CREDIT_MS = 60 * MINUTE_MS;

/**
 * Credits the time in which no server ran, once per outage. It is not measured as one of the participant's connection.
 * @param outage by the database's clock
 */
export function creditServerOutage(state: ExamState, participant: Participant, outage: { from: Date; to: Date }): Participant {
  const { status, startedAt, endsAt, offlineSince, coveredUntil } = participant;
  if (!isRunning(status) || !startedAt || !endsAt || endsAt <= outage.from) return participant;
  if (coveredUntil && coveredUntil >= outage.to) return participant;
  const from = Math.max(outage.from.getTime(), startedAt.getTime());
  const ms = fitting(Math.min(outage.to.getTime() - from, LONGEST_CREDIT_MS), participant);
  if (ms <= 0) return participant;
  const covered = {
    ...participant,
    coveredUntil: outage.to,
    offlineSince: offlineSince && new Date(Math.min(later(offlineSince, ms).getTime(), state.now.getTime())),
  };
  return credit(state, covered, { ms, reason: `The server could not be reached for ${inSeconds(ms)}.`, by: 'system' });
}
