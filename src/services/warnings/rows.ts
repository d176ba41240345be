import type { Prisma, Warning } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import { severityOf } from './catalogue.ts';
import type { WarningInput } from './input.ts';

/** A warning about to be stored. */
export interface NewWarning extends WarningInput {
  /** Set if something else refers to it in the same transaction; otherwise a new id is made. */
  id?: string;
  endedAt?: Date;
  confidence?: number;
  recordingId?: string;
  offsetSeconds?: number;
  /** Whether a `WarningFrame` is stored with it. */
  hasFrame?: boolean;
}

/** What the log and the reporter add to a warning. */
interface Circumstances extends Pick<Warning, 'examId' | 'seq' | 'participantId' | 'userId' | 'source'> {
  /** By the database's clock. */
  now: Date;
}

/** The row of an unreviewed warning. */
export const newWarningRow = (warning: NewWarning, { now, ...where }: Circumstances): Warning => ({
  ...where,
  id: warning.id ?? newId('warn'),
  type: warning.type,
  severity: severityOf(warning.type, where.source),
  timestamp: warning.timestamp ?? now,
  recordedAt: now,
  endedAt: warning.endedAt ?? null,
  details: warning.details ?? null,
  clientEventId: warning.clientEventId ?? null,
  confidence: warning.confidence ?? null,
  recordingId: warning.recordingId ?? null,
  offsetSeconds: warning.offsetSeconds ?? null,
  hasFrame: warning.hasFrame ?? false,
  reviewDecision: null,
  reviewReason: null,
  reviewBy: null,
  reviewAt: null,
});

type Statements = Pick<Prisma.TransactionClient, '$executeRaw'>;

/** One hand-written statement: for the thousands of a submission Prisma takes seconds, during which nobody else is served. */
export async function insertWarningRows(tx: Statements, rows: readonly Warning[]): Promise<void> {
  const list = <K extends keyof Warning>(column: K): Warning[K][] => rows.map((row) => row[column]);
  await tx.$executeRaw`
    INSERT INTO "Warning" (id, "examId", seq, "participantId", "userId", type, severity, source, timestamp, "recordedAt", "endedAt",
      details, confidence, "recordingId", "offsetSeconds", "hasFrame", "clientEventId")
    SELECT * FROM unnest(${list('id')}::text[], ${list('examId')}::text[], ${list('seq')}::bigint[], ${list('participantId')}::text[],
      ${list('userId')}::text[], ${list('type')}::text[], ${list('severity')}::"WarningSeverity"[], ${list('source')}::"WarningSource"[],
      ${list('timestamp')}::timestamptz[], ${list('recordedAt')}::timestamptz[], ${list('endedAt')}::timestamptz[],
      ${list('details')}::text[], ${list('confidence')}::float8[], ${list('recordingId')}::text[], ${list('offsetSeconds')}::float8[],
      ${list('hasFrame')}::bool[], ${list('clientEventId')}::text[])`;
}
