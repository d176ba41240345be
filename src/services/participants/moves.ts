import { AppError } from '../../errors.ts';
import type { ParticipantStatus } from '../../generated/prisma/client.ts';

/** The statuses of a participant. docs/architecture.md shows the same moves; a test compares the two. */

/** The possible next statuses of each status. `null` is a participant who does not exist yet. */
export const PARTICIPANT_MOVES = {
  null: ['INVITED', 'CHECKING_IN', 'WAITING', 'ACTIVE'],
  INVITED: ['CHECKING_IN', 'WAITING', 'ACTIVE', 'SUBMITTED', 'TERMINATED'],
  CHECKING_IN: ['WAITING', 'ACTIVE', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  WAITING: ['ACTIVE', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  ACTIVE: ['DISCONNECTED', 'PAUSED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  PAUSED: ['ACTIVE', 'DISCONNECTED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  DISCONNECTED: ['ACTIVE', 'PAUSED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED'],
  // Only by readmission.
  SUBMITTED: ['ACTIVE'],
  TIMED_OUT: ['ACTIVE'],
  TERMINATED: ['ACTIVE'],
} as const satisfies Record<ParticipantStatus | 'null', readonly ParticipantStatus[]>;

/** A participant with one of these has left the exam, and comes back only if staff readmit them. */
export const FINAL_STATUSES: readonly ParticipantStatus[] = ['SUBMITTED', 'TIMED_OUT', 'TERMINATED'];

export const isFinal = (status: ParticipantStatus) => FINAL_STATUSES.includes(status);

/** Has come, and has not left. */
export const isPresent = (status: ParticipantStatus) => status !== 'INVITED' && !isFinal(status);

/** Has come, has not left, and stays where they are until somebody or something moves them on. */
const isHeld = (status: ParticipantStatus) => ['CHECKING_IN', 'WAITING', 'PAUSED'].includes(status);

/** Whether a sign from inside the exam brings the participant in, or back in. */
export const comesInBySign = (status: ParticipantStatus) => !isFinal(status) && !isHeld(status);

/** The participant's time has begun. */
export const hasBegun = (status: ParticipantStatus) => !['INVITED', 'CHECKING_IN', 'WAITING'].includes(status);

/** The participant's time runs. */
export const isRunning = (status: ParticipantStatus) => status === 'ACTIVE' || status === 'DISCONNECTED';

export const mayBecome = (from: keyof typeof PARTICIPANT_MOVES, to: ParticipantStatus) =>
  (PARTICIPANT_MOVES[from] as readonly ParticipantStatus[]).includes(to);

/** The statuses from which a participant may become `to`. */
export const sourcesOf = (to: ParticipantStatus): ParticipantStatus[] =>
  (Object.keys(PARTICIPANT_MOVES) as (keyof typeof PARTICIPANT_MOVES)[]).flatMap((from) =>
    from !== 'null' && mayBecome(from, to) ? [from] : [],
  );

/** A `conflict` with this message that says which moves are possible. */
export function impossible(from: ParticipantStatus, message: string): AppError {
  const legal = PARTICIPANT_MOVES[from].map((status) => status.toLowerCase()).join(', ');
  return new AppError('conflict', message, [{ field: 'userId', issue: `possible: ${legal}` }]);
}

export const illegalMove = (from: ParticipantStatus, to: ParticipantStatus): AppError =>
  impossible(from, `A participant who is ${from.toLowerCase()} cannot become ${to.toLowerCase()}`);
