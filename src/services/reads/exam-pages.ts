import { columns } from '../../adapters/database/columns.ts';
import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Exam, type Participant, Prisma, type Warning } from '../../generated/prisma/client.ts';
import { EXAM_IN_SIGHT, inSight, ofUser, type Sight, warningInSight } from '../access/sight.ts';

/** How many of the first rows of each relation; null for none. */
export interface Pages {
  participants: number | null;
  warnings: number | null;
}

export type ExamWithPages = Exam & { participants?: Participant[]; warnings?: Warning[] };

const EXAM = columns('e', Prisma.ExamScalarFieldEnum);

const page = (table: string, alias: string, order: string, condition: string, limit: string) =>
  `(SELECT coalesce(json_agg(${alias} ORDER BY ${order}), '[]') FROM (
    SELECT * FROM "${table}" ${alias} WHERE ${alias}."examId" = e.id AND ${condition} ORDER BY ${order} LIMIT ${limit}) ${alias})`;

/**
 * The exam with its first participants and warnings, each row whole: what the GraphQL query that opens a console requests, at a
 * third of the CPU that Prisma takes for it. Null if out of sight.
 */
export async function readExamPages(pool: Pool, examId: string, sight: Sight, pages: Pages): Promise<ExamWithPages | null> {
  const selected = [EXAM];
  const limits: number[] = [];
  if (pages.participants !== null) {
    limits.push(pages.participants);
    selected.push(`${page('Participant', 'p', 'p."createdAt", p.id', ofUser(sight, 'p'), `$${4 + limits.length}`)} AS participants`);
  }
  if (pages.warnings !== null) {
    limits.push(pages.warnings);
    selected.push(`${page('Warning', 'w', 'w.seq', warningInSight(sight, 'w'), `$${4 + limits.length}`)} AS warnings`);
  }
  const text = `SELECT ${selected.join(', ')} FROM "Exam" e WHERE e.id = $1 AND ${EXAM_IN_SIGHT}`;
  const name = `exam-pages${pages.participants === null ? '' : '-p'}${pages.warnings === null ? '' : '-w'}`;
  const { rows } = await pool.query<Omit<ExamWithPages, 'lastSeq'> & { lastSeq: string }>(inSight(name, text, examId, sight, ...limits));
  const [exam] = rows;
  if (!exam) return null;
  for (const row of exam.participants ?? []) revive(row, PARTICIPANT_TEXTS);
  for (const row of exam.warnings ?? []) revive(row, WARNING_TEXTS);
  return { ...exam, lastSeq: BigInt(exam.lastSeq) };
}

/** All columns that JSON represents as text or a number: a new one does not compile until it is listed here. */
type Texts<T> = {
  [K in keyof T as NonNullable<T[K]> extends Date | bigint ? K : never]-?: NonNullable<T[K]> extends Date ? typeof Date : typeof BigInt;
};

const PARTICIPANT_TEXTS: Texts<Participant> = {
  joinedAt: Date,
  lastSeenAt: Date,
  createdAt: Date,
  startedAt: Date,
  endsAt: Date,
  offlineSince: Date,
  handRaisedAt: Date,
  coveredUntil: Date,
  readmittedAt: Date,
  noticeAcceptedAt: Date,
};
const WARNING_TEXTS: Texts<Warning> = { seq: BigInt, timestamp: Date, recordedAt: Date, endedAt: Date, reviewAt: Date };

function revive(row: object, texts: Record<string, typeof Date | typeof BigInt>): void {
  const values = row as Record<string, string | Date | bigint | null>;
  for (const name in texts) {
    const value = values[name];
    if (value != null) values[name] = texts[name] === Date ? new Date(value as string) : BigInt(value as string);
  }
}
