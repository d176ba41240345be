import { LRUCache } from 'lru-cache';
import type { Database } from '../../adapters/database/database.ts';

/** After the end of the exam, a personal link opens what is held against its participant for so long. */
const READABLE_MS = 90 * 24 * 3_600_000;
const REMEMBERED = 10_000;
const REMEMBERED_MS = 60_000;

/** Whether the personal links of an exam still open anything. The answer may be a minute old. */
export function createPersonalLinks(db: Database['prisma']) {
  const ends = new LRUCache<string, { endedAt: Date | null }>({ max: REMEMBERED, ttl: REMEMBERED_MS });
  return {
    async isOpen(examId: string): Promise<boolean> {
      const exam = ends.get(examId) ?? (await db.exam.findUnique({ where: { id: examId }, select: { endedAt: true } }));
      if (!exam) return false;
      ends.set(examId, exam);
      return exam.endedAt === null || exam.endedAt.getTime() + READABLE_MS > Date.now();
    },
  };
}
