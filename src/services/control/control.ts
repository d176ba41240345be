import type { Pool } from '../../adapters/database/database-transaction.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Exam, Participant } from '../../generated/prisma/client.ts';
import type { Logger } from '../../log.ts';
import type { Access } from '../access/access.ts';
import type { EventLog } from '../event-log/event-log.ts';
import type { ExamState } from '../exam-writes/exam-state.ts';
import type { Exams } from '../exams.ts';
import type { AnswerKeeper } from '../idempotency.ts';
import { credit, isFinal, MINUTE_MS, moveByStaff, resumed, stopped } from '../participants/lifecycle.ts';
import { signParticipantToken } from '../participants/participants.ts';
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

function refuseOver({ status }: Pick<Exam, 'status'>): void {
  if (status === 'COMPLETED' || status === 'CANCELLED') throw new AppError('conflict', 'The exam is over');
}

function find(state: ExamState, userId: string): Participant {
  const participant = state.participant(userId);
  if (!participant) throw notFound('Participant');
  return participant;
}

const pause = (state: ExamState, participant: Participant, decision: Decision): Participant =>
  participant.status === 'PAUSED'
    ? participant
    : moveByStaff(state, participant, { to: 'PAUSED', clock: stopped(state.now, participant), ...decision });

const resume = (state: ExamState, participant: Participant, decision: Decision): Participant =>
  participant.status === 'ACTIVE'
    ? participant
    : moveByStaff(state, participant, { to: 'ACTIVE', clock: resumed(state.now, participant), ...decision });

function addTime(state: ExamState, participant: Participant, { minutes, reason, by }: AddedTime): Participant {
  return credit(state, participant, { ms: minutes * MINUTE_MS, reason, by });
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

  /** @param change gets those chosen, in the order given or in which they came. @throws AppError `not_found` if one of the users is not in the exam or the group */
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
    return write(examId, chosen, keeper, (state) => {
      const found = chosen.map((userId) => find(state, userId)).filter((one) => group == null || one.group === group);
      if (named && found.length < named.length) throw notFound('Participant');
      return change(state, found);
    });
  }

  return {
    /** Stops a participant's clock. @throws AppError `conflict` for one who is not in the exam */
    pause: (examId: string, userId: string, decision: Decision, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseUnlessRunning(state.exam);
        return pause(state, find(state, userId), decision);
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
        const participant = find(state, userId);
        if (participant.status === 'DISCONNECTED') return participant;
        if (isFinal(participant.status)) throw new AppError('conflict', 'This participant has left the exam: readmit them');
        if (participant.status !== 'PAUSED' && participant.status !== 'ACTIVE')
          throw new AppError('conflict', 'This participant is not paused');
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
        const participant = find(state, userId);
        if (participant.status === 'TERMINATED') return participant;
        return moveByStaff(state, participant, { to: 'TERMINATED', clock: stopped(state.now, participant), ...decision });
      }),

    /**
     * Lets a participant back in, with a new token and the time that was left. Harmless to repeat: the token is another one.
     * @throws AppError `conflict` if no time is left: it must be added first
     */
    async readmit(examId: string, userId: string, decision: Decision) {
      const { exam, participant } = await write(examId, [userId], null, (state) => {
        refuseUnlessRunning(state.exam);
        const known = find(state, userId);
        if (!isFinal(known.status)) return { exam: state.exam, participant: known };
        if (known.remainingMs === 0) throw new AppError('conflict', "This participant's time is over: add time, then readmit them");
        const clock = { ...resumed(state.now, known), joinedAt: known.joinedAt ?? state.now };
        return { exam: state.exam, participant: moveByStaff(state, known, { to: 'ACTIVE', clock, ...decision }) };
      });
      return signParticipantToken(access, exam, participant);
    },

    /** Adds minutes to a participant's time, before it begins or while the exam runs. */
    addTime: (examId: string, userId: string, added: AddedTime, keeper: Keeper) =>
      write(examId, [userId], keeper, (state) => {
        refuseOver(state.exam);
        return addTime(state, find(state, userId), added);
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
