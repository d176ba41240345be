import type { Pool } from '../../adapters/database/database-transaction.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Exam, Participant } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Logger } from '../../log.ts';
import type { Access } from '../access/access.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import type { Exams } from '../exams.ts';
import { isFinal, moveByStaff, resumed, shifted, stopped } from '../participants/lifecycle.ts';
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

/** Participants whose change shares a transaction with that of others of the exam. */
const MOST_CHOSEN = 5_000;

function refuseUnlessRunning({ status }: Pick<Exam, 'status'>): void {
  if (status === 'CREATED') throw new AppError('conflict', 'The exam has not started');
  if (status !== 'IN_PROGRESS') throw new AppError('conflict', 'The exam is over');
}

async function find({ tx, exam }: Draft, userId: string): Promise<Participant> {
  const participant = await tx.participant.findUnique({ where: { examId_userId: { examId: exam.id, userId } } });
  if (!participant) throw notFound('Participant');
  return participant;
}

/** @throws AppError `not_found` if one of the users is not in the exam */
async function choose({ tx, exam }: Draft, { userIds, group }: Chosen): Promise<Participant[]> {
  const where = { examId: exam.id, ...(userIds && { userId: { in: [...userIds] } }), ...(group != null && { group }) };
  const chosen = await tx.participant.findMany({ where, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: MOST_CHOSEN });
  if (userIds && chosen.length < new Set(userIds).size) throw notFound('Participant');
  return chosen;
}

interface Dependencies {
  pool: Pool;
  eventLog: EventLog;
  access: Access;
  exams: Exams;
  log: Logger;
}

/** What staff do to a running exam. Each decision is an event of its log, with who, why, from and to; a second click changes nothing. */
export function createControl({ pool, eventLog, access, exams, log }: Dependencies) {
  const pause = async (draft: Draft, participant: Participant, decision: Decision): Promise<Participant> =>
    participant.status === 'PAUSED'
      ? participant
      : moveByStaff(draft, participant, { to: 'PAUSED', clock: stopped(draft.now, participant), ...decision });

  const resume = async (draft: Draft, participant: Participant, decision: Decision): Promise<Participant> =>
    participant.status === 'ACTIVE'
      ? participant
      : moveByStaff(draft, participant, { to: 'ACTIVE', clock: resumed(draft.now, participant), ...decision });

  async function addTime({ tx, now, emit }: Draft, participant: Participant, { minutes, reason, by }: AddedTime): Promise<Participant> {
    const { id, userId, creditMinutes } = participant;
    await tx.timeCredit.create({ data: { id: newId('cred'), participantId: id, minutes, reason, by, at: now } });
    const row = await tx.participant.update({
      where: { id },
      data: { creditMinutes: creditMinutes + minutes, ...shifted(participant, minutes) },
    });
    emit('PARTICIPANT_CHANGED', id, { userId, data: { by, reason, time: row.creditMinutes, previousTime: creditMinutes } });
    return row;
  }

  /** One after the other, in the order in which they came. */
  async function each(
    participants: readonly Participant[],
    change: (participant: Participant) => Promise<Participant>,
  ): Promise<Participant[]> {
    const changed: Participant[] = [];
    for (const participant of participants) changed.push(await change(participant));
    return changed;
  }

  return {
    /** Stops a participant's clock. @throws AppError `conflict` for one who is not in the exam */
    pause: (examId: string, userId: string, decision: Decision) =>
      eventLog.append(examId, async (draft) => {
        refuseUnlessRunning(draft.exam);
        return pause(draft, await find(draft, userId), decision);
      }),

    /** Those chosen who are in the exam; the others stay as they are. */
    pauseAll: (examId: string, chosen: Chosen, decision: Decision) =>
      eventLog.append(examId, async (draft) => {
        refuseUnlessRunning(draft.exam);
        const present = (await choose(draft, chosen)).filter(({ status }) => ['ACTIVE', 'DISCONNECTED', 'PAUSED'].includes(status));
        return each(present, (participant) => pause(draft, participant, decision));
      }),

    /** Lets a paused participant's clock go on. */
    resume: (examId: string, userId: string, decision: Decision) =>
      eventLog.append(examId, async (draft) => {
        refuseUnlessRunning(draft.exam);
        const participant = await find(draft, userId);
        if (participant.status === 'DISCONNECTED') return participant;
        if (isFinal(participant.status)) throw new AppError('conflict', 'This participant has left the exam: readmit them');
        if (participant.status !== 'PAUSED' && participant.status !== 'ACTIVE')
          throw new AppError('conflict', 'This participant is not paused');
        return resume(draft, participant, decision);
      }),

    resumeAll: (examId: string, chosen: Chosen, decision: Decision) =>
      eventLog.append(examId, async (draft) => {
        refuseUnlessRunning(draft.exam);
        const paused = (await choose(draft, chosen)).filter(({ status }) => status === 'PAUSED');
        return each(paused, (participant) => resume(draft, participant, decision));
      }),

    /** Ends the exam for one participant. */
    terminate: (examId: string, userId: string, decision: Decision) =>
      eventLog.append(examId, async (draft) => {
        if (draft.exam.status === 'COMPLETED' || draft.exam.status === 'CANCELLED') throw new AppError('conflict', 'The exam is over');
        const participant = await find(draft, userId);
        if (participant.status === 'TERMINATED') return participant;
        return moveByStaff(draft, participant, { to: 'TERMINATED', clock: stopped(draft.now, participant), ...decision });
      }),

    /**
     * Lets a participant back in, with a new token and the time that was left.
     * @throws AppError `conflict` if no time is left: it must be added first
     */
    async readmit(examId: string, userId: string, decision: Decision) {
      const { exam, participant } = await eventLog.append(examId, async (draft) => {
        refuseUnlessRunning(draft.exam);
        const known = await find(draft, userId);
        if (!isFinal(known.status)) return { exam: draft.exam, participant: known };
        if (known.remainingMs === 0) throw new AppError('conflict', "This participant's time is over: add time, then readmit them");
        const clock = { ...resumed(draft.now, known), joinedAt: known.joinedAt ?? draft.now };
        return { exam: draft.exam, participant: await moveByStaff(draft, known, { to: 'ACTIVE', clock, ...decision }) };
      });
      return signParticipantToken(access, exam, participant);
    },

    /** Adds minutes to a participant's time, before it begins or while the exam runs. */
    addTime: (examId: string, userId: string, added: AddedTime) =>
      eventLog.append(examId, async (draft) => {
        refuseOver(draft.exam);
        return addTime(draft, await find(draft, userId), added);
      }),

    /** To all of a group, or all of the exam, who have not left it. */
    addTimeToAll: (examId: string, chosen: Chosen, added: AddedTime) =>
      eventLog.append(examId, async (draft) => {
        refuseOver(draft.exam);
        const staying = (await choose(draft, chosen)).filter(({ status }) => !isFinal(status));
        return each(staying, (participant) => addTime(draft, participant, added));
      }),

    /** Starts the sweep that ends the time of participants. Call once per process; returns a stop function. */
    startSweep: () => startClockSweep({ pool, eventLog, exams, log }),
  };
}

function refuseOver({ status }: Pick<Exam, 'status'>): void {
  if (status === 'COMPLETED' || status === 'CANCELLED') throw new AppError('conflict', 'The exam is over');
}

export type Control = ReturnType<typeof createControl>;
