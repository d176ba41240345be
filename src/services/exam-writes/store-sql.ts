import type { Transaction } from '../../adapters/database/database-transaction.ts';
import type { Recording, TimeCredit, Warning } from '../../generated/prisma/client.ts';
import type { JsonText } from '../../validation.ts';
import type { ExamState, NewEvent, NewSubmissionRow } from './exam-state.ts';

/**
 * Rows per statement. More would hold up the event loop; and on a machine that is several times too slow, each statement must still
 * be far from the time limit of statements.
 */
const ROWS = 500;

/** Statistics that were stored before the exam was locked: a table, and its keys. */
export const STAGED = '"StagedStats"';
export type Staged = ReadonlyMap<JsonText, number>;

/** A table's columns with their types, and how a row fills them. */
interface Columns<Row> {
  name: string;
  into: string;
  columns: readonly (readonly [column: string, type: string, value: (row: Row) => unknown])[];
}

const column = <Row>(name: keyof Row & string, type: string) => [name, type, (row: Row) => row[name]] as const;

const WARNING: Columns<Warning> = {
  name: 'add-warnings',
  into: 'Warning',
  columns: [
    column('id', 'text'),
    column('examId', 'text'),
    column('seq', 'bigint'),
    column('participantId', 'text'),
    column('userId', 'text'),
    column('type', 'text'),
    column('severity', '"WarningSeverity"'),
    column('source', '"WarningSource"'),
    column('timestamp', 'timestamptz'),
    column('recordedAt', 'timestamptz'),
    column('details', 'text'),
    column('clientEventId', 'text'),
  ],
};

const TIME_CREDIT: Columns<TimeCredit> = {
  name: 'add-time-credits',
  into: 'TimeCredit',
  columns: [
    column('id', 'text'),
    column('participantId', 'text'),
    column('minutes', 'int'),
    column('reason', 'text'),
    column('by', 'text'),
    column('at', 'timestamptz'),
  ],
};

const EVENT: Columns<NewEvent> = {
  name: 'add-events',
  into: 'Event',
  columns: [
    column('examId', 'text'),
    column('seq', 'bigint'),
    column('kind', '"EventKind"'),
    column('subjectId', 'text'),
    column('userId', 'text'),
    ['data', 'jsonb', ({ data }) => data && JSON.stringify(data)],
    column('at', 'timestamptz'),
  ],
};

const RECORDING: Columns<Recording> = {
  name: 'add-recordings',
  into: 'Recording',
  columns: [
    column('id', 'text'),
    column('examId', 'text'),
    column('participantId', 'text'),
    column('userId', 'text'),
    column('submissionId', 'text'),
    column('type', '"RecordingType"'),
    column('duration', 'float8'),
    column('note', 'text'),
    column('size', 'bigint'),
    column('format', 'text'),
    column('sha256', 'text'),
    column('storageKey', 'text'),
    column('uploadId', 'text'),
    column('stage', '"RecordingStage"'),
    column('live', 'bool'),
    column('createdAt', 'timestamptz'),
  ],
};

async function insert<Row>(transaction: Transaction, { name, into, columns }: Columns<Row>, rows: readonly Row[]): Promise<void> {
  const names = columns.map(([column]) => `"${column}"`).join(', ');
  const lists = columns.map(([, type], i) => `$${i + 1}::${type === 'jsonb' ? 'text' : type}[]`).join(', ');
  const values = columns.map(([column, type]) => (type === 'jsonb' ? `"${column}"::jsonb` : `"${column}"`)).join(', ');
  const text = `INSERT INTO "${into}" (${names}) SELECT ${values} FROM unnest(${lists}) AS row(${names})`;
  for (let start = 0; start < rows.length; start += ROWS) {
    const part = rows.slice(start, start + ROWS);
    await transaction.query({ name, text, values: columns.map(([, , value]) => part.map(value)) });
  }
}

/** Stores what the writes decided: one statement per table. */
export async function store(transaction: Transaction, state: ExamState, staged: Staged): Promise<void> {
  await storeParticipants(transaction, state);
  await storeSubmissions(transaction, state.submissions, staged);
  await insert(transaction, RECORDING, state.newRecordings);
  await endRecordings(transaction, state.ending);
  await insert(transaction, WARNING, state.warnings);
  await insert(transaction, TIME_CREDIT, state.timeCredits);
  await insert(transaction, EVENT, state.events);
  if (state.events.length === 0) return;
  const { id, lastSeq, status, startedAt, endedAt } = state.exam;
  await transaction.query({
    name: 'raise-exam',
    text: `UPDATE "Exam" SET "lastSeq" = $2, status = $3, "startedAt" = $4, "endedAt" = $5 WHERE id = $1`,
    values: [id, lastSeq, status, startedAt, endedAt],
  });
}

async function storeParticipants(
  transaction: Transaction,
  { addedParticipants: added, changedParticipants: changed }: ExamState,
): Promise<void> {
  if (added.length > 0)
    await transaction.query({
      name: 'add-participants',
      text: `INSERT INTO "Participant" (id, "examId", "userId", name, status, "joinedAt", "lastSeenAt", "extraMinutes", "warningCount", "createdAt", "startedAt", "endsAt", "remainingMs", "group", "creditMinutes")
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::"ParticipantStatus"[], $6::timestamptz[], $7::timestamptz[],
          $8::int[], $9::int[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::int[], $14::text[], $15::int[])`,
      values: [
        added.map(({ id }) => id),
        added.map(({ examId }) => examId),
        added.map(({ userId }) => userId),
        added.map(({ name }) => name),
        added.map(({ status }) => status),
        added.map(({ joinedAt }) => joinedAt),
        added.map(({ lastSeenAt }) => lastSeenAt),
        added.map(({ extraMinutes }) => extraMinutes),
        added.map(({ warningCount }) => warningCount),
        added.map(({ createdAt }) => createdAt),
        added.map(({ startedAt }) => startedAt),
        added.map(({ endsAt }) => endsAt),
        added.map(({ remainingMs }) => remainingMs),
        added.map(({ group }) => group),
        added.map(({ creditMinutes }) => creditMinutes),
      ],
    });
  if (changed.length > 0)
    await transaction.query({
      name: 'change-participants',
      // A sign of life is written without the exam's lock: the later one counts.
      text: `UPDATE "Participant" p SET name = row.name, status = row.status, "joinedAt" = row."joinedAt",
          "lastSeenAt" = greatest(p."lastSeenAt", row."lastSeenAt"), "extraMinutes" = row."extraMinutes", "warningCount" = row."warningCount",
          "startedAt" = row."startedAt", "endsAt" = row."endsAt", "remainingMs" = row."remainingMs", "group" = row."group",
          "creditMinutes" = row."creditMinutes"
        FROM unnest($1::text[], $2::text[], $3::"ParticipantStatus"[], $4::timestamptz[], $5::timestamptz[], $6::int[], $7::int[],
          $8::timestamptz[], $9::timestamptz[], $10::int[], $11::text[], $12::int[])
          AS row(id, name, status, "joinedAt", "lastSeenAt", "extraMinutes", "warningCount", "startedAt", "endsAt", "remainingMs", "group",
            "creditMinutes")
        WHERE p.id = row.id`,
      values: [
        changed.map(({ id }) => id),
        changed.map(({ name }) => name),
        changed.map(({ status }) => status),
        changed.map(({ joinedAt }) => joinedAt),
        changed.map(({ lastSeenAt }) => lastSeenAt),
        changed.map(({ extraMinutes }) => extraMinutes),
        changed.map(({ warningCount }) => warningCount),
        changed.map(({ startedAt }) => startedAt),
        changed.map(({ endsAt }) => endsAt),
        changed.map(({ remainingMs }) => remainingMs),
        changed.map(({ group }) => group),
        changed.map(({ creditMinutes }) => creditMinutes),
      ],
    });
}

async function storeSubmissions(transaction: Transaction, rows: readonly NewSubmissionRow[], staged: Staged): Promise<void> {
  if (rows.length === 0) return;
  const join = staged.size > 0 ? `LEFT JOIN ${STAGED} staged ON staged.key = row.staged` : '';
  const stats = staged.size > 0 ? 'coalesce(staged.stats, row.stats::jsonb)' : 'row.stats::jsonb';
  await transaction.query(
    `INSERT INTO "Submission" (id, "examId", "participantId", "userId", stats, "warningsReceived", "warningsStored", "idempotencyKey", "submittedAt")
      SELECT row.id, row."examId", row."participantId", row."userId", ${stats}, row.received, row.stored, row.key, row.at
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[], $9::timestamptz[], $10::int[])
          AS row(id, "examId", "participantId", "userId", stats, received, stored, key, at, staged) ${join}`,
    [
      rows.map(({ id }) => id),
      rows.map(({ examId }) => examId),
      rows.map(({ participantId }) => participantId),
      rows.map(({ userId }) => userId),
      rows.map(({ stats }) => (staged.has(stats) ? null : stats.text)),
      rows.map(({ warningsReceived }) => warningsReceived),
      rows.map(({ warningsStored }) => warningsStored),
      rows.map(({ idempotencyKey }) => idempotencyKey),
      rows.map(({ submittedAt }) => submittedAt),
      rows.map(({ stats }) => staged.get(stats)),
    ],
  );
}

/** Chunks may arrive meanwhile, so only these columns change. */
async function endRecordings(transaction: Transaction, ending: ExamState['ending']): Promise<void> {
  if (ending.length === 0) return;
  await transaction.query({
    name: 'end-recordings',
    text: `UPDATE "Recording" r SET "submissionId" = coalesce(r."submissionId", row."submissionId"),
        "finishDueAt" = CASE WHEN r.live THEN least(r."finishDueAt", row.due) ELSE r."finishDueAt" END
      FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS row(id, "submissionId", due) WHERE r.id = row.id`,
    values: [
      ending.map(({ recording }) => recording.id),
      ending.map(({ submissionId }) => submissionId),
      ending.map(({ finishDueAt }) => finishDueAt),
    ],
  });
}
