import type { Transaction } from '../../adapters/database/database-transaction.ts';
import type { IdentityPhoto, Participant, Warning } from '../../generated/prisma/client.ts';
import type { JsonText } from '../../validation.ts';
import type { ExamState } from './exam-state.ts';
import type { HandedIn, NewSubmissionRow } from './handed-in.ts';
import {
  ANSWER,
  CHANGES,
  column,
  type Columns,
  CONTEST,
  EVENT,
  IDENTITY_PHOTO,
  MESSAGE,
  PARTICIPANT,
  RECORDING,
  REVIEW,
  TIME_CREDIT,
  VERDICT,
  WARNING,
} from './tables.ts';

/**
 * Rows per statement. More would hold up the event loop; and on a machine that is several times too slow, each statement must still
 * be far from the time limit of statements.
 */
const ROWS = 500;

/** Statistics that were stored before the exam was locked: a table, and its keys. */
export const STAGED = '"StagedStats"';
export type Staged = ReadonlyMap<JsonText, number>;

/** The columns as lists that are the parameters of a statement, and as a relation `row`. */
function asRelation<Row>(columns: Columns<Row>['columns']) {
  const names = columns.map(([column]) => `"${column}"`);
  const lists = columns.map(([, type], i) => `$${i + 1}::${type === 'jsonb' ? 'text' : type}[]`);
  return {
    names,
    relation: `unnest(${lists.join(', ')}) AS row(${names.join(', ')})`,
    /** How a column is read from the relation. */
    read: columns.map(([column, type]) => `row."${column}"${type === 'jsonb' ? '::jsonb' : ''}`),
    valuesOf: (rows: readonly Row[]) => columns.map(([, , value]) => rows.map(value)),
  };
}

/** @param onConflict what follows the statement's rows */
async function insert<Row>(
  transaction: Transaction,
  { name, into, columns }: Columns<Row>,
  rows: readonly Row[],
  onConflict = '',
): Promise<void> {
  const { names, relation, read, valuesOf } = asRelation(columns);
  const text = `INSERT INTO "${into}" (${names.join(', ')}) SELECT ${read.join(', ')} FROM ${relation} ${onConflict}`;
  for (let start = 0; start < rows.length; start += ROWS)
    await transaction.query({ name, text, values: valuesOf(rows.slice(start, start + ROWS)) });
}

const ANSWERED = `ON CONFLICT ("participantId") DO UPDATE SET ${ANSWER.map(([name]) => `"${name}" = excluded."${name}"`).join(', ')}`;

/** Stores what the writes decided: one statement per table. */
export async function store(transaction: Transaction, state: ExamState, staged: Staged): Promise<void> {
  await insert(transaction, PARTICIPANT, state.addedParticipants);
  await changeParticipants(transaction, state.changedParticipants);
  await storeSubmissions(transaction, state.handedIn.newSubmissions, staged);
  await insert(transaction, RECORDING, state.handedIn.newRecordings);
  await keepFiles(
    transaction,
    state.handedIn.newRecordings.filter(({ live }) => !live).map(({ storageKey }) => storageKey),
  );
  await endRecordings(transaction, state.handedIn.ending, state.now);
  await insert(transaction, WARNING, state.warnings);
  await insert(transaction, TIME_CREDIT, state.timeCredits);
  await insert(transaction, MESSAGE, state.messages);
  await replacePhotos(transaction, state.identityPhotos);
  await insert(transaction, VERDICT, state.judgements.newVerdicts);
  await insert(transaction, CONTEST, state.judgements.changedContests, ANSWERED);
  await reviewWarnings(transaction, state.judgements.changedWarnings);
  await insert(transaction, EVENT, state.events);
  if (state.events.length === 0) return;
  const { id, lastSeq, status, startedAt, endedAt } = state.exam;
  await transaction.query({
    name: 'raise-exam',
    text: `UPDATE "Exam" SET "lastSeq" = $2, status = $3, "startedAt" = $4, "endedAt" = $5 WHERE id = $1`,
    values: [id, lastSeq, status, startedAt, endedAt],
  });
}

/** Rows name these files now: see src/services/obsolete-files.ts. */
async function keepFiles(transaction: Transaction, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await transaction.query({ name: 'keep-files', text: 'DELETE FROM "ObsoleteFile" WHERE "storageKey" = ANY($1)', values: [keys] });
}

/** A trigger has the files of the old ones removed. */
async function replacePhotos(transaction: Transaction, rows: readonly IdentityPhoto[]): Promise<void> {
  if (rows.length === 0) return;
  const newest = [...new Map(rows.map((row) => [row.participantId, row])).values()];
  const ids = newest.map(({ participantId }) => participantId);
  await transaction.query({ name: 'forget-photos', text: 'DELETE FROM "IdentityPhoto" WHERE "participantId" = ANY($1)', values: [ids] });
  await insert(transaction, IDENTITY_PHOTO, newest);
  const named = newest.map(({ storageKey }) => storageKey);
  await keepFiles(transaction, named);
  // Two of one participant at the same moment.
  const left = rows.map(({ storageKey }) => storageKey).filter((key) => !named.includes(key));
  if (left.length > 0) await transaction.query('UPDATE "ObsoleteFile" SET since = now() WHERE "storageKey" = ANY($1)', [left]);
}

async function changeParticipants(transaction: Transaction, rows: readonly Participant[]): Promise<void> {
  const { relation, read, names, valuesOf } = asRelation([column<Participant>('id', 'text'), ...CHANGES]);
  const changes = names.slice(1).map((name, i) => {
    const value = read[i + 1];
    return `${name} = ${name === '"lastSeenAt"' ? `greatest(p.${name}, ${value})` : value}`;
  });
  const text = `UPDATE "Participant" p SET ${changes.join(', ')} FROM ${relation} WHERE p.id = row.id`;
  for (let start = 0; start < rows.length; start += ROWS)
    await transaction.query({ name: 'change-participants', text, values: valuesOf(rows.slice(start, start + ROWS)) });
}

async function reviewWarnings(transaction: Transaction, rows: readonly Warning[]): Promise<void> {
  const { relation, read, names, valuesOf } = asRelation([column<Warning>('id', 'text'), ...REVIEW]);
  const changes = names.slice(1).map((name, i) => `${name} = ${read[i + 1]}`);
  const text = `UPDATE "Warning" w SET ${changes.join(', ')} FROM ${relation} WHERE w.id = row.id`;
  for (let start = 0; start < rows.length; start += ROWS)
    await transaction.query({ name: 'review-warnings', text, values: valuesOf(rows.slice(start, start + ROWS)) });
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
async function endRecordings(transaction: Transaction, ending: HandedIn['ending'], now: Date): Promise<void> {
  if (ending.length === 0) return;
  await transaction.query({
    name: 'end-recordings',
    text: `UPDATE "Recording" r SET "submissionId" = coalesce(r."submissionId", row."submissionId"), "sittingEndedAt" = coalesce(r."sittingEndedAt", $3)
      FROM unnest($1::text[], $2::text[]) AS row(id, "submissionId") WHERE r.id = row.id`,
    values: [ending.map(({ recording }) => recording.id), ending.map(({ submissionId }) => submissionId), now],
  });
}
