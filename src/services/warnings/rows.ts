import { columns } from '../../adapters/database/columns.ts';
import { Prisma, type Warning } from '../../generated/prisma/client.ts';
import { newId } from '../../ids.ts';
import { severityOf } from './catalogue.ts';
import type { WarningInput } from './input.ts';

/** A warning on its way into the log. */
export interface NewWarning extends WarningInput {
  /** Where something else names it in the same transaction; a new one without it. */
  id?: string;
  endedAt?: Date;
  confidence?: number;
  recordingId?: string;
  offsetSeconds?: number;
  /** Whether a `WarningFrame` of it is stored with it. */
  hasFrame?: boolean;
}

/** What the log and the reporter add to a warning. */
interface Circumstances extends Pick<Warning, 'examId' | 'seq' | 'participantId' | 'userId' | 'source'> {
  /** By the database's clock. */
  now: Date;
}

/** The row of a warning that nobody has reviewed. */
export const newWarningRow = (warning: NewWarning, { now, ...where }: Circumstances): Warning => ({
  ...where,
  id: warning.id ?? newId('warn'),
  type: warning.type,
  severity: severityOf(warning.type),
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

type Statements = Pick<Prisma.TransactionClient, '$executeRaw' | '$queryRaw'>;

const COLUMNS = Prisma.raw(columns('w', Prisma.WarningScalarFieldEnum));

/** One statement by hand: for the thousands of a submission Prisma takes seconds, and nobody else is served meanwhile. */
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

/** The warnings of a user that were reported under one of these ids, or happened at one of these moments. */
export const findReported = (
  tx: Statements,
  { examId, userId }: Pick<Warning, 'examId' | 'userId'>,
  { clientEventIds, timestamps }: { clientEventIds: readonly string[]; timestamps: readonly Date[] },
): Promise<Warning[]> =>
  tx.$queryRaw<Warning[]>`
    SELECT ${COLUMNS} FROM "Warning" w WHERE w."examId" = ${examId} AND w."userId" = ${userId}
      AND (w."clientEventId" = ANY(${clientEventIds}::text[]) OR w.timestamp = ANY(${timestamps}::timestamptz[]))`;
