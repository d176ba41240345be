import { LRUCache } from 'lru-cache';
import type { Pool } from '../adapters/database-transaction.ts';
import type { Analysis, Exam, Participant, Recording, Warning } from '../generated/prisma/client.ts';

/** What somebody may see, as plain values: null is everything, an empty list nothing. */
export interface Sight {
  tenant: string | null;
  exams: readonly string[] | null;
  /** Whose participants, warnings and recordings. */
  users: readonly string[] | null;
}

export type ExamRow = Omit<Exam, 'lastSeq'>;
export type ParticipantLine = Pick<Participant, 'userId' | 'name' | 'status' | 'joinedAt'>;
export type WarningLine = Pick<Warning, 'id' | 'type' | 'userId' | 'details' | 'severity' | 'source' | 'timestamp'>;

export interface WholeExam {
  exam: ExamRow;
  /** In the order in which they came. */
  participants: ParticipantLine[];
  /** The newest, oldest first. */
  warnings: WarningLine[];
  warningsTruncated: boolean;
}

export type RecordingWithAnalysis = Recording & { analysis: Omit<Analysis, 'createdAt'> | null };

const NEWEST_WARNINGS = 1_000;
const MOST_PARTICIPANTS = 10_000;
const KNOWN_TENANTS = 10_000;
const KNOWN_TENANT_MS = 60_000;

/** The exam `e` within sight, of the parameters $2 and $3; as `visibleExams`. */
const EXAM_IN_SIGHT = '($2::text IS NULL OR e.tenant = $2) AND ($3::text[] IS NULL OR e.id = ANY($3))';
/**
 * What is a user's within sight, of the parameter $4; as `visibleOfUser`. No condition that is switched off by a
 * parameter: the generic plan of a prepared statement could not use the index by user.
 */
const ofUser = ({ users }: Sight, alias: string) => (users ? `${alias}."userId" = ANY($4)` : 'true');

const statement = (name: string, text: string, id: string, { tenant, exams, users }: Sight) =>
  users ? { name: `${name}-of-user`, text, values: [id, tenant, exams, users] } : { name, text, values: [id, tenant, exams] };

/**
 * The reads that consoles and LMSs repeat, each one prepared statement. Written by hand because Prisma takes a statement
 * for each relation and ten times the CPU of the statement itself; a test holds them to the same rows as its filters.
 */
export function createHotReads({ pool }: { pool: Pool }) {
  const tenants = new LRUCache<string, string>({ max: KNOWN_TENANTS, ttl: KNOWN_TENANT_MS });

  async function tenantOf(examId: string): Promise<string | null> {
    const { rows } = await pool.query<{ tenant: string }>({
      name: 'exam-tenant',
      text: 'SELECT tenant FROM "Exam" WHERE id = $1',
      values: [examId],
    });
    const tenant = rows[0]?.tenant;
    if (tenant === undefined) return null;
    tenants.set(examId, tenant);
    return tenant;
  }

  const isInSight = (sight: Sight, examId: string, tenant: string | null) =>
    tenant !== null && (sight.tenant === null || sight.tenant === tenant) && (sight.exams === null || sight.exams.includes(examId));

  return {
    /** Whether the exam is there and within sight. */
    seesExam: async (examId: string, sight: Sight): Promise<boolean> => isInSight(sight, examId, await tenantOf(examId)),

    /**
     * As `seesExam`, from memory where it can be: an exam never changes its tenant. For writes, which find out by
     * themselves whether the exam is still there.
     */
    sawExam: async (examId: string, sight: Sight): Promise<boolean> =>
      isInSight(sight, examId, tenants.get(examId) ?? (await tenantOf(examId))),

    /** The exam with its participants and newest warnings, as they are at one moment; null out of sight. */
    async readExam(examId: string, sight: Sight): Promise<WholeExam | null> {
      const text = `SELECT e.id, e.tenant, e.title, e.duration, e.settings, e.extra, e.status, e."createdAt", e."startedAt", e."endedAt",
        (SELECT coalesce(json_agg(p ORDER BY p."createdAt", p.id), '[]') FROM (
          SELECT p.id, p."userId", p.name, p.status, p."joinedAt", p."createdAt" FROM "Participant" p
          WHERE p."examId" = e.id AND ${ofUser(sight, 'p')} ORDER BY p."createdAt", p.id LIMIT ${MOST_PARTICIPANTS}) p) AS participants,
        (SELECT coalesce(json_agg(w ORDER BY w.seq), '[]') FROM (
          SELECT w.id, w.seq, w.type, w."userId", w.details, w.severity, w.source, w.timestamp FROM "Warning" w
          WHERE w."examId" = e.id AND ${ofUser(sight, 'w')} ORDER BY w.seq DESC LIMIT ${NEWEST_WARNINGS + 1}) w) AS warnings
        FROM "Exam" e WHERE e.id = $1 AND ${EXAM_IN_SIGHT}`;
      const { rows } = await pool.query<ExamRow & { participants: InJson<ParticipantLine>[]; warnings: InJson<WarningLine>[] }>(
        statement('whole-exam', text, examId, sight),
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
          Object.assign(row, { timestamp: new Date(row.timestamp) }),
        ),
        warningsTruncated,
      };
    },

    /** The recording with its analysis; null out of sight. */
    async readRecording(recordingId: string, sight: Sight): Promise<RecordingWithAnalysis | null> {
      const text = `SELECT r.*, (SELECT row_to_json(a) FROM "Analysis" a WHERE a."recordingId" = r.id) AS analysis
        FROM "Recording" r JOIN "Exam" e ON e.id = r."examId"
        WHERE r.id = $1 AND ${EXAM_IN_SIGHT} AND ${ofUser(sight, 'r')}`;
      const { rows } = await pool.query<Omit<RecordingWithAnalysis, 'size'> & { size: string }>(
        statement('recording', text, recordingId, sight),
      );
      return rows[0] ? { ...rows[0], size: BigInt(rows[0].size) } : null;
    },
  };
}

export type HotReads = ReturnType<typeof createHotReads>;

/** As PostgreSQL's JSON has it: moments are text. */
type InJson<T> = { [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K] };
