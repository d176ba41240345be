import type { Pool } from '../../adapters/database/database-transaction.ts';
import { AppError, invalidField, notFound } from '../../errors.ts';
import type { Exam, Participant } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import type { Access } from '../access/access.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import { type Exams, refuseOver, startTogether } from '../exams.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import { move } from '../participants/lifecycle.ts';
import { impossible, isFinal, isRunning } from '../participants/moves.ts';
import { signParticipantToken } from '../participants/participants.ts';
import { credit, MINUTE_MS, refuseTooMuch } from '../participants/time.ts';
import { startClockSweep } from './clock-sweep.ts';

/** Who decides, and why. */
export interface Decision {
  by: string;
  reason: string | null;
}

/** Those whom a decision concerns: some users, a group, or without both everybody in the exam. */
export interface Chosen {
  userIds?: readonly string[] | null | undefined;
  group?: string | null | undefined;
}

export interface AddedTime extends Decision {
  minutes: number;
  reason: string;
}

/** Keeps the answer under the request's idempotency key, in the transaction of the decision. */
type Keeper = AnswerKeeper | null;

const MEMBERS = `SELECT "userId" FROM "Participant" WHERE "examId" = $1 AND ($2::text IS NULL OR "group" = $2) ORDER BY "createdAt", id`;

function refuseUnlessRunning({ status }: Pick<Exam, 'status'>): void {
  if (status === 'CREATED') throw new AppError('conflict', 'The exam has not started');
  if (status !== 'IN_PROGRESS') throw new AppError('conflict', 'The exam is over');
}

const pause = (state: ExamState, participant: Participant, decision: Decision): Participant =>
  participant.status === 'PAUSED' ? participant : move(state, participant, 'PAUSED', decision);

/** Who is offline is so for the clock, too. */
function resume(state: ExamState, participant: Participant, decision: Decision): Participant {
  if (isRunning(participant.status)) return participant;
  if (!participant.offlineSince) return move(state, participant, 'ACTIVE', decision);
  return move(state, { ...participant, offlineSince: state.now }, 'DISCONNECTED', decision);
}

function admit(state: ExamState, participant: Participant, decision: Decision): Participant {
  const { status } = participant;
  if (isRunning(status) || status === 'PAUSED') return participant;
  if (isFinal(status)) throw impossible(status, 'This participant has left the exam: readmit them');
  if (status === 'INVITED') throw impossible(status, 'This participant has not come yet');
  if (status === 'CHECKING_IN' && decision.reason === null)
    throw invalidField('reason', 'is required to admit somebody who has not checked in');
  startTogether(state, decision.by);
  return move(state, participant, 'ACTIVE', decision);
}

function addTime(state: ExamState, participant: Participant, { minutes, ...decision }: AddedTime): Participant {
  const ms = minutes * MINUTE_MS;
  refuseTooMuch(participant, ms);
  return credit(state, participant, { ms, ...decision });
}

interface Dependencies {
  pool: Pool;
  eventLog: EventLog;
  access: Access;
  exams: Exams;
  log: Logger;
}

/**
 * What staff do to a running exam. Each decision is an event of its log, with who, why, from and to; a second click changes nothing,
 * but time is added again.
 */
export function createControl({ pool, eventLog, access, exams, log }: Dependencies) {
  /** Decisions of staff take turns among themselves, so that no participant can delay the one about them. */
  const write = <Result>(examId: string, others: readonly string[], keeper: Keeper, decide: (state: ExamState) => Result) =>
    eventLog.write(examId, { userId: '', others, keeper, decide });

  /**
   * @param change gets those chosen, in the order given or in which they came
   * @throws AppError `not_found` if one of the users is not in the exam or the group, or nobody is in the group
   */
  async function writeAll(
    examId: string,
    { userIds, group }: Chosen,
    keeper: Keeper,
    change: (state: ExamState, chosen: readonly Participant[]) => Participant[],
  ): Promise<Participant[]> {
    const named = userIds && [...new Set(userIds)];
    const members = async () =>
      (await pool.query<{ userId: string }>({ name: 'find-members', text: MEMBERS, values: [examId, group] })).rows;
    const chosen = named ?? (await members()).map(({ userId }) => userId);
    // Time for a group whose name was misspelt would reach nobody, and nobody would know.
    if (group != null && chosen.length === 0) throw notFound('Group');
    return write(examId, chosen, keeper, (state) => {
      const found = chosen.map((userId) => state.requireParticipant(userId)).filter((one) => group == null || one.group === group);
      if (named && found.length < named.length) throw notFound('Participant');
      return change(state, found);
    });
  }

  return {
    /** Stops a participant's clock. @throws AppError `conflict` for one who is not in the exam */
    pause: (examId: string, userId: string, decision: Decision, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseUnlessRunning(state.exam);
        return pause(state, state.requireParticipant(userId), decision);
      }),

    /** Those chosen who are in the exam; the others stay as they are. */
    pauseAll: (examId: string, chosen: Chosen, decision: Decision, keeper: Keeper) =>
      writeAll(examId, chosen, keeper, (state, participants) => {
        refuseUnlessRunning(state.exam);
        const present = participants.filter(({ status }) => ['ACTIVE', 'DISCONNECTED', 'PAUSED'].includes(status));
        return present.map((participant) => pause(state, participant, decision));
      }),

    /** Lets a paused participant's clock go on. */
    resume: (examId: string, userId: string, decision: Decision, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseUnlessRunning(state.exam);
        const participant = state.requireParticipant(userId);
        const { status } = participant;
        if (isFinal(status)) throw impossible(status, 'This participant has left the exam: readmit them');
        if (status !== 'PAUSED' && !isRunning(status)) throw impossible(status, 'This participant is not paused');
        return resume(state, participant, decision);
      }),

    resumeAll: (examId: string, chosen: Chosen, decision: Decision, keeper: Keeper) =>
      writeAll(examId, chosen, keeper, (state, participants) => {
        refuseUnlessRunning(state.exam);
        const paused = participants.filter(({ status }) => status === 'PAUSED');
        return paused.map((participant) => resume(state, participant, decision));
      }),

    /** Ends the exam for one participant. */
    terminate: (examId: string, userId: string, decision: Decision, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseOver(state.exam);
        const participant = state.requireParticipant(userId);
        return participant.status === 'TERMINATED' ? participant : move(state, participant, 'TERMINATED', decision);
      }),

    /** Lets in a participant from the waiting room; with a reason also one who has not checked in. */
    admit: (examId: string, userId: string, decision: Decision, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseOver(state.exam);
        return admit(state, state.requireParticipant(userId), decision);
      }),

    /**
     * Lets in those chosen from the waiting room, or without a choice all who wait. Someone who is still checking in is let in only by
     * name and with a reason.
     */
    admitAll: (examId: string, userIds: readonly string[] | null, decision: Decision, keeper: Keeper) =>
      writeAll(examId, { userIds }, keeper, (state, participants) => {
        refuseOver(state.exam);
        const chosen = userIds ? participants : participants.filter(({ status }) => status === 'WAITING');
        return chosen.map((participant) => admit(state, participant, decision));
      }),

    /**
     * Lets a participant back in, with a new token and the time that was left, and opens their seat, so that their personal link lets
     * them in once more. Harmless to repeat: the token is another one.
     * @throws AppError `conflict` if no time is left: it must be added first
     */
    async readmit(examId: string, userId: string, decision: Decision) {
      const { exam, participant } = await write(examId, [userId], null, (state) => {
        refuseOver(state.exam);
        const known = state.requireParticipant(userId);
        if (!known.joinedAt && !isFinal(known.status)) throw impossible(known.status, 'This participant has not come yet');
        const open = { ...known, joinedAt: known.joinedAt ?? state.now, seatOpen: true };
        if (!isFinal(known.status)) {
          if (!known.seatOpen)
            state.emit('PARTICIPANT_CHANGED', known.id, { userId, data: { ...decision, what: 'seat', from: 'taken', to: 'open' } });
          return { exam: state.exam, participant: state.setParticipant(open) };
        }
        refuseUnlessRunning(state.exam);
        if (known.remainingMs !== null && known.remainingMs <= 0)
          throw new AppError('conflict', "This participant's time is over: add time, then readmit them");
        return { exam: state.exam, participant: move(state, { ...open, readmittedAt: state.now }, 'ACTIVE', decision) };
      });
      return signParticipantToken(access, exam, participant);
    },

    /** Adds minutes to a participant's time, before it begins or while the exam runs. */
    addTime: (examId: string, userId: string, added: AddedTime, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseOver(state.exam);
        return addTime(state, state.requireParticipant(userId), added);
      }),

    /** To all of a group, or all of the exam, who have not left it. */
    addTimeToAll: (examId: string, chosen: Chosen, added: AddedTime, keeper: Keeper) =>
      writeAll(examId, chosen, keeper, (state, participants) => {
        refuseOver(state.exam);
        const staying = participants.filter(({ status }) => !isFinal(status));
        return staying.map((participant) => addTime(state, participant, added));
      }),

    /** Starts the sweep that ends the time of participants. Call once per process; returns a stop function. */
    startSweep: () => startClockSweep({ pool, eventLog, exams, log }),
  };
}

export type Control = ReturnType<typeof createControl>;
