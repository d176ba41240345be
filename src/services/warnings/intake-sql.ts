import { columns } from '../../adapters/database/columns.ts';
import type { Transaction } from '../../adapters/database/database-transaction.ts';
import { Prisma, type Warning } from '../../generated/prisma/client.ts';
import type { LockedExam, Report, Reporter } from './report.ts';

/**
 * Locks the exams that no other transaction holds, in an order that all writers share. The others are in `existing` but not in
 * `exams`.
 */
export async function lockExams(transaction: Transaction, examIds: readonly string[]) {
  const ids = [...new Set(examIds)];
  const { rows } = await transaction.query<{ id: string; status: LockedExam['status']; lastSeq: string; now: Date }>({
    name: 'lock-exams',
    text: `SELECT id, status, "lastSeq", date_trunc('milliseconds', now()) AS now FROM "Exam"
      WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    values: [ids],
  });
  const exams = new Map(rows.map(({ id, status, lastSeq }): [string, LockedExam] => [id, { id, status, lastSeq: BigInt(lastSeq) }]));
  const missing = ids.filter((id) => !exams.has(id));
  const existing =
    missing.length === 0 ? [] : (await transaction.query<{ id: string }>('SELECT id FROM "Exam" WHERE id = ANY($1)', [missing])).rows;
  return { exams, existing: new Set(existing.map(({ id }) => id)), now: rows[0]?.now ?? new Date() };
}

export async function readReporters(transaction: Transaction, reports: readonly Report[]): Promise<Reporter[]> {
  if (reports.length === 0) return [];
  const { rows } = await transaction.query<Reporter>({
    name: 'read-reporters',
    text: `SELECT DISTINCT p.id, p."examId", p."userId", p.status,
        ARRAY(SELECT type FROM "Accommodation" WHERE "participantId" = p.id) AS suppressed
      FROM unnest($1::text[], $2::text[]) AS report("examId", "userId") JOIN "Participant" p USING ("examId", "userId")`,
    values: [reports.map(({ examId }) => examId), reports.map(({ userId }) => userId)],
  });
  return rows;
}

/** Stored warnings that have a `clientEventId` of these reports. */
export async function readKnown(transaction: Transaction, reports: readonly Report[]): Promise<Warning[]> {
  const asked = reports.flatMap(({ examId, userId, warnings }) =>
    warnings.flatMap(({ clientEventId }) => (clientEventId ? [{ examId, userId, clientEventId }] : [])),
  );
  if (asked.length === 0) return [];
  const { rows } = await transaction.query<Omit<Warning, 'seq'> & { seq: string }>({
    name: 'read-known-warnings',
    text: `SELECT ${columns('w', Prisma.WarningScalarFieldEnum)} FROM unnest($1::text[], $2::text[], $3::text[]) AS asked("examId", "userId", "clientEventId")
      JOIN "Warning" w USING ("examId", "userId", "clientEventId")`,
    values: [asked.map((it) => it.examId), asked.map((it) => it.userId), asked.map((it) => it.clientEventId)],
  });
  return rows.map((row) => Object.assign(row, { seq: BigInt(row.seq) }));
}

/** The rows, their events, the counts of their participants and the positions of their exams, in one statement. */
export async function insertWarnings(transaction: Transaction, rows: readonly Warning[]): Promise<void> {
  await transaction.query({
    name: 'insert-warnings',
    text: `WITH fresh AS (
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::"WarningSeverity"[],
          $8::"WarningSource"[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[])
        AS row(id, "examId", seq, "participantId", "userId", type, severity, source, timestamp, "recordedAt", details, "clientEventId")
      ), warnings AS (
        INSERT INTO "Warning" (id, "examId", seq, "participantId", "userId", type, severity, source, timestamp, "recordedAt", details, "clientEventId")
        SELECT * FROM fresh
      ), events AS (
        INSERT INTO "Event" ("examId", seq, kind, "subjectId", "userId", at)
        SELECT "examId", seq, 'WARNING_ADDED', id, "userId", "recordedAt" FROM fresh
      ), participants AS (
        UPDATE "Participant" p SET "warningCount" = p."warningCount" + added.count
        FROM (SELECT "participantId" AS id, count(*)::int AS count FROM fresh GROUP BY 1) added WHERE p.id = added.id
      )
      UPDATE "Exam" e SET "lastSeq" = raised.seq
      FROM (SELECT "examId" AS id, max(seq) AS seq FROM fresh GROUP BY 1) raised WHERE e.id = raised.id`,
    values: [
      rows.map((row) => row.id),
      rows.map((row) => row.examId),
      rows.map((row) => row.seq),
      rows.map((row) => row.participantId),
      rows.map((row) => row.userId),
      rows.map((row) => row.type),
      rows.map((row) => row.severity),
      rows.map((row) => row.source),
      rows.map((row) => row.timestamp),
      rows.map((row) => row.recordedAt),
      rows.map((row) => row.details),
      rows.map((row) => row.clientEventId),
    ],
  });
}
