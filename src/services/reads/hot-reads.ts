import { LRUCache } from 'lru-cache';
import { columns } from '../../adapters/database/columns.ts';
import type { Pool } from '../../adapters/database/database-transaction.ts';
import { notFound } from '../../errors.ts';
import { type Analysis, type Exam, type Participant, Prisma, type Recording, type Warning } from '../../generated/prisma/client.ts';
import { RawJson } from '../../raw-json.ts';
import { EXAM_IN_SIGHT, inSight, ofUser, seesExam, type Sight, warningInSight } from '../access/sight.ts';
import { type ExamWithPages, type Pages, readExamPages } from './exam-pages.ts';
import { countParticipants, type ParticipantFilter, type ParticipantPageOf, readParticipantPage } from './participant-pages.ts';

export type ExamRow = Omit<Exam, 'lastSeq'>;
export type ParticipantLine = Pick<Participant, 'userId' | 'name' | 'status' | 'joinedAt'>;
export type WarningLine = Pick<
  Warning,
  'id' | 'type' | 'userId' | 'details' | 'severity' | 'source' | 'timestamp' | 'recordedAt' | 'endedAt'
>;

export interface WholeExam {
  exam: ExamRow;
  /** In the order in which they were added. */
  participants: ParticipantLine[];
  /** The newest ones, oldest first. */
  warnings: WarningLine[];
  warningsTruncated: boolean;
}

export type RecordingWithAnalysis = Recording & { analysis: Omit<Analysis, 'createdAt'> | null };

const RECORDING = columns('r', Prisma.RecordingScalarFieldEnum);
const NEWEST_WARNINGS = 1_000;
const MOST_PARTICIPANTS = 10_000;
const KNOWN_EXAMS = 10_000;
const KNOWN_EXAM_MS = 60_000;

/** What never changes of an exam. */
export type KnownExam = Pick<Exam, 'id' | 'tenant' | 'createdAt'>;

/**
 * The reads that consoles and LMSs repeat, each one prepared statement. Hand-written because Prisma takes a statement per
 * relation and ten times the CPU of the statement itself; a test checks that they return the same rows as its filters.
 */
export function createHotReads({ pool }: { pool: Pool }) {
  const known = new LRUCache<string, KnownExam>({ max: KNOWN_EXAMS, ttl: KNOWN_EXAM_MS });

  /** Questions under way: when a class joins, a thousand requests ask for the same exam at once. */
  const asked = new Map<string, Promise<KnownExam | null>>();

  async function findKnown(examId: string): Promise<KnownExam | null> {
    const { rows } = await pool.query<KnownExam>({
      name: 'known-exam',
      text: 'SELECT id, tenant, "createdAt" FROM "Exam" WHERE id = $1',
      values: [examId],
    });
    const [exam] = rows;
    if (exam) known.set(examId, exam);
    return exam ?? null;
  }

  function askTogether(examId: string): Promise<KnownExam | null> {
    const running = asked.get(examId);
    if (running) return running;
    const answer = findKnown(examId).finally(() => asked.delete(examId));
    asked.set(examId, answer);
    return answer;
  }

  const readKnown = async (examId: string) => known.get(examId) ?? askTogether(examId);
  const isInSight = (sight: Sight, exam: KnownExam | null) => exam !== null && seesExam(sight, exam);

  return {
    /** Whether the exam exists and is within sight. */
    seesExam: async (examId: string, sight: Sight): Promise<boolean> => isInSight(sight, await findKnown(examId)),

    /** What never changes of an exam, from memory if possible; null if there is none. */
    readKnown,

    /**
     * Like `seesExam`, from memory if possible: an exam never changes its tenant. For writes, which find out by themselves
     * whether the exam still exists.
     */
    sawExam: async (examId: string, sight: Sight): Promise<boolean> => isInSight(sight, await readKnown(examId)),

    /** The statistics of a submission, as text: neither pg nor Prisma parses them. */
    async readStats(submissionId: string): Promise<RawJson> {
      const { rows } = await pool.query<{ stats: string }>({
        name: 'stats',
        text: 'SELECT stats::text AS stats FROM "Submission" WHERE id = $1',
        values: [submissionId],
      });
      if (!rows[0]) throw notFound('Submission');
      return new RawJson(rows[0].stats);
    },

    /** The exam with its participants and newest warnings, all as of one moment; null if out of sight. */
    async readExam(examId: string, sight: Sight): Promise<WholeExam | null> {
      const text = `SELECT e.id, e.tenant, e.title, e.duration, e.settings, e.extra, e.status, e."createdAt", e."startedAt", e."endedAt", e."opensAt", e."closesAt", e."contentUrl", e."contentMode", e."isSample",
        (SELECT coalesce(json_agg(p ORDER BY p."createdAt", p.id), '[]') FROM (
          SELECT p.id, p."userId", p.name, p.status, p."joinedAt", p."createdAt" FROM "Participant" p
          WHERE p."examId" = e.id AND ${ofUser(sight, 'p')} ORDER BY p."createdAt", p.id LIMIT ${MOST_PARTICIPANTS}) p) AS participants,
        (SELECT coalesce(json_agg(w ORDER BY w.seq), '[]') FROM (
          SELECT w.id, w.seq, w.type, w."userId", w.details, w.severity, w.source, w.timestamp, w."recordedAt", w."endedAt" FROM "Warning" w
          WHERE w."examId" = e.id AND ${warningInSight(sight, 'w')} ORDER BY w.seq DESC LIMIT ${NEWEST_WARNINGS + 1}) w) AS warnings
        FROM "Exam" e WHERE e.id = $1 AND ${EXAM_IN_SIGHT}`;
      const { rows } = await pool.query<ExamRow & { participants: InJson<ParticipantLine>[]; warnings: InJson<WarningLine>[] }>(
        inSight('whole-exam', text, examId, sight),
      );
      if (!rows[0]) return null;
      const { participants, warnings, ...exam } = rows[0];
      const warningsTruncated = warnings.length > NEWEST_WARNINGS;
      return {
        exam,
        participants: participants.map(({ userId, name, status, joinedAt }) => ({
          userId,
          name,
          status,
          joinedAt: joinedAt === null ? null : new Date(joinedAt),
        })),
        warnings: (warningsTruncated ? warnings.slice(1) : warnings).map((row) =>
          Object.assign(row, {
            timestamp: new Date(row.timestamp),
            recordedAt: new Date(row.recordedAt),
            endedAt: row.endedAt === null ? null : new Date(row.endedAt),
          }),
        ),
        warningsTruncated,
      };
    },

    /** The exam with the first rows of its relations; null if out of sight. */
    readExamPages: (examId: string, sight: Sight, pages: Pages): Promise<ExamWithPages | null> => readExamPages(pool, examId, sight, pages),

    /** A page of the participants within sight, in any order and by any filter. */
    readParticipants: (examId: string, sight: Sight, asked: ParticipantPageOf) => readParticipantPage(pool, examId, sight, asked),

    countParticipants: (examId: string, sight: Sight, filter: ParticipantFilter) => countParticipants(pool, examId, sight, filter),

    /** The recording with its analysis; null if out of sight. */
    async readRecording(recordingId: string, sight: Sight): Promise<RecordingWithAnalysis | null> {
      const text = `SELECT ${RECORDING}, (SELECT row_to_json(a) FROM "Analysis" a WHERE a."recordingId" = r.id) AS analysis
        FROM "Recording" r JOIN "Exam" e ON e.id = r."examId"
        WHERE r.id = $1 AND ${EXAM_IN_SIGHT} AND ${ofUser(sight, 'r')}`;
      const { rows } = await pool.query<Omit<RecordingWithAnalysis, 'size'> & { size: string }>(
        inSight('recording', text, recordingId, sight),
      );
      return rows[0] ? { ...rows[0], size: BigInt(rows[0].size) } : null;
    },
  };
}

export type HotReads = ReturnType<typeof createHotReads>;

/** As in PostgreSQL's JSON, where timestamps are text. */
type InJson<T> = { [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K] };
