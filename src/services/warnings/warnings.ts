import { invalidField, notFound } from '../../errors.ts';
import type { Participant, Warning, WarningDecision, WarningSource } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import { refuseCancelled } from '../exams.ts';
import { bringIn, ensureParticipant } from '../participants/participants.ts';
import type { WarningInput } from './input.ts';
import type { WarningIntake } from './intake.ts';
import type { Report } from './report.ts';
import { findReported, insertWarningRows, type NewWarning, newWarningRow } from './rows.ts';

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

/** Stores what the participant has not reported before and returns one row per warning: the stored one for a repeated `clientEventId`. */
export async function addUnseen(
  draft: Draft,
  participant: Participant,
  source: WarningSource,
  warnings: readonly WarningInput[],
  { sameMomentIsSame = false } = {},
): Promise<{ rows: Warning[]; stored: number }> {
  const keysOf = ({ clientEventId, type, timestamp }: WarningInput) => [
    ...(clientEventId ? [`id ${clientEventId}`] : []),
    ...(sameMomentIsSame && timestamp ? [`at ${timestamp.getTime()} ${type}`] : []),
  ];
  const known = await findKnown(draft, participant, warnings, sameMomentIsSame);
  const seen = new Map<string, Warning | number>(known.flatMap((row) => keysOf(row).map((key) => [key, row] as const)));
  const fresh: WarningInput[] = [];
  const slots = warnings.map((warning) => {
    const before = keysOf(warning).flatMap((key) => seen.get(key) ?? [])[0];
    if (before !== undefined) return before;
    const slot = fresh.push(warning) - 1;
    if (warning.clientEventId) seen.set(`id ${warning.clientEventId}`, slot);
    return slot;
  });
  const rows = await addWarnings(draft, participant, source, fresh);
  return {
    rows: slots.map((slot) => (typeof slot === 'number' ? rows[slot] : slot)).filter((row) => row !== undefined),
    stored: rows.length,
  };
}

async function findKnown(
  draft: Draft,
  { userId }: Participant,
  warnings: readonly WarningInput[],
  sameMomentIsSame: boolean,
): Promise<Warning[]> {
  const clientEventIds = warnings.flatMap(({ clientEventId }) => clientEventId ?? []);
  const timestamps = sameMomentIsSame ? warnings.flatMap(({ timestamp }) => timestamp ?? []) : [];
  if (clientEventIds.length === 0 && timestamps.length === 0) return [];
  return findReported(draft.tx, { examId: draft.exam.id, userId }, { clientEventIds, timestamps });
}

export function createWarnings({ eventLog, intake }: { eventLog: EventLog; intake: WarningIntake }) {
  /** For a report that changes more than the log. */
  const bringInAndReport = ({ examId, userId, source, warnings }: Report) =>
    eventLog.append(examId, async (draft) => {
      refuseCancelled(draft.exam);
      const over = draft.exam.status === 'COMPLETED';
      const participant = await (over ? ensureParticipant(draft, userId) : bringIn(draft, userId));
      return (await addUnseen(draft, participant, source, warnings)).rows;
    });

  return {
    /** Stores warnings that arrive while the exam runs. A participant who reports from inside the exam is in it. */
    report: async (report: Report): Promise<Warning[]> => (await intake.add(report)) ?? bringInAndReport(report),

    /** Records a proctor's decision; the row and its event commit together. */
    review(
      examId: string,
      warningId: string,
      { decision, reason, by }: { decision: WarningDecision; reason?: string | null | undefined; by: string },
    ) {
      if (decision === 'DISMISSED' && !reason) throw invalidField('reason', 'Say why it is dismissed');
      return eventLog.append(examId, async ({ tx, now, emit }) => {
        const before = await tx.warning.findUnique({ where: { id: warningId } });
        if (!before) throw notFound('Warning');
        const warning = await tx.warning.update({
          where: { id: warningId },
          data: { reviewDecision: decision, reviewReason: reason ?? null, reviewBy: by, reviewAt: now },
        });
        emit('WARNING_REVIEWED', warning.id, {
          ...(warning.userId && { userId: warning.userId }),
          data: { by, decision, previous: before.reviewDecision, reason: reason ?? null },
        });
        return warning;
      });
    },
  };
}

export type Warnings = ReturnType<typeof createWarnings>;
