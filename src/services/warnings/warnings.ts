import type { Participant, Warning, WarningSource } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import { refuseCancelled } from '../exams.ts';
import { bringIn, enrolled } from '../participants/participants.ts';
import { OWN_EVENT_ID } from './catalogue.ts';
import type { WarningIntake } from './intake.ts';
import type { Report, Reported } from './report.ts';
import { insertWarningRows, type NewWarning, newWarningRow } from './rows.ts';

/**
 * Ids of a proctor's events are apart from those of candidates: who repeated one would get the proctor's warning as an answer, and
 * who used one first would keep it out.
 */
const withOwnIds = (report: Report): Report =>
  report.source !== 'PROCTOR'
    ? report
    : {
        ...report,
        warnings: report.warnings.map((warning) =>
          warning.clientEventId ? { ...warning, clientEventId: `${OWN_EVENT_ID}proctor ${warning.clientEventId}` } : warning,
        ),
      };

/** Adds warnings of one participant within a draft, in the order given. */
export async function addWarnings(
  draft: Draft,
  participant: Participant,
  source: WarningSource,
  warnings: readonly NewWarning[],
): Promise<Warning[]> {
  if (warnings.length === 0) return [];
  const { id: participantId, userId } = participant;
  const { exam, now, emit } = draft;
  const rows = warnings.map((warning) => {
    const id = warning.id ?? newId('warn');
    const seq = emit('WARNING_ADDED', id, { userId });
    return newWarningRow({ ...warning, id }, { examId: exam.id, seq, participantId, userId, source, now });
  });
  await insertWarningRows(draft.tx, rows);
  await draft.tx.participant.update({
    where: { id: participantId },
    data: { warningCount: { increment: rows.length } },
    select: { id: true },
  });
  return rows;
}

/** The end of an episode that raised a warning. */
export interface EndedWarning {
  warningId: string;
  endedAt: Date;
  /** Details and confidence describe the whole episode. */
  details: string;
  confidence: number | null;
}

/** Ends warnings of one participant within a draft; deleted or ended ones are left alone. */
export async function endWarnings({ tx, emit }: Draft, userId: string, ended: readonly EndedWarning[]): Promise<void> {
  for (const { warningId: id, ...data } of ended) {
    const { count } = await tx.warning.updateMany({ where: { id, endedAt: null }, data });
    if (count > 0) emit('WARNING_UPDATED', id, { userId, data: { endedAt: data.endedAt.toISOString() } });
  }
}

/** Has ended warnings of one participant go on within a draft; deleted ones, and those that never ended, are left alone. */
export async function resumeWarnings(
  { tx, emit }: Draft,
  userId: string,
  resumed: readonly Omit<EndedWarning, 'endedAt'>[],
): Promise<void> {
  for (const { warningId: id, details, confidence } of resumed) {
    const data = { details, confidence, endedAt: null };
    const { count } = await tx.warning.updateMany({ where: { id, endedAt: { not: null } }, data });
    if (count > 0) emit('WARNING_UPDATED', id, { userId, data: { endedAt: null } });
  }
}

export function createWarnings({ eventLog, intake }: { eventLog: EventLog; intake: WarningIntake }) {
  /** For a report that changes more than the log, or that must wait for other writes to the exam. */
  const reportTogether = ({ examId, userId, source, warnings, keeper }: Report) => {
    const repeats = { warnings, sameMomentIsSame: false };
    return eventLog.write(examId, {
      userId,
      repeats,
      keeper,
      decide(state) {
        refuseCancelled(state.exam);
        // A proctor who reports about somebody does not say that they came.
        const isIn = source === 'CLIENT' && state.exam.status !== 'COMPLETED';
        return state.addUnseen(isIn ? bringIn(state, userId) : enrolled(state, userId), source, repeats).rows;
      },
    });
  };

  return {
    /** Stores warnings that arrive while the exam runs. A participant who reports from inside the exam is in it. */
    async report(given: Report): Promise<Reported> {
      const report = withOwnIds(given);
      return (await intake.add(report)) ?? reportTogether(report);
    },
  };
}

export type Warnings = ReturnType<typeof createWarnings>;
