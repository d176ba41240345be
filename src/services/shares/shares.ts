import type { Pool } from '../../adapters/database/database-transaction.ts';
import type { Database } from '../../adapters/database/database.ts';
import { batched } from '../../async/batched.ts';
import { AppError, notFound } from '../../errors.ts';
import { groupBy } from '../../group-by.ts';
import type { Draft, EventLog } from '../event-log/event-log.ts';
import { SHARE } from './share-event.ts';

/** Participants with the same `group`, and who watches them. */
export interface ExamGroup {
  name: string;
  participants: number;
  /** The name of a proctor; null while nobody has taken it. */
  takenBy: string | null;
}

const MOST_EXAMS = 100;

/** Also groups that nobody is in any more, as long as somebody has taken them. */
const GROUPS = `
SELECT asked.id AS "examId", g.name, g.participants, g."takenBy" FROM unnest($1::text[]) AS asked(id)
 CROSS JOIN LATERAL (
   SELECT coalesce(p."group", s."group") AS name, coalesce(p.participants, 0) AS participants, s."takenBy"
     FROM (SELECT "group", count(*)::int AS participants FROM "Participant" WHERE "examId" = asked.id AND "group" IS NOT NULL GROUP BY 1) p
     FULL JOIN (SELECT "group", "takenBy" FROM "GroupShare" WHERE "examId" = asked.id) s ON s."group" = p."group"
    ORDER BY coalesce(p."group", s."group") COLLATE "und-x-icu" LIMIT 1000) g`;

interface Dependencies {
  db: Database['prisma'];
  pool: Pool;
  eventLog: EventLog;
}

/** Who watches which group: staff divide an exam among themselves, by name. It changes nobody's rights. */
export function createShares({ db, pool, eventLog }: Dependencies) {
  const read = batched<string, ExamGroup[]>(async (examIds) => {
    const { rows } = await pool.query<ExamGroup & { examId: string }>({
      name: 'exam-groups',
      text: GROUPS,
      values: [[...new Set(examIds)]],
    });
    const found = groupBy(rows, ({ examId }) => examId);
    return examIds.map((id) => found.get(id) ?? []);
  }, MOST_EXAMS);

  /** @param next says who has the group from now on, by who has it now; null for nobody */
  const change = (examId: string, group: string, by: string, next: (takenBy: string | null) => string | null) =>
    eventLog.append(examId, async (draft): Promise<ExamGroup> => {
      const { tx, now } = draft;
      const key = { examId_group: { examId, group } };
      const [participants, share] = [
        await tx.participant.count({ where: { examId, group } }),
        await tx.groupShare.findUnique({ where: key }),
      ];
      if (participants === 0 && !share) throw notFound('Group');
      const from = share?.takenBy ?? null;
      const to = next(from);
      if (to === from) return { name: group, participants, takenBy: to };
      if (to === null) await tx.groupShare.delete({ where: key });
      else {
        const taken = { takenBy: to, takenAt: now };
        await tx.groupShare.upsert({ where: key, create: { examId, group, ...taken }, update: taken });
      }
      tell(draft, { from, to, by, group });
      return { name: group, participants, takenBy: to };
    });

  const tell = (draft: Draft, { from, to, by, group }: { from: string | null; to: string | null; by: string; group: string }) =>
    draft.emit('EXAM_CHANGED', draft.exam.id, { data: { what: SHARE, from, to, by, reason: group } });

  return {
    /** By name, at most 1,000. */
    groupsOf: (examId: string): Promise<ExamGroup[]> => read(examId),

    /** @throws AppError `conflict` for one that another proctor has */
    take: (examId: string, group: string, by: string) =>
      change(examId, group, by, (takenBy) => {
        if (takenBy !== null && takenBy !== by) throw new AppError('conflict', `${takenBy} watches this group: release it first`);
        return by;
      }),

    /** Whoever has it: somebody may have gone home. */
    release: (examId: string, group: string, by: string) => change(examId, group, by, () => null),

    /** @throws AppError `conflict` for one that another proctor has */
    handOver: (examId: string, group: string, { by, to }: { by: string; to: string }) =>
      change(examId, group, by, (takenBy) => {
        if (takenBy !== null && takenBy !== by && takenBy !== to)
          throw new AppError('conflict', `${takenBy} watches this group: release it first`);
        return to;
      }),

    /** Whether staff of that name exist: a key of the organisation, or a personal link of the exam. Names that bearers of the shared link gave themselves are stored nowhere. */
    async isStaffName(examId: string, name: string): Promise<boolean> {
      const { tenant } = await db.exam.findUniqueOrThrow({ where: { id: examId }, select: { tenant: true } });
      const valid = { name, revokedAt: null };
      const [keys, links] = await Promise.all([
        db.apiKey.count({ where: { ...valid, OR: [{ tenant }, { role: 'ADMIN' }] } }),
        db.proctorLink.count({ where: { ...valid, examId } }),
      ]);
      return keys + links > 0;
    },
  };
}

export type Shares = ReturnType<typeof createShares>;
