import { columns } from '../../adapters/database/columns.ts';
import type { Transaction } from '../../adapters/database/database-transaction.ts';
import { notFound } from '../../errors.ts';
import {
  type Contest,
  type Exam,
  type Participant,
  Prisma,
  type Recording,
  type Verdict,
  type Warning,
} from '../../generated/prisma/client.ts';
import type { ExamWrite, Found } from './exam-state.ts';
import type { SubmissionRow } from './handed-in.ts';

const { stats: _stats, ...SUBMISSION } = Prisma.SubmissionScalarFieldEnum;

const LOCK = `SELECT ${columns('e', Prisma.ExamScalarFieldEnum)}, date_trunc('milliseconds', now()) AS now
  FROM "Exam" e WHERE id = $1 FOR NO KEY UPDATE`;
const PARTICIPANTS = `SELECT ${columns('p', Prisma.ParticipantScalarFieldEnum)} FROM "Participant" p WHERE "examId" = $1 AND "userId" = ANY($2)`;
const SUBMISSIONS = `SELECT ${columns('s', SUBMISSION)} FROM "Submission" s WHERE "participantId" = ANY($1) ORDER BY "submittedAt", id`;
const RECORDINGS = `SELECT ${columns('r', Prisma.RecordingScalarFieldEnum)} FROM "Recording" r
  WHERE "participantId" = ANY($1) AND (live OR "lastChunkAt" IS NOT NULL OR "submissionId" IS NOT NULL) ORDER BY "createdAt", id`;
const STORED = `SELECT "participantId" AS id, count(*)::int AS recordings, sum(size + "lateBytes"::bigint)::text AS bytes FROM "Recording"
  WHERE "participantId" = ANY($1) GROUP BY 1`;
const SUPPRESSED = `SELECT "participantId" AS id, array_agg(type) AS types FROM "Accommodation" WHERE "participantId" = ANY($1) GROUP BY 1`;
const VERDICTS = `SELECT ${columns('v', Prisma.VerdictScalarFieldEnum)} FROM "Verdict" v WHERE "participantId" = ANY($1) ORDER BY seq`;
const CONTESTS = `SELECT ${columns('c', Prisma.ContestScalarFieldEnum)} FROM "Contest" c WHERE "participantId" = ANY($1)`;
const REVIEWED = `SELECT ${columns('w', Prisma.WarningScalarFieldEnum)} FROM "Warning" w WHERE id = ANY($2) AND "examId" = $1`;
const WARNINGS = `SELECT ${columns('w', Prisma.WarningScalarFieldEnum)} FROM unnest($2::text[], $3::text[]) AS asked("userId", "clientEventId")
    JOIN "Warning" w ON w."examId" = $1 AND w."userId" = asked."userId" AND w."clientEventId" = asked."clientEventId"
  UNION ALL
  SELECT ${columns('w', Prisma.WarningScalarFieldEnum)} FROM unnest($4::text[], $5::text[], $6::timestamptz[]) AS asked("userId", type, timestamp)
    JOIN "Warning" w ON w."examId" = $1 AND w."userId" = asked."userId" AND w.type = asked.type AND w.timestamp = asked.timestamp`;

type Stored<Row, BigInts extends keyof Row> = Omit<Row, BigInts> & Record<BigInts, string>;

/** pg gives a bigint as text. */
const withBigInt = <Row, Key extends keyof Row>(row: Stored<Row, Key>, key: Key): Row => ({ ...row, [key]: BigInt(row[key]) }) as Row;

/**
 * Locks the exam, then reads what the writes must know: one statement per table, however many writes.
 * @throws AppError `not_found`
 */
export async function find(transaction: Transaction, examId: string, writes: readonly ExamWrite<unknown>[]): Promise<Found> {
  const locked = await transaction.query<Stored<Exam, 'lastSeq'> & { now: Date }>({ name: 'lock-exam', text: LOCK, values: [examId] });
  if (!locked.rows[0]) throw notFound('Exam');
  const { now, ...exam } = locked.rows[0];
  const userIds = [...new Set(writes.flatMap(({ userId, others }) => [userId, ...(others ?? [])]))];
  const { rows: participants } = await transaction.query<Participant>({
    name: 'exam-participants',
    text: PARTICIPANTS,
    values: [examId, userIds],
  });
  return {
    exam: withBigInt<Exam, 'lastSeq'>(exam, 'lastSeq'),
    now,
    participants,
    warnings: await findRepeated(transaction, examId, writes, participants),
    suppressed: await findSuppressed(transaction, writes, participants),
    ...(await findSubmitted(transaction, writes, participants)),
    stored: await countStored(transaction, writes, participants),
    ...(await findJudged(transaction, writes, participants)),
    reviewed: await findReviewed(transaction, examId, writes),
  };
}

async function countStored(
  transaction: Transaction,
  writes: readonly ExamWrite<unknown>[],
  participants: readonly Participant[],
): Promise<Found['stored']> {
  const counting = new Set(writes.flatMap(({ userId, counts }) => (counts ? [userId] : [])));
  const ids = participants.flatMap(({ id, userId }) => (counting.has(userId) ? [id] : []));
  if (ids.length === 0) return new Map();
  const { rows } = await transaction.query<{ id: string; recordings: number; bytes: string }>({
    name: 'exam-stored',
    text: STORED,
    values: [ids],
  });
  return new Map(rows.map(({ id, recordings, bytes }) => [id, { recordings, bytes: BigInt(bytes) }]));
}

async function findSuppressed(
  transaction: Transaction,
  writes: readonly ExamWrite<unknown>[],
  participants: readonly Participant[],
): Promise<Found['suppressed']> {
  const reporting = new Set(writes.flatMap(({ userId, repeats }) => (repeats?.warnings.length ? [userId] : [])));
  const ids = participants.flatMap(({ id, userId }) => (reporting.has(userId) ? [id] : []));
  if (ids.length === 0) return new Map();
  const { rows } = await transaction.query<{ id: string; types: string[] }>({ name: 'exam-suppressed', text: SUPPRESSED, values: [ids] });
  return new Map(rows.map(({ id, types }) => [id, new Set(types)]));
}

async function findJudged(transaction: Transaction, writes: readonly ExamWrite<unknown>[], participants: readonly Participant[]) {
  const judged = new Set(writes.flatMap(({ others, judges }) => (judges ? (others ?? []) : [])));
  const ids = participants.flatMap(({ id, userId }) => (judged.has(userId) ? [id] : []));
  if (ids.length === 0) return { verdicts: [], contests: [] };
  const verdicts = await transaction.query<Stored<Verdict, 'seq'>>({ name: 'exam-verdicts', text: VERDICTS, values: [ids] });
  const contests = await transaction.query<Contest>({ name: 'exam-contests', text: CONTESTS, values: [ids] });
  return { verdicts: verdicts.rows.map((row) => withBigInt<Verdict, 'seq'>(row, 'seq')), contests: contests.rows };
}

async function findReviewed(transaction: Transaction, examId: string, writes: readonly ExamWrite<unknown>[]): Promise<Warning[]> {
  const ids = [...new Set(writes.flatMap(({ reviews }) => reviews ?? []))];
  if (ids.length === 0) return [];
  const { rows } = await transaction.query<Stored<Warning, 'seq'>>({ name: 'exam-reviewed', text: REVIEWED, values: [examId, ids] });
  return rows.map((row) => withBigInt<Warning, 'seq'>(row, 'seq'));
}

async function findSubmitted(transaction: Transaction, writes: readonly ExamWrite<unknown>[], participants: readonly Participant[]) {
  const submitting = new Set(writes.flatMap(({ userId, submits }) => (submits ? [userId] : [])));
  const ids = participants.flatMap(({ id, userId }) => (submitting.has(userId) ? [id] : []));
  if (ids.length === 0) return { submissions: [], recordings: [] };
  const submissions = await transaction.query<SubmissionRow>({ name: 'exam-submissions', text: SUBMISSIONS, values: [ids] });
  const recordings = await transaction.query<Stored<Recording, 'size'>>({ name: 'exam-recordings', text: RECORDINGS, values: [ids] });
  return { submissions: submissions.rows, recordings: recordings.rows.map((row) => withBigInt<Recording, 'size'>(row, 'size')) };
}

async function findRepeated(
  transaction: Transaction,
  examId: string,
  writes: readonly ExamWrite<unknown>[],
  participants: readonly Participant[],
): Promise<Warning[]> {
  // Most who submit have reported nothing before.
  const reporters = new Set(participants.flatMap(({ userId, warningCount }) => (warningCount > 0 ? [userId] : [])));
  const asked = writes.flatMap(({ userId, repeats }) => {
    if (!repeats || !reporters.has(userId)) return [];
    return repeats.warnings.map((warning) => ({ userId, ...warning, atMoment: repeats.sameMomentIsSame && warning.timestamp }));
  });
  const byId = asked.filter(({ clientEventId }) => clientEventId);
  const byMoment = asked.filter(({ atMoment }) => atMoment);
  if (byId.length + byMoment.length === 0) return [];
  const { rows } = await transaction.query<Stored<Warning, 'seq'>>({
    name: 'exam-repeated-warnings',
    text: WARNINGS,
    values: [
      examId,
      byId.map(({ userId }) => userId),
      byId.map(({ clientEventId }) => clientEventId),
      byMoment.map(({ userId }) => userId),
      byMoment.map(({ type }) => type),
      byMoment.map(({ timestamp }) => timestamp),
    ],
  });
  return rows.map((row) => withBigInt<Warning, 'seq'>(row, 'seq'));
}
