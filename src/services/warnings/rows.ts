import { columns } from '../../adapters/database/columns.ts';
import { Prisma, type Warning } from '../../generated/prisma/client.ts';

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
