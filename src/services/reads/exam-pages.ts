import { columns } from '../../adapters/database/columns.ts';
import type { Pool } from '../../adapters/database/database-transaction.ts';
import { type Exam, type Participant, Prisma, type Warning } from '../../generated/prisma/client.ts';
import { EXAM_IN_SIGHT, inSight, ofUser, type Sight, warningInSight } from '../access/sight.ts';

/** How many of the first rows of a relation, or, negative, of its last; null for none. */
type Rows = number | null;

export interface Pages {
  participants: Rows;
  warnings: Rows;
  /** The relations whose rows are counted. */
  counted: readonly ('participants' | 'warnings')[];
}

export type ExamWithPages = Exam & {
  participants?: Participant[];
  warnings?: Warning[];
  _count?: Partial<Record<Pages['counted'][number], number>>;
};

const EXAM = columns('e', Prisma.ExamScalarFieldEnum);

const RELATIONS = {
  participants: { table: 'Participant', alias: 'p', order: ['p."createdAt"', 'p.id'] },
  warnings: { table: 'Warning', alias: 'w', order: ['w.seq'] },
} as const;
type Relation = keyof typeof RELATIONS;

const rowsOf = (relation: Relation, sight: Sight) => {
  const { table, alias } = RELATIONS[relation];
  const condition = relation === 'warnings' ? warningInSight(sight, alias) : ofUser(sight, alias);
  return `FROM "${table}" ${alias} WHERE ${alias}."examId" = e.id AND ${condition}`;
};

/** Rows in ascending order, whichever end they are taken from. */
function pageOf(relation: Relation, sight: Sight, { isLast, limit }: { isLast: boolean; limit: string }): string {
  const { alias, order } = RELATIONS[relation];
  const taken = order.map((column) => (isLast ? `${column} DESC` : column)).join(', ');
  return `(SELECT coalesce(json_agg(${alias} ORDER BY ${order.join(', ')}), '[]') FROM (
    SELECT * ${rowsOf(relation, sight)} ORDER BY ${taken} LIMIT ${limit}) ${alias}) AS ${relation}`;
}

/**
 * The exam with its first or last participants and warnings, each row whole, and their numbers: what the GraphQL query that opens a
 * console requests, at a third of the CPU that Prisma takes for it, and by the index whether or not the database has statistics.
 * Null if out of sight.
 */
export async function readExamPages(pool: Pool, examId: string, sight: Sight, pages: Pages): Promise<ExamWithPages | null> {
  const selected = [EXAM];
  const limits: number[] = [];
  // PostgreSQL cuts names of more than 63 characters.
  let name = 'exam-pages';
  for (const relation of ['participants', 'warnings'] as const) {
    const rows = pages[relation];
    if (rows === null) continue;
    limits.push(Math.abs(rows));
    selected.push(pageOf(relation, sight, { isLast: rows < 0, limit: `$${4 + limits.length}` }));
    name += `-${rows < 0 ? 'last' : 'first'}-${RELATIONS[relation].alias}`;
  }
  if (pages.counted.length > 0) {
    const counts = pages.counted.map((relation) => `'${relation}', (SELECT count(*) ${rowsOf(relation, sight)})`);
    selected.push(`json_build_object(${counts.join(', ')}) AS _count`);
    name += `-count-${pages.counted.map((relation) => RELATIONS[relation].alias).join('-')}`;
  }
  const text = `SELECT ${selected.join(', ')} FROM "Exam" e WHERE e.id = $1 AND ${EXAM_IN_SIGHT}`;
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
